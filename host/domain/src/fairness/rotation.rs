//! The rotation of one pool: each rep's credit or last turn, and who is next.
//!
//! Under the policy `quota`, each pick, every candidate's credit grows by its share, and whoever gets the lead pays
//! one. While the candidates stay the same from zero credit, the pick is Tijdeman's: among
//! those whose credit has reached 1/(2n−2), the earliest deadline, ties to the lower id. That
//! keeps every credit strictly inside one lead. Otherwise nobody can promise that; there the
//! largest credit is taken, which stays inside the bound that is stated for it where
//! Tijdeman's rule would not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::levels::Levels;
use super::lifts::Lifts;
use super::makeup::Makeup;
use super::served::Served;
use super::shares::{UNIT, is_zero, shares};
use super::{Absent, By, Candidate, Policy, Turn};
use crate::id::RepId;

/// What a pool's reps are owed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// By rep id; the sum is 0.
    credits: Vec<Credit>,
    /// The candidates of the last turn taken.
    last: Vec<Candidate>,
    /// Whether these candidates were owed nothing when they first came together.
    #[serde(default)]
    from_zero: bool,
    /// How many turns were taken.
    picks: u64,
    /// Whether members left since the last turn, whose credit went to those who stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    moved: bool,
    /// Who was served when, under a policy that goes by it.
    #[serde(default, skip_serializing_if = "Served::is_empty")]
    served: Served,
    /// Turns that are kept for who was absent.
    #[serde(default, skip_serializing_if = "Makeup::is_empty")]
    makeup: Makeup,
    /// Who is how far ahead, where that stops them.
    #[serde(default, skip_serializing_if = "Levels::is_empty")]
    levels: Levels,
    /// Who was there, and how those began who joined or came back, where turns go by what is in hand.
    #[serde(default, skip_serializing_if = "Lifts::is_empty")]
    lifts: Lifts,
}

/// What one rep is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Who.
    pub rep: RepId,
    /// In units of 2^-40 leads.
    pub units: i64,
}

impl Rotation {
    /// Everybody's credit.
    #[must_use]
    pub fn credits(&self) -> &[Credit] {
        &self.credits
    }

    /// Everybody's credit, where members left since the last turn.
    #[must_use]
    pub fn moved(&self) -> Option<Vec<Credit>> {
        self.moved.then(|| self.credits.clone())
    }

    /// How many turns were taken.
    #[must_use]
    pub fn picks(&self) -> u64 {
        self.picks
    }

    /// Whose turn it is among these candidates, who are sorted by id. Nothing changes.
    #[must_use]
    pub fn next<'a>(&self, policy: Policy, candidates: &'a [Candidate]) -> Option<&'a RepId> {
        let place = match policy {
            Policy::Quota => self.by_quota(candidates),
            Policy::InTurn => self.served.in_turn(candidates),
            Policy::LeastRecent => self.served.least_recent(candidates, |_| 0),
            Policy::PeckingOrder => self.served.least_recent(candidates, |candidate| candidate.weight),
            Policy::Nearest => policy.nearest(candidates),
            Policy::FewestOpen | Policy::MostFreeCapacity => {
                let measure = policy.measure(By::Count)?;
                self.lifts.least(measure, candidates, &[], &self.lifts.joining(candidates))
            }
        };
        place.map(|place| &candidates[place].rep)
    }

    /// How each of these candidates stands, as people are told why it is not their turn.
    pub(super) fn stood(&self, policy: Policy, candidates: &[Candidate]) -> Vec<i32> {
        let thousandths = |units: i64| i32::try_from(units / (UNIT / 1_000)).unwrap_or(i32::MAX);
        let ago = |turn: u64| i32::try_from(self.picks + 1 - turn).unwrap_or(i32::MAX);
        match policy {
            Policy::Quota => Credit::of_all(&self.credits, candidates).into_iter().map(thousandths).collect(),
            Policy::InTurn | Policy::LeastRecent | Policy::PeckingOrder => {
                self.served.turns(candidates).map(|turn| turn.map_or(0, ago)).collect()
            }
            Policy::Nearest | Policy::FewestOpen | Policy::MostFreeCapacity => Vec::new(),
        }
    }

    /// Of these absent members, whose turn came before this one's and is passed; where the policy gives
    /// turns one after the other.
    pub(super) fn missed(&self, policy: Policy, absent: &[Candidate], next: &RepId) -> Vec<RepId> {
        let missed = match policy {
            Policy::InTurn => self.served.passed_in_turn(absent, next),
            Policy::LeastRecent => self.served.waiting_longer(absent, next),
            _ => Vec::new(),
        };
        missed.into_iter().cloned().collect()
    }

    /// How many turns are kept for a rep who was absent, at that time.
    #[must_use]
    pub fn kept(&self, rep: &RepId, absence: Absent, at: Timestamp) -> usize {
        absence.keeping().map_or(0, |keeping| self.makeup.kept(rep, keeping, at.as_second()))
    }

    pub(super) fn makeup(&self) -> &Makeup {
        &self.makeup
    }

    pub(super) fn lifts(&self) -> &Lifts {
        &self.lifts
    }

    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// A turn is taken, in the name of whose it is.
    pub fn enter(&mut self, turn: &Turn) {
        if turn.besides.by_hand {
            self.picks += 1;
            return self.served.note(&turn.rep, self.picks);
        }
        self.levels.enter(turn);
        self.lifts.enter(turn);
        self.makeup.enter(turn);
        if turn.besides.made_up {
            // Beside the rotation, which does not see it.
            self.picks += 1;
            self.moved = false;
            return;
        }
        self.take(turn.policy, &turn.candidates, turn.seat());
        if turn.policy == Policy::LeastRecent {
            // Just before who is served now, who alone was served last.
            turn.besides.missed.iter().for_each(|rep| self.served.note(rep, self.picks - 1));
        }
    }

    /// The same among candidates whose weights are at least 1, by place.
    fn by_quota(&self, candidates: &[Candidate]) -> Option<usize> {
        let shares = shares(candidates.iter().map(|candidate| candidate.weight));
        let before = Credit::of_all(&self.credits, candidates);
        match candidates.len() {
            0 => None,
            1 => Some(0),
            _ if self.runs_from_zero(candidates, &before) => {
                earliest_deadline(&before, &shares).or_else(|| largest(&before, &shares))
            }
            _ => largest(&before, &shares),
        }
    }

    /// This rep's turn is taken.
    pub fn take(&mut self, policy: Policy, candidates: &[Candidate], rep: &RepId) {
        self.picks += 1;
        self.moved = false;
        if policy == Policy::Quota {
            return self.pay(candidates, rep);
        }
        // What the credits know of the last turn is not of this one.
        self.last.clear();
        self.served.note(rep, self.picks);
    }

    /// All candidates earn their share, and this rep pays one lead.
    fn pay(&mut self, candidates: &[Candidate], rep: &RepId) {
        self.from_zero = self.runs_from_zero(candidates, &Credit::of_all(&self.credits, candidates));
        if self.last != candidates {
            self.last = candidates.to_vec();
        }
        let shares = shares(candidates.iter().map(|candidate| candidate.weight));
        for (candidate, share) in candidates.iter().zip(shares) {
            *self.credit_mut(&candidate.rep) += share;
        }
        *self.credit_mut(rep) -= UNIT;
    }

    /// Whether a turn among these candidates belongs to a run that began at zero credit.
    fn runs_from_zero(&self, candidates: &[Candidate], credits: &[i64]) -> bool {
        if !self.last.is_empty() && self.last == candidates {
            return self.from_zero;
        }
        credits.iter().all(|units| is_zero(*units))
    }

    /// Keeps only these members. What the others were owed goes to those who stay, by
    /// weight, so that the sum stays 0. Where nobody leaves, nothing changes.
    pub fn retain(&mut self, members: &[Candidate]) {
        self.served.retain(members);
        self.lifts.retain(members);
        let stays = |rep: &RepId| members.iter().any(|member| member.rep == *rep);
        if self.credits.iter().all(|credit| stays(&credit.rep)) {
            return;
        }
        let (stay, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.credits).into_iter().partition(|credit| stays(&credit.rep));
        self.credits = stay;
        // Whoever stays may be owed something now: the next turn begins a new run.
        self.last.clear();
        self.moved = true;
        let owed: i64 = left.iter().map(|credit| credit.units).sum();
        if owed == 0 {
            return;
        }
        let shares = shares(members.iter().map(|member| member.weight));
        let mut rest = owed;
        for (member, share) in members.iter().zip(&shares) {
            let part = i64::try_from(i128::from(owed) * i128::from(*share) / i128::from(UNIT)).unwrap_or(0);
            *self.credit_mut(&member.rep) += part;
            rest -= part;
        }
        match members.first() {
            Some(first) => *self.credit_mut(&first.rep) += rest,
            None => self.credits.clear(),
        }
    }

    fn credit_mut(&mut self, rep: &RepId) -> &mut i64 {
        let place = match self.credits.binary_search_by(|credit| credit.rep.cmp(rep)) {
            Ok(place) => place,
            Err(place) => {
                self.credits.insert(place, Credit { rep: rep.clone(), units: 0 });
                place
            }
        };
        &mut self.credits[place].units
    }
}

impl Credit {
    /// What these candidates are owed. Both lists are sorted by id, so one walk over both finds them.
    pub(super) fn of_all(credits: &[Self], candidates: &[Candidate]) -> Vec<i64> {
        let mut credits = credits.iter().peekable();
        let units = candidates.iter().map(|candidate| {
            while credits.next_if(|credit| credit.rep < candidate.rep).is_some() {}
            credits.next_if(|credit| credit.rep == candidate.rep).map_or(0, |credit| credit.units)
        });
        units.collect()
    }

    /// Adds these to what is owed, both sorted by id.
    pub(super) fn add_all<'a>(credits: &mut Vec<Self>, changes: impl Iterator<Item = (&'a RepId, i64)>) {
        let mut place = 0;
        for (rep, units) in changes {
            while credits.get(place).is_some_and(|credit| credit.rep < *rep) {
                place += 1;
            }
            match credits.get_mut(place).filter(|credit| credit.rep == *rep) {
                Some(credit) => credit.units += units,
                None => credits.insert(place, Self { rep: rep.clone(), units }),
            }
        }
    }
}

/// Among those whose credit reaches 1/(2n−2) with this share: who must be served first if
/// nobody is ever to be owed more than 1 − 1/(2n−2).
fn earliest_deadline(before: &[i64], shares: &[i64]) -> Option<usize> {
    let slots = i64::try_from(before.len()).ok()?;
    let threshold = UNIT / (2 * slots - 2);
    (0..before.len()).filter(|&place| before[place] + shares[place] >= threshold && shares[place] > 0).min_by_key(
        |&place| {
            let room = UNIT - threshold - before[place];
            -((-room).div_euclid(shares[place]))
        },
    )
}

fn largest(before: &[i64], shares: &[i64]) -> Option<usize> {
    (0..before.len()).rev().max_by_key(|&place| before[place] + shares[place])
}
