//! Who a lead could go to, and by which terms of the pool.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Absent, Backup, Besides, By, Candidate, Hand, Policy, Rotation, Turn};
use crate::id::{PoolId, RepId};
use crate::location::Unplaced;

/// Who a lead could go to, and by which terms of the pool. Lists are sorted by id.
#[derive(Clone, Debug)]
pub struct Lineup {
    /// By which policy.
    pub policy: Policy,
    /// Who is there, or has somebody there in their name.
    pub candidates: Vec<Candidate>,
    /// Who would be, but is away, off shift or at their cap; may be left out where nothing regards it.
    pub absent: Vec<Candidate>,
    /// What is in the hands of each candidate, where the policy goes by that.
    pub hands: Vec<Hand>,
    /// In what free capacity is measured.
    pub by: By,
    /// Why nobody can say how near they are, where the pool would have it so.
    pub unplaced: Option<Unplaced>,
    /// Who of the candidates is not there themselves, and who stands in.
    pub backups: Vec<Backup>,
    /// What becomes of the turns of who is absent.
    pub absence: Absent,
    /// How many leads a candidate may be ahead of the one most behind.
    pub stop: Option<u32>,
    /// When the lead is given.
    pub at: Timestamp,
}

impl Lineup {
    /// These candidates under a policy, and nothing else.
    #[must_use]
    pub fn new(policy: Policy, candidates: Vec<Candidate>, at: Timestamp) -> Self {
        Self {
            policy,
            candidates,
            absent: Vec::new(),
            hands: Vec::new(),
            by: By::Count,
            unplaced: None,
            backups: Vec::new(),
            absence: Absent::Skip,
            stop: None,
            at,
        }
    }

    /// Members who are away have somebody in their name: they are candidates, and miss nothing.
    pub fn stand_in(&mut self, backups: Vec<Backup>) {
        if !backups.is_empty() {
            let backed = |member: &mut Candidate| backups.iter().any(|backup| backup.of == member.rep);
            self.candidates.extend(self.absent.extract_if(.., backed));
            self.candidates.sort_by(|a, b| a.rep.cmp(&b.rep));
        }
        self.backups = backups;
    }
}

/// Of these who are away, each with who would stand in: whose turns are taken by them. Whoever would stand
/// in for several does so for the one with the largest weight only, ties to the lower id: else somebody
/// who is the backup of half the pool would get half of its leads.
#[must_use]
pub fn stand_ins<'a>(away: impl Iterator<Item = (&'a Candidate, &'a RepId)>) -> Vec<Backup> {
    let mut largest: BTreeMap<&RepId, &Candidate> = BTreeMap::new();
    for (of, by) in away {
        let known = largest.entry(by).or_insert(of);
        if (of.weight, &known.rep) > (known.weight, &of.rep) {
            *known = of;
        }
    }
    let mut backups: Vec<Backup> =
        largest.into_iter().map(|(by, of)| Backup { of: of.rep.clone(), by: by.clone() }).collect();
    backups.sort_by(|a, b| a.of.cmp(&b.of));
    backups
}

impl Rotation {
    /// Takes out who is too far ahead of the others, and gives them.
    pub fn stop(&self, lineup: &mut Lineup) -> Vec<Candidate> {
        let Some(stop) = lineup.stop else { return Vec::new() };
        let too_far = self.levels().too_far(stop, &lineup.candidates, &lineup.absent);
        let mut of_hands = too_far.iter();
        lineup.hands.retain(|_| of_hands.next() != Some(&true));
        let mut of_candidates = too_far.iter();
        lineup.candidates.extract_if(.., |_| of_candidates.next() == Some(&true)).collect()
    }

    /// Whose turn it is, for a lead of this pool. Nothing changes.
    #[must_use]
    pub fn turn(&self, pool: PoolId, mut lineup: Lineup) -> Option<Turn> {
        let stopped = self.stop(&mut lineup);
        let Lineup { policy, candidates, absent, hands, by, unplaced, backups, absence, stop, at } = lineup;
        let heeds = absence.heeds(policy);
        let absence = if heeds { absence } else { Absent::Skip };
        let measure = policy.measure(by);
        let (joined, gone) = match measure {
            Some(_) => (self.lifts().joining(&candidates), self.lifts().going(&absent)),
            None => (Vec::new(), Vec::new()),
        };
        let next = match measure {
            Some(measure) => &candidates[self.lifts().least(measure, &candidates, &hands, &joined)?].rep,
            None => self.next(policy, &candidates)?,
        };
        let kept = absence.keeping().and_then(|keeping| {
            let backed = |rep: &RepId| backups.iter().any(|backup| backup.of == *rep);
            self.makeup().due(&candidates, next, keeping, at.as_second(), backed)
        });
        let seat = kept.unwrap_or(next).clone();
        let missed = if heeds && kept.is_none() { self.missed(policy, &absent, next) } else { Vec::new() };
        let stands_in = backups.iter().find(|backup| backup.of == seat).map(|backup| backup.by.clone());
        let besides = Besides {
            rotation: None,
            metric: None,
            no_share: Vec::new(),
            unplaced,
            seat: stands_in.is_some().then(|| seat.clone()),
            by_hand: false,
            made_up: kept.is_some(),
            at: (!absence.is_skip()).then_some(at),
            absent: if stop.is_some() || policy == Policy::Quota && !absence.is_skip() { absent } else { Vec::new() },
            missed,
            backups,
            stopped,
            stop,
            absence,
            stood: self.stood(policy, &candidates),
            open: hands.iter().map(|hand| hand.open).collect(),
            capacity: match policy {
                Policy::MostFreeCapacity => hands.iter().map(|hand| hand.capacity).collect(),
                _ => Vec::new(),
            },
            by,
            joined,
            gone,
        };
        Some(Turn { besides, owed: self.moved(), ..Turn::new(pool, candidates, stands_in.unwrap_or(seat), policy) })
    }
}
