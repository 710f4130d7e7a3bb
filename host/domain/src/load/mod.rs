//! What reps have in hand: the leads that are open with them, and when they were given leads
//! lately. It is counted for reps with a capacity or caps, and for members of pools that go by what is in
//! hand, from the revision that says so.

mod caps;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::id::RepId;

pub use caps::{Caps, Left, Since};

/// How long it is known when a rep was given a lead: longer than any stretch of a cap.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 32);

/// What one rep has in hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    open: u32,
    /// Oldest first.
    given: VecDeque<Timestamp>,
}

impl Load {
    /// How many leads are open with them.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.open
    }

    /// How many leads they were given since then, that instant included.
    fn since(&self, start: Timestamp) -> usize {
        self.given.len() - self.given.partition_point(|at| *at < start)
    }

    /// The last time but so many at which they were given a lead; 1 for the last.
    fn last_but(&self, n: usize) -> Option<Timestamp> {
        self.given.get(self.given.len().checked_sub(n)?).copied()
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

    /// A rep is given a lead, which is open from then on.
    pub fn give(&mut self, rep: &RepId, at: Timestamp) {
        let load = self.load(rep);
        load.open += 1;
        // Clocks of several hosts differ a little.
        let place = load.given.partition_point(|known| *known <= at);
        load.given.insert(place, at);
        let forgotten = at.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        while load.given.pop_front_if(|known| *known < forgotten).is_some() {}
    }

    /// A rep was given a lead then, which is closed or somebody else's by now.
    pub fn gave(&mut self, rep: &RepId, at: Timestamp) {
        self.give(rep, at);
        self.close(rep);
    }

    /// One of a rep's leads is open no more.
    pub fn close(&mut self, rep: &RepId) {
        let load = self.load(rep);
        load.open = load.open.saturating_sub(1);
    }

    fn load(&mut self, rep: &RepId) -> &mut Load {
        Arc::make_mut(self.0.entry(rep.clone()).or_default())
    }
}
