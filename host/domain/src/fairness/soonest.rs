//! Why a turn under `quota` went to somebody who was owed less than others: they had to have one sooner.

use super::{Policy, Turn};

impl Turn {
    /// Within how many turns, this one counted, each candidate must have one for nobody to get a whole lead
    /// away from the exact share, by place; nothing of who would have had theirs too early. Only where the turn
    /// went by that: else what they were owed says why it was whose, and there is nothing to say.
    ///
    /// It is for people: worked out from what the turn tells of them, in thousandths of a lead, and so a
    /// turn later at times than need be. That it holds is the theorem of `bound` (shares.rs).
    #[must_use]
    pub fn due_within(&self) -> Option<Vec<Option<u64>>> {
        let Self { candidates, besides, .. } = self;
        if self.policy != Policy::Quota || besides.made_up || besides.stood.len() != candidates.len() {
            return None;
        }
        let next = candidates.iter().position(|candidate| candidate.rep == *self.seat())?;
        let total: i128 = candidates.iter().map(|candidate| i128::from(candidate.weight)).sum();
        let steps = 2 * i128::try_from(candidates.len()).ok()? - 2;
        // Thousandths of a lead, times all weights.
        let owed = |place: usize| i128::from(besides.stood[place]) * total;
        let share = |place: usize| i128::from(candidates[place].weight) * 1_000;
        let rounding = total;
        let most = (0..candidates.len()).map(|place| owed(place) + share(place)).max()?;
        if owed(next) + share(next) + 2 * rounding >= most {
            return None;
        }
        let lead = 1_000 * total;
        // What they were owed is known to a thousandth: here are the turns at most, or at least.
        let turns = |place: usize, rounding: i128| {
            let room = (lead - owed(place) + rounding) * steps - lead;
            (room + share(place) * steps - 1).div_euclid(share(place) * steps).max(1)
        };
        let early = |place: usize, rounding: i128| (owed(place) + share(place) + rounding) * steps < lead;
        let mut due: Vec<_> =
            (0..candidates.len()).map(|place| (!early(place, -rounding)).then(|| turns(place, rounding))).collect();
        let soonest = due.iter().flatten().copied().chain([turns(next, rounding)]).min()?;
        if early(next, rounding) || turns(next, -rounding) > soonest {
            return None;
        }
        due[next] = Some(soonest);
        Some(due.into_iter().map(|turns| turns.and_then(|turns| u64::try_from(turns).ok())).collect())
    }
}
