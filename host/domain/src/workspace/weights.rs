//! Weights of a pool's members that come from a metric.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people::nearest;
use super::{Contradiction, Match, Pool, Workspace};
use crate::fairness::Policy;

/// The most days of a window: ten years.
const DAYS_MAX: u32 = 3_660;

/// Where a pool's weights come from, in place of its members': under `pecking-order`, where its scores do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The table that has them: one with `match = "dated"`, whose keys are the ids of reps.
    pub metric: String,
    /// What was dated within so many times 24 hours is added up. Left out, the newest number counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// What whoever has less is taken to have. With 0, who has nothing takes no turns.
    pub floor: u32,
}

/// Whether a pool's weights can be meant.
pub(super) fn check(pool: &Pool, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let Some(weights) = &pool.weights else { return Ok(()) };
    let id = &pool.id;
    let wrong = |key: &str, message| Err(Contradiction::new(format!("/pools/{place}/{key}"), message));
    let dated = |table: &&super::Table| table.matching == Match::Dated;
    match workspace.tables.iter().find(|table| table.id == weights.metric) {
        Some(table) if dated(&table) => {}
        Some(_) => {
            let message = format!(
                "pool `{id}` takes weights from the table `{}`, whose rows have no dates; say match = \"dated\" there, with rows of `key,at,value`",
                weights.metric
            );
            return wrong("weights/metric", message);
        }
        None => {
            let known = nearest(&weights.metric, workspace.tables.iter().filter(dated).map(|table| table.id.as_str()));
            let message =
                format!("pool `{id}` takes weights from `{}`, which is not among [[tables]]{known}", weights.metric);
            return wrong("weights/metric", message);
        }
    }
    if let Some(days) = weights.days.filter(|days| !(1..=DAYS_MAX).contains(days)) {
        return wrong(
            "weights/days",
            format!("a window of {days} days (pool `{id}`) cannot be; write 1 to {DAYS_MAX}"),
        );
    }
    if !pool.policy.knows_weights() && pool.policy != Policy::PeckingOrder {
        let message = format!(
            "pool `{id}` has the policy `{}`, which knows no weights; leave `weights` out, or use the policy `quota`",
            pool.policy.name()
        );
        return wrong("weights", message);
    }
    let own = |member: &super::Member| member.weight > 1 || member.percent.is_some() || member.score.is_some();
    if let Some(n) = pool.members.iter().position(own) {
        let message = format!(
            "pool `{id}` takes weights from `{}`, and `{}` has one, too; keep one of both",
            weights.metric, pool.members[n].rep
        );
        return wrong(&format!("members/{n}"), message);
    }
    Ok(())
}
