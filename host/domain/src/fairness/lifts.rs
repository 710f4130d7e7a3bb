//! Who has least in hand, under policies that go by that, and how who is new or comes back begins.
//!
//! Whoever has nothing in hand would get lead after lead until they have as much as the others. So
//! they begin level with the best placed of those who were there: as if so many more leads were open
//! with them, which is their lift. It only shrinks: as soon as the others have less, they do.

use serde::{Deserialize, Serialize};

use super::{Candidate, Measure, Turn};
use crate::id::RepId;

/// What is open with somebody who may get a lead, and how much may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hand {
    /// How many leads are open.
    pub open: u32,
    /// How many may be, where that counts.
    pub capacity: u32,
}

/// Who was there at the last turn that they could have got, by id, each with the lift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Lifts(Vec<Lift>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lift {
    rep: RepId,
    #[serde(default, skip_serializing_if = "is_nothing")]
    leads: u32,
}

/// How loaded a candidate is with so many leads more: `(base + leads · slope) / divisor`.
#[derive(Clone, Copy)]
struct Load {
    base: i128,
    slope: i128,
    divisor: i128,
}

impl Lifts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all but these members.
    pub(super) fn retain(&mut self, members: &[Candidate]) {
        self.0.retain(|lift| members.iter().any(|member| member.rep == lift.rep));
    }

    /// Which of these candidates are new or come back.
    pub(super) fn joining(&self, candidates: &[Candidate]) -> Vec<RepId> {
        self.among(candidates, false)
    }

    /// Which of these absent members were there before.
    pub(super) fn going(&self, absent: &[Candidate]) -> Vec<RepId> {
        self.among(absent, true)
    }

    /// Which of these, sorted by id, were there, or were not.
    fn among(&self, members: &[Candidate], were_there: bool) -> Vec<RepId> {
        let mut known = self.0.iter().peekable();
        let wanted = members.iter().filter(|member| {
            while known.next_if(|lift| lift.rep < member.rep).is_some() {}
            known.next_if(|lift| lift.rep == member.rep).is_some() == were_there
        });
        wanted.map(|member| member.rep.clone()).collect()
    }

    /// The place of the candidate with least in hand, for the weight; ties to the lower id. Nothing is said of
    /// hands where nothing is in them.
    pub(super) fn least(
        &self,
        measure: Measure,
        candidates: &[Candidate],
        hands: &[Hand],
        joined: &[RepId],
    ) -> Option<usize> {
        let loads = Load::all(measure, candidates, hands);
        let lifts = self.lifts(candidates, &loads, joined);
        let loads: Vec<Load> = loads.iter().zip(lifts).map(|(load, lift)| load.with(lift)).collect();
        (0..loads.len()).reduce(|best, place| if loads[place].is_less(&loads[best]) { place } else { best })
    }

    /// Whether a turn went to somebody who had not least in hand.
    pub(super) fn breaks(&self, turn: &Turn) -> bool {
        let Some(measure) = turn.measure() else { return false };
        let (candidates, besides) = (&turn.candidates, &turn.besides);
        let least = self.least(measure, candidates, &besides.hands(), &besides.joined);
        least.is_none_or(|place| candidates[place].rep != *turn.seat())
    }

    /// A turn is taken.
    pub(super) fn enter(&mut self, turn: &Turn) {
        let Some(measure) = turn.measure() else { return self.0.clear() };
        let (candidates, besides) = (&turn.candidates, &turn.besides);
        let lifts = self.lifts(candidates, &Load::all(measure, candidates, &besides.hands()), &besides.joined);
        let mut before = std::mem::take(&mut self.0).into_iter().peekable();
        let stays = |lift: &Lift| besides.gone.binary_search(&lift.rep).is_err();
        for (candidate, leads) in candidates.iter().zip(lifts) {
            while let Some(other) = before.next_if(|known| known.rep < candidate.rep) {
                self.0.extend(Some(other).filter(stays));
            }
            before.next_if(|known| known.rep == candidate.rep);
            self.0.push(Lift { rep: candidate.rep.clone(), leads });
        }
        self.0.extend(before.filter(stays));
    }

    /// The lifts of these candidates from now on.
    fn lifts(&self, candidates: &[Candidate], loads: &[Load], joined: &[RepId]) -> Vec<u32> {
        let mut known = self.0.iter().peekable();
        let before: Vec<Option<u32>> = candidates
            .iter()
            .map(|candidate| {
                while known.next_if(|lift| lift.rep < candidate.rep).is_some() {}
                let lift = known.next_if(|lift| lift.rep == candidate.rep).map_or(0, |lift| lift.leads);
                joined.binary_search(&candidate.rep).is_err().then_some(lift)
            })
            .collect();
        let lifted = |place: usize| before[place].map(|lift| loads[place].with(lift));
        // The two best placed of those who were there: each is measured against the best but themselves.
        let mut best: [Option<usize>; 2] = [None, None];
        for place in 0..loads.len() {
            let Some(load) = lifted(place) else { continue };
            let less = |other: &Option<usize>| other.and_then(lifted).is_none_or(|other| load.is_less(&other));
            if less(&best[0]) {
                best = [Some(place), best[0]];
            } else if less(&best[1]) {
                best[1] = Some(place);
            }
        }
        let target = |place: usize| best.iter().flatten().find(|best| **best != place).and_then(|best| lifted(*best));
        let lift = |place: usize| {
            let needed = target(place).map(|target| loads[place].up_to(&target));
            match (before[place], needed) {
                (Some(before), Some(needed)) => before.min(needed),
                (Some(before), None) => before,
                (None, needed) => needed.unwrap_or(0),
            }
        };
        (0..loads.len()).map(lift).collect()
    }
}

impl Load {
    fn all(measure: Measure, candidates: &[Candidate], hands: &[Hand]) -> Vec<Self> {
        let hand = |place: usize| hands.get(place).copied().unwrap_or_default();
        candidates
            .iter()
            .enumerate()
            .map(|(place, candidate)| Self::of(measure, candidate.weight, hand(place)))
            .collect()
    }

    fn of(measure: Measure, weight: u32, Hand { open, capacity }: Hand) -> Self {
        let (weight, open, capacity) = (i128::from(weight), i128::from(open), i128::from(capacity));
        let free = Self { base: (open - capacity) * weight, slope: weight, divisor: 1 };
        match measure {
            Measure::Free => free,
            Measure::FreePercent => Self { divisor: capacity.max(1), ..free },
            // With the lead that is given: so the larger weight goes first where all have nothing.
            Measure::Open => Self { base: open + 1, slope: 1, divisor: weight.max(1) },
        }
    }

    fn with(self, leads: u32) -> Self {
        Self { base: self.base + i128::from(leads) * self.slope, ..self }
    }

    fn is_less(&self, other: &Self) -> bool {
        self.base * other.divisor < other.base * self.divisor
    }

    /// How many leads more make it as large as another.
    fn up_to(&self, other: &Self) -> u32 {
        let (short, step) = (other.base * self.divisor - self.base * other.divisor, self.slope * other.divisor);
        let leads = if short <= 0 || step == 0 { 0 } else { (short + step - 1) / step };
        u32::try_from(leads).unwrap_or(u32::MAX)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_nothing(number: &u32) -> bool {
    *number == 0
}
