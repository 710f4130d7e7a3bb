//! Whose turn it is, and the proof that turns were given fairly.

mod absent;
mod besides;
mod levels;
mod lifts;
mod lineup;
mod makeup;
mod policy;
mod report;
mod rotation;
mod served;
mod shares;
mod soonest;

use serde::{Deserialize, Serialize};

pub use absent::{Absent, Allowance, CREDIT_MAX};
pub use besides::{Backup, Besides};
pub use lifts::Hand;
pub use lineup::{Lineup, stand_ins};
pub use policy::{By, Measure, Policy};
pub use report::{Broken, MemberReport, PoolReport, Promise, Reckoning, Run, report};
pub use rotation::{Credit, Rotation};
pub use shares::{UNIT, bound, leads, moving_bound};

use crate::id::{PoolId, RepId, RotationId};

/// A rep who could have got a lead, with the weight that held: under `pecking-order` the score,
/// and under `nearest` how near they are ([`crate::location::nearness`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub rep: RepId,
    /// Their weight, at least 1; or their score, at least 0.
    pub weight: u32,
}

/// A turn: who could have got the lead, and who does. It is taken when the decision that
/// names this rep is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The pool whose rotation gave it.
    pub pool: PoolId,
    /// Who could have got it, by id.
    pub candidates: Vec<Candidate>,
    /// Who does.
    pub rep: RepId,
    /// Who would have been a candidate but for their capacity or a cap, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capped: Vec<RepId>,
    /// By which policy.
    #[serde(default, skip_serializing_if = "Policy::is_quota")]
    pub policy: Policy,
    /// What everybody in the pool is owed, where members left since the turn before it: what these were
    /// owed went to those who stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Vec<Credit>>,
    /// What it goes by besides, where the pool says more than its members.
    #[serde(default, skip_serializing_if = "Besides::is_plain")]
    pub besides: Besides,
}

impl Turn {
    /// A turn of a pool that nobody left since the turn before.
    #[must_use]
    pub fn new(pool: PoolId, candidates: Vec<Candidate>, rep: RepId, policy: Policy) -> Self {
        Self { pool, candidates, rep, capped: Vec::new(), policy, owed: None, besides: Besides::default() }
    }

    /// No turn, but that a person gave a lead to a member of this pool.
    #[must_use]
    pub fn by_hand(pool: PoolId, rotation: RotationId, rep: RepId) -> Self {
        let rotation = Some(rotation).filter(|rotation| rotation.as_str() != pool.as_str());
        let besides = Besides { by_hand: true, rotation, ..Besides::default() };
        Self { besides, ..Self::new(pool, Vec::new(), rep, Policy::LeastRecent) }
    }

    /// Whose turn it is in the rotation: the rep's own, or that of whom they stand in for.
    #[must_use]
    pub fn seat(&self) -> &RepId {
        self.besides.seat.as_ref().unwrap_or(&self.rep)
    }

    /// How it is measured who has least in hand, where it goes by that.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        self.policy.measure(self.besides.by)
    }

    /// The rotation that gave it.
    #[must_use]
    pub fn rotation(&self) -> RotationId {
        self.besides.rotation.clone().unwrap_or_else(|| RotationId::of(&self.pool))
    }
}
