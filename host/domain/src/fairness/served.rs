//! Who was served when, for policies that give turns one after the other.

use serde::{Deserialize, Serialize};

use super::Candidate;
use crate::id::RepId;

/// When each rep of a pool was served last, by the number of the turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Served(Vec<(RepId, u64)>);

impl Served {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A rep is served, in the turn of this number.
    pub(super) fn note(&mut self, rep: &RepId, turn: u64) {
        match self.0.binary_search_by(|(known, _)| known.cmp(rep)) {
            Ok(place) => self.0[place].1 = turn,
            Err(place) => self.0.insert(place, (rep.clone(), turn)),
        }
    }

    /// Forgets all but these members, and whoever was served last.
    pub(super) fn retain(&mut self, members: &[Candidate]) {
        let last = self.last().cloned();
        self.0.retain(|(rep, _)| Some(rep) == last.as_ref() || members.iter().any(|member| member.rep == *rep));
    }

    /// The place of the first candidate after the one served last, by id, and round again.
    pub(super) fn in_turn(&self, candidates: &[Candidate]) -> Option<usize> {
        let last = self.last();
        let after = candidates.iter().position(|candidate| last.is_none_or(|last| candidate.rep > *last));
        after.or((!candidates.is_empty()).then_some(0))
    }

    /// The place of the candidate served longest ago, among those of the same rank as the best; ties
    /// to the lower id.
    pub(super) fn least_recent(&self, candidates: &[Candidate], rank: impl Fn(&Candidate) -> u32) -> Option<usize> {
        let best = candidates.iter().map(&rank).max()?;
        let equals = candidates.iter().enumerate().filter(|(_, candidate)| rank(candidate) == best);
        equals.min_by_key(|(_, candidate)| self.turn(&candidate.rep)).map(|(place, _)| place)
    }

    /// Of these, whose turn under [`Self::in_turn`] lies between the one served last and this one.
    pub(super) fn passed_in_turn<'a>(&self, absent: &'a [Candidate], next: &RepId) -> Vec<&'a RepId> {
        let last = self.last();
        let passed = |rep: &RepId| match last {
            None => rep < next,
            Some(last) if last < next => last < rep && rep < next,
            Some(last) => last < rep || rep < next,
        };
        absent.iter().map(|member| &member.rep).filter(|rep| passed(rep)).collect()
    }

    /// Of these, who was served longer ago than this one.
    pub(super) fn waiting_longer<'a>(&self, absent: &'a [Candidate], next: &RepId) -> Vec<&'a RepId> {
        let key = |rep: &'a RepId| (self.turn(rep), rep);
        let served = self.turn(next);
        absent.iter().map(|member| &member.rep).filter(|rep| key(rep) < (served, next)).collect()
    }

    /// When each of these, sorted by id, was served last.
    pub(super) fn turns(&self, candidates: &[Candidate]) -> impl Iterator<Item = Option<u64>> {
        let mut served = self.0.iter().peekable();
        candidates.iter().map(move |candidate| {
            while served.next_if(|(rep, _)| *rep < candidate.rep).is_some() {}
            served.next_if(|(rep, _)| *rep == candidate.rep).map(|(_, turn)| *turn)
        })
    }

    /// When a rep was served last; 0 for who never was.
    fn turn(&self, rep: &RepId) -> u64 {
        let place = self.0.binary_search_by(|(known, _)| known.cmp(rep));
        place.map_or(0, |place| self.0[place].1)
    }

    fn last(&self) -> Option<&RepId> {
        self.0.iter().max_by_key(|(_, turn)| *turn).map(|(rep, _)| rep)
    }
}
