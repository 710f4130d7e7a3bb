//! How a pool gives turns, and what each way promises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Candidate;
use super::shares::{UNIT, bound, shares};

/// How a pool gives turns. Whatever the policy, only who is there is a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// By weight, and never a whole lead away from the exact share while nothing changes.
    #[default]
    Quota,
    /// In the order of their ids, from whoever was served last: whether or not that one is still a
    /// member. Who is not there when their turn comes misses it.
    InTurn,
    /// Who was served longest ago; who never was comes first, once.
    LeastRecent,
    /// The highest score; among equals, who was served longest ago. A score below zero takes no turn.
    PeckingOrder,
    /// Who is nearest to the lead; for one that nobody can place, as under `least-recent`.
    Nearest,
    /// The fewest open leads for the weight.
    FewestOpen,
    /// The most room below the capacity, in leads or in percent of it, times the weight.
    MostFreeCapacity,
}

/// In what free capacity is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// In leads.
    #[default]
    Count,
    /// As a part of the capacity.
    Percent,
}

/// How it is measured who has least in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Open leads.
    Open,
    /// Leads below the capacity.
    Free,
    /// The part of the capacity that is free.
    FreePercent,
}

impl By {
    /// Whether it is the usual one.
    #[must_use]
    pub fn is_count(&self) -> bool {
        *self == Self::Count
    }
}

impl Policy {
    /// Whether it is the usual one.
    #[must_use]
    pub fn is_quota(&self) -> bool {
        *self == Self::Quota
    }

    /// What it is called where it is configured.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::InTurn => "in-turn",
            Self::LeastRecent => "least-recent",
            Self::PeckingOrder => "pecking-order",
            Self::Nearest => "nearest",
            Self::FewestOpen => "fewest-open",
            Self::MostFreeCapacity => "most-free-capacity",
        }
    }

    /// How it is measured who has least in hand, where turns go by that.
    #[must_use]
    pub const fn measure(self, by: By) -> Option<Measure> {
        match (self, by) {
            (Self::FewestOpen, _) => Some(Measure::Open),
            (Self::MostFreeCapacity, By::Count) => Some(Measure::Free),
            (Self::MostFreeCapacity, By::Percent) => Some(Measure::FreePercent),
            _ => None,
        }
    }

    /// Whether members have weights under it.
    #[must_use]
    pub const fn knows_weights(self) -> bool {
        matches!(self, Self::Quota | Self::FewestOpen | Self::MostFreeCapacity)
    }

    /// Each candidate's due share of one lead. Under [`Self::PeckingOrder`] only the highest score
    /// is due anything, and under [`Self::Nearest`] only the first of the nearest.
    pub(super) fn shares(self, candidates: &[Candidate]) -> Vec<i64> {
        if self == Self::Nearest {
            let nearest = self.nearest(candidates);
            return (0..candidates.len()).map(|place| if Some(place) == nearest { UNIT } else { 0 }).collect();
        }
        let top = candidates.iter().map(|candidate| candidate.weight).max();
        shares(candidates.iter().map(|candidate| match self {
            Self::PeckingOrder => u32::from(Some(candidate.weight) == top),
            _ => self.weighs(candidate),
        }))
    }

    /// The place of the candidate who is nearest, ties to the lower id; none under other policies.
    pub(super) fn nearest(self, candidates: &[Candidate]) -> Option<usize> {
        let by_distance = candidates.iter().enumerate().filter(|_| self == Self::Nearest);
        by_distance.rev().max_by_key(|(_, candidate)| candidate.weight).map(|(place, _)| place)
    }

    /// Whether equal candidates have equal shares under it, for which there is a bound.
    pub(super) fn is_shared(self) -> bool {
        !matches!(self, Self::Nearest | Self::FewestOpen | Self::MostFreeCapacity)
    }

    /// The weight of a candidate, where it is compared how much each has had.
    pub(super) fn weighs(self, candidate: &Candidate) -> u32 {
        match self {
            Self::Quota | Self::FewestOpen | Self::MostFreeCapacity => candidate.weight,
            Self::InTurn | Self::LeastRecent | Self::PeckingOrder | Self::Nearest => 1,
        }
    }

    /// How far a candidate can be from the due share, in leads, while these candidates stay the same:
    /// under [`Self::Quota`] from zero credit, else from wherever it began. Who takes turns one after
    /// the other has got `k/n` leads after `k` of them, rounded up or down: never further than 1 − 1/n.
    pub(super) fn bound(self, candidates: &[Candidate]) -> f64 {
        match self {
            Self::Quota => bound(candidates.len()),
            _ => {
                let equals = self.shares(candidates).into_iter().filter(|share| *share > 0).count();
                u32::try_from(equals).map_or(1.0, |equals| 1.0 - 1.0 / f64::from(equals.max(1)))
            }
        }
    }
}
