//! Who is how far ahead of the others, for pools that stop their leaders.

use serde::{Deserialize, Serialize};

use super::rotation::Credit;
use super::shares::{UNIT, shares};
use super::{Candidate, Turn};
use crate::id::RepId;

/// What is no difference: shares are rounded by 2^-40 of a lead a turn, so this is never reached, and
/// weights that differ by less were not meant to.
const NOTHING: i64 = UNIT >> 10;

/// How many leads each member of a rotation had beyond an equal share by weight, whether or not they
/// were there; below zero, short of it. The sum is 0. Who is new begins at 0, and who leaves and
/// comes back where they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Levels(Vec<Credit>);

impl Levels {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of each of these candidates, whether they are more than so many leads ahead of the one most behind,
    /// of them and of who is absent. Both are sorted by id.
    pub(super) fn too_far(&self, stop: u32, candidates: &[Candidate], absent: &[Candidate]) -> Vec<bool> {
        let ahead = Credit::of_all(&self.0, candidates);
        let lowest = ahead.iter().copied().chain(Credit::of_all(&self.0, absent)).min().unwrap_or(0);
        let most = lowest + i64::from(stop) * UNIT + NOTHING;
        ahead.into_iter().map(|ahead| ahead > most).collect()
    }

    /// Whether this turn went to somebody whom the stop of its pool should have hidden.
    pub(super) fn breaks(&self, turn: &Turn) -> bool {
        let Some(stop) = turn.besides.stop else { return false };
        let mut asked: Vec<Candidate> = members(turn).cloned().collect();
        asked.sort_by(|a, b| a.rep.cmp(&b.rep));
        let too_far = self.too_far(stop, &asked, &[]);
        asked.iter().zip(too_far).any(|(member, too_far)| too_far && member.rep == *turn.seat())
    }

    /// A turn is taken: everybody whom it could have been earns a share, and whose it is pays a lead.
    pub(super) fn enter(&mut self, turn: &Turn) {
        if turn.besides.stop.is_none() {
            return self.0.clear();
        }
        let mut members: Vec<&Candidate> = members(turn).collect();
        members.sort_by(|a, b| a.rep.cmp(&b.rep));
        let shares = shares(members.iter().map(|member| turn.policy.weighs(member)));
        let paid = |rep: &RepId| if rep == turn.seat() { UNIT } else { 0 };
        let changes = members.iter().zip(shares).map(|(member, share)| (&member.rep, paid(&member.rep) - share));
        Credit::add_all(&mut self.0, changes);
    }
}

/// Whom a turn could have been, were everybody there and nobody stopped.
fn members(turn: &Turn) -> impl Iterator<Item = &Candidate> {
    turn.candidates.iter().chain(&turn.besides.absent).chain(&turn.besides.stopped)
}
