//! What `rota demo --json` prints: the totals of a demonstration.

use std::collections::BTreeMap;

use rota_domain::decision::Outcome;
use rota_domain::fairness::PoolReport;
use rota_domain::id::{PoolId, RepId};
use rota_domain::workspace::Workspace;
use serde::{Deserialize, Serialize};

/// The totals of a demonstration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoReport {
    /// Leads that came.
    pub leads: u64,
    /// Of them, those that were somebody's second.
    pub duplicates: u64,
    /// What became of them.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Leads that a fallback took.
    pub fallback: u64,
    /// Decisions that a rule failed to take.
    pub failed: u64,
    /// Records that should have an owner by now.
    pub owners_expected: u64,
    /// Records that have one, as the CRM says.
    pub owners_in_crm: u64,
    /// Records whose owner in the CRM is not the one that was decided.
    pub mismatches: u64,
    /// How fair it was.
    pub pools: Vec<DemoPool>,
    /// How long the rules took, in microseconds.
    pub decide_us: Percentiles,
    /// From the creation in the CRM to the confirmed owner, in milliseconds.
    pub end_to_end_ms: Percentiles,
    /// Where the decisions are kept.
    pub database: String,
    /// The seed; the same one gives the same leads.
    pub seed: u64,
}

/// How fairly one pool's leads were given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoPool {
    /// The pool.
    pub pool: PoolId,
    /// Its policy.
    pub policy: String,
    /// How far a rep could be from the exact share, in leads.
    pub bound: f64,
    /// How far one was, at most.
    pub max_abs_lag: f64,
    /// Its reps, in the workspace's order.
    pub members: Vec<DemoMember>,
}

/// How one rep fared in a pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoMember {
    /// Who.
    pub rep: RepId,
    /// Their weight.
    pub weight: u32,
    /// Leads got by turn.
    pub count: u64,
    /// The exact share, in leads.
    pub due: f64,
}

/// The middle and the slow end of many measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of them are no larger.
    pub p50: f64,
    /// All but one in a hundred are no larger.
    pub p99: f64,
}

impl Percentiles {
    /// Of these measurements, by nearest rank; zeros where there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let rank = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100).saturating_sub(1);
            values.get(place).copied().unwrap_or(0.0)
        };
        Self { p50: rank(50), p99: rank(99) }
    }
}

impl DemoPool {
    /// The pools of a workspace, with what the log's turns give. A pool without turns is
    /// listed too.
    #[must_use]
    pub fn all(workspace: &Workspace, reports: &[PoolReport]) -> Vec<Self> {
        workspace
            .pools
            .iter()
            .map(|pool| {
                let report = reports.iter().find(|report| report.pool == pool.id);
                let (bound, max_abs_lag) = report.map_or((0.0, 0.0), PoolReport::widest);
                let members = pool.members.iter().map(|member| {
                    let fared = report.and_then(|report| report.members.iter().find(|fared| fared.rep == member.rep));
                    DemoMember {
                        rep: member.rep.clone(),
                        weight: member.share(),
                        count: fared.map_or(0, |fared| fared.got),
                        due: fared.map_or(0.0, |fared| rounded(fared.due)),
                    }
                });
                Self {
                    pool: pool.id.clone(),
                    policy: pool.policy.name().into(),
                    bound: rounded(bound),
                    max_abs_lag: rounded(max_abs_lag),
                    members: members.collect(),
                }
            })
            .collect()
    }
}

/// Credits are kept in 2^-40 leads; what is left of that below a millionth is noise to people.
fn rounded(leads: f64) -> f64 {
    (leads * 1e6).round() / 1e6
}
