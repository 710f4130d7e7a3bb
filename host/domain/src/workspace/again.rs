//! When a lead is decided about again: while nobody is there, and after nobody answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people::nearest;
use super::{Contradiction, Flow, Pool, Workspace};
use crate::agenda::trigger;
use crate::id::PoolId;

/// What becomes of a lead that a rule passed on because nobody of a pool was there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nobody {
    /// The flow's fallback takes it.
    #[default]
    Fallback,
    /// It waits until somebody is, before all newer leads.
    Wait,
    /// The turn is another pool's; if nobody is there either, the fallback takes it.
    Pool(PoolId),
}

impl Nobody {
    /// Whether it is the usual way.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        *self == Self::Fallback
    }
}

/// In what order leads that wait for a turn of a pool get one, and how fast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The property whose number says what a lead is worth: the highest goes first, and among equals
    /// what waited longest. Left out, that alone counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How many seconds pass between one lead that is let go and the next.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stagger: u32,
}

/// The longest pause between two leads that are let go.
const STAGGER_MAX: u32 = 3600;

impl Queue {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

pub(super) fn check_flow(flow: &Flow, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let wrong = |key: &str, message: String| Err(Contradiction::new(format!("/flows/{place}/{key}"), message));
    for (n, asked) in flow.ask_again.iter().enumerate() {
        if !trigger::WISHED.contains(&asked.as_str()) {
            let message = format!("flow `{}` asks again on `{asked}`; use {}", flow.id, trigger::WISHED.join(" or "));
            return wrong(&format!("ask_again/{n}"), message);
        }
    }
    match &flow.nobody {
        Nobody::Pool(pool) if workspace.pool(pool).is_none() => {
            let known = nearest(pool.as_str(), workspace.pools.iter().map(|known| known.id.as_str()));
            let message =
                format!("flow `{}` hands on to the pool `{pool}`, which is not among [[pools]]{known}", flow.id);
            wrong("nobody/pool", message)
        }
        _ => Ok(()),
    }
}

pub(super) fn check_pool(pool: &Pool, place: usize) -> Result<(), Contradiction> {
    if pool.queue.stagger > STAGGER_MAX {
        let message = format!(
            "pool `{}` lets a lead go every {} seconds, and an hour is the most; write 1 to {STAGGER_MAX}, or leave `stagger` out",
            pool.id, pool.queue.stagger
        );
        return Err(Contradiction::new(format!("/pools/{place}/queue/stagger"), message));
    }
    Ok(())
}

pub(super) fn check_offers(workspace: &Workspace) -> Result<(), Contradiction> {
    match &workspace.offers {
        Some(id) if workspace.destination(id).is_none() => {
            let known = nearest(id, workspace.destinations.iter().map(|known| known.id.as_str()));
            let message = format!("offers go to `{id}`, which is not among [[destinations]]{known}");
            Err(Contradiction::new("/offers", message))
        }
        _ => Ok(()),
    }
}
