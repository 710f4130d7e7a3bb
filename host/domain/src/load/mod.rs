//! What reps have in hand: the leads that are open with them, and when they were given leads
//! lately. It is counted for reps with a capacity or caps, and for members of pools that go by what is in
//! hand, from the revision that says so.

mod caps;
mod kind;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::id::RepId;

pub use caps::{Caps, Left, Since};
pub use kind::LeadKind;

/// How long it is known when a rep was given a lead: longer than any stretch of a cap.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 32);

/// What one rep has in hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    all: Tally,
    /// The same of the leads of each kind that some cap is about.
    kinds: BTreeMap<LeadKind, Tally>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    open: u32,
    /// Oldest first.
    given: VecDeque<Timestamp>,
}

impl Load {
    /// How many leads are open with them.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.all.open
    }

    /// What they have of the leads of a kind, or of all.
    fn of(&self, kind: Option<&LeadKind>) -> Option<&Tally> {
        kind.map_or(Some(&self.all), |kind| self.kinds.get(kind))
    }

    fn tallies(&mut self, kinds: &[LeadKind], mut change: impl FnMut(&mut Tally)) {
        change(&mut self.all);
        for kind in kinds {
            change(self.kinds.entry(kind.clone()).or_default());
        }
    }
}

impl Tally {
    /// How many leads they were given since then, that instant included.
    fn since(&self, start: Timestamp) -> usize {
        self.given.len() - self.given.partition_point(|at| *at < start)
    }

    /// The last time but so many at which they were given a lead; 1 for the last.
    fn last_but(&self, n: usize) -> Option<Timestamp> {
        self.given.get(self.given.len().checked_sub(n)?).copied()
    }

    fn give(&mut self, at: Timestamp) {
        self.open += 1;
        // Clocks of several hosts differ a little.
        let place = self.given.partition_point(|known| *known <= at);
        self.given.insert(place, at);
        let forgotten = at.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        while self.given.pop_front_if(|known| *known < forgotten).is_some() {}
    }
}

/// What everybody has in hand. A clone shares what does not change.
#[derive(Clone, Debug, Default)]
pub struct Loads(HashMap<RepId, Arc<Load>>);

impl Loads {
    /// What a rep has in hand; none of whom nothing was counted.
    #[must_use]
    pub fn of(&self, rep: &RepId) -> Option<&Load> {
        self.0.get(rep).map(|load| &**load)
    }

    /// A rep is given a lead of these kinds, which is open from then on.
    pub fn give(&mut self, rep: &RepId, kinds: &[LeadKind], at: Timestamp) {
        self.load(rep).tallies(kinds, |tally| tally.give(at));
    }

    /// A rep was given a lead of these kinds then, which is closed or somebody else's by now.
    pub fn gave(&mut self, rep: &RepId, kinds: &[LeadKind], at: Timestamp) {
        self.give(rep, kinds, at);
        self.close(rep, kinds);
    }

    /// One of a rep's leads, of these kinds, is open no more.
    pub fn close(&mut self, rep: &RepId, kinds: &[LeadKind]) {
        self.load(rep).tallies(kinds, |tally| tally.open = tally.open.saturating_sub(1));
    }

    fn load(&mut self, rep: &RepId) -> &mut Load {
        Arc::make_mut(self.0.entry(rep.clone()).or_default())
    }
}
