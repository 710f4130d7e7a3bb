//! Why nobody of a pool gets a turn, as far as neither the workspace nor the clock tells it.

use std::collections::BTreeMap;

use super::scale::Scale;
use super::{Ask, Availability, Desk};
use crate::id::RepId;

/// What keeps a member from a turn, and passes: it has to be written down to be known later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hindrance {
    /// Was said to be away or paused.
    Away,
    /// Has as many leads as allowed.
    Capped,
    /// Is too far ahead of the others.
    FairnessStop,
    /// Has left.
    Inactive,
    /// Has nothing by the metric that gives the weights.
    NoShare,
}

impl Hindrance {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Away, Self::Capped, Self::FairnessStop, Self::Inactive, Self::NoShare];

    /// Its stable name, under which the host notes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Capped => "capped",
            Self::FairnessStop => "fairness-stop",
            Self::Inactive => "inactive",
            Self::NoShare => "no-share",
        }
    }
}

impl Desk {
    /// Who could be given that lead but for such a thing, in the pool's order.
    #[must_use]
    pub fn hindered(&self, ask: &Ask<'_>) -> BTreeMap<Hindrance, Vec<RepId>> {
        let mut hindered = BTreeMap::new();
        let (Some(seats), Some(terms)) = (self.roster.pool(ask.pool), self.workspace.pool(ask.pool)) else {
            return hindered;
        };
        let scale = Scale::of(self, terms, ask);
        let sight = self.sight(Some(ask.pool), ask.kinds, ask.at);
        for (n, seat) in seats.iter().enumerate() {
            let no_share = scale.has_no_share(n, seat);
            if ask.passed_over.contains(&seat.rep) || (!no_share && scale.weight(n, seat).is_none()) {
                continue;
            }
            let found = match self.standing[seat.place] {
                Availability::Available if no_share => Hindrance::NoShare,
                Availability::Away => Hindrance::Away,
                Availability::Inactive if self.workspace.reps[seat.place].active => Hindrance::Inactive,
                Availability::Available if sight(seat.place) == Availability::Capped => Hindrance::Capped,
                _ => continue,
            };
            hindered.entry(found).or_insert_with(Vec::new).push(seat.rep.clone());
        }
        let stopped = self.stopped(ask);
        if !stopped.is_empty() {
            hindered.insert(Hindrance::FairnessStop, stopped);
        }
        hindered
    }
}
