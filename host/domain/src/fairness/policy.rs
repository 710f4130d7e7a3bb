//! How a pool gives turns, and what each way promises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Candidate;
use super::shares::{bound, shares};

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
        }
    }

    /// Each candidate's due share of one lead. Under [`Self::PeckingOrder`] only the highest score
    /// is due anything.
    pub(super) fn shares(self, candidates: &[Candidate]) -> Vec<i64> {
        let top = candidates.iter().map(|candidate| candidate.weight).max();
        shares(candidates.iter().map(|candidate| match self {
            Self::Quota => candidate.weight,
            Self::InTurn | Self::LeastRecent => 1,
            Self::PeckingOrder => u32::from(Some(candidate.weight) == top),
        }))
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
