//! Turns that are kept for who was not there, and paid on return.
//!
//! What is kept is counted in whole leads, each with the second in which it was missed. Under `quota`,
//! where a missed turn is a part of a lead, the parts wait until they come to a whole one. A kept turn
//! is paid beside the rotation, which goes on behind it as if there had been none: so the promises to
//! everybody else hold for all other turns. Who had the lead before gets none by it, and neither
//! does who is next anyhow; so no kept turn makes two leads in a row.

use serde::{Deserialize, Serialize};

use super::absent::Keeping;
use super::shares::{UNIT, is_zero, shares};
use super::{Candidate, Policy, Turn};
use crate::id::RepId;

/// The turns of one rotation that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Makeup {
    /// By rep id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missed: Vec<Missed>,
    /// Whose the last turn was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<RepId>,
}

/// What one rep missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Missed {
    rep: RepId,
    /// The second in which each lead was missed, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leads: Vec<i64>,
    /// A part of one more, and the second in which the last of it was missed.
    #[serde(default, skip_serializing_if = "is_nothing")]
    part: i64,
    #[serde(default, skip_serializing_if = "is_nothing")]
    at: i64,
}

impl Makeup {
    pub(super) fn is_empty(&self) -> bool {
        self.missed.is_empty() && self.last.is_none()
    }

    /// How many turns are kept for this rep in that second.
    pub(super) fn kept(&self, rep: &RepId, keeping: Keeping, now: i64) -> usize {
        let place = self.missed.binary_search_by(|known| known.rep.cmp(rep));
        place.map_or(0, |place| self.missed[place].leads.iter().filter(|at| keeping.lives(**at, now)).count())
    }

    /// Who among these is paid a kept turn now, where it would be this one's turn: who missed it longest
    /// ago, ties to the lower id.
    pub(super) fn due(
        &self,
        candidates: &[Candidate],
        next: &RepId,
        keeping: Keeping,
        now: i64,
        backed: impl Fn(&RepId) -> bool,
    ) -> Option<&RepId> {
        // What is kept for somebody is not for who stands in for them.
        let may = |rep: &RepId| rep != next && Some(rep) != self.last.as_ref() && !backed(rep);
        let there = |rep: &RepId| candidates.binary_search_by(|candidate| candidate.rep.cmp(rep)).is_ok();
        let oldest = |missed: &Missed| missed.leads.iter().copied().find(|at| keeping.lives(*at, now));
        let waits = self.missed.iter().filter_map(|missed| Some((oldest(missed)?, &missed.rep)));
        waits.filter(|(_, rep)| may(rep) && there(rep)).min().map(|(_, rep)| rep)
    }

    /// Whether a turn pays what is kept for whose it is, without making two in a row.
    pub(super) fn covers(&self, turn: &Turn) -> bool {
        let (seat, besides) = (turn.seat(), &turn.besides);
        let kept = |keeping| self.kept(seat, keeping, besides.second()) > 0;
        self.last.as_ref() != Some(seat) && besides.absence.keeping().is_some_and(kept)
    }

    /// A turn is taken: what it pays is kept no more, and what absent members missed by it is.
    pub(super) fn enter(&mut self, turn: &Turn) {
        let besides = &turn.besides;
        let Some(keeping) = besides.absence.keeping() else {
            return *self = Self::default();
        };
        let now = besides.second();
        for missed in &mut self.missed {
            missed.leads.retain(|at| keeping.lives(*at, now));
            if !keeping.lives(missed.at, now) {
                missed.part = 0;
            }
        }
        self.missed.retain(|missed| !missed.leads.is_empty() || missed.part > 0);
        if besides.made_up {
            self.pay(turn.seat());
        } else if turn.policy == Policy::Quota {
            for (rep, share) in missed_shares(&turn.candidates, &besides.absent) {
                self.miss(rep, share, keeping, now);
            }
        } else {
            besides.missed.iter().for_each(|rep| self.miss(rep, UNIT, keeping, now));
        }
        self.last = Some(turn.seat().clone());
    }

    fn pay(&mut self, rep: &RepId) {
        if let Ok(place) = self.missed.binary_search_by(|known| known.rep.cmp(rep)) {
            let leads = &mut self.missed[place].leads;
            leads.drain(..leads.len().min(1));
        }
    }

    fn miss(&mut self, rep: &RepId, units: i64, keeping: Keeping, now: i64) {
        let place = self.missed.binary_search_by(|known| known.rep.cmp(rep)).unwrap_or_else(|place| {
            self.missed.insert(place, Missed { rep: rep.clone(), leads: Vec::new(), part: 0, at: now });
            place
        });
        let missed = &mut self.missed[place];
        if missed.leads.len() >= keeping.leads {
            return missed.part = 0;
        }
        (missed.part, missed.at) = (missed.part + units, now);
        // Three thirds, each rounded down, are a lead.
        if missed.part >= UNIT || is_zero(UNIT - missed.part) {
            missed.part = (missed.part - UNIT).max(0);
            missed.leads.push(now);
        }
    }
}

impl Keeping {
    /// Whether what was missed in that second is still kept.
    fn lives(self, missed: i64, now: i64) -> bool {
        self.seconds.is_none_or(|seconds| now < missed + seconds)
    }
}

/// What each absent member would have earned if all had been there.
fn missed_shares<'a>(there: &[Candidate], absent: &'a [Candidate]) -> impl Iterator<Item = (&'a RepId, i64)> {
    let weights = absent.iter().chain(there).map(|member| member.weight);
    absent.iter().map(|member| &member.rep).zip(shares(weights))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_nothing(number: &i64) -> bool {
    *number == 0
}
