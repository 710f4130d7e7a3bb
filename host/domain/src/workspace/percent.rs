//! Weights that are written as percentages.

use super::{Contradiction, Pool};
use crate::fairness::Policy;

/// Whether a pool's percentages can be meant: all members have one, and they come to a hundred.
pub(super) fn check(pool: &Pool, place: usize) -> Result<(), Contradiction> {
    let id = &pool.id;
    let Some(first) = pool.members.iter().position(|member| member.percent.is_some()) else { return Ok(()) };
    let at = |n: usize, key: &str| format!("/pools/{place}/members/{n}{key}");
    if pool.policy != Policy::Quota {
        let message = format!(
            "pool `{id}` has the policy `{}`, which knows no percentages; leave `percent` out, or use the policy `quota`",
            pool.policy.name()
        );
        return Err(Contradiction::new(at(first, "/percent"), message));
    }
    for (n, member) in pool.members.iter().enumerate() {
        let rep = &member.rep;
        if member.percent.is_none() {
            let message = format!("pool `{id}` has percentages, and none for `{rep}`; give every member one");
            return Err(Contradiction::new(at(n, ""), message));
        }
        if member.weight != 1 {
            let message = format!("`{rep}` has a weight and a percentage in pool `{id}`; keep one of them");
            return Err(Contradiction::new(at(n, "/weight"), message));
        }
    }
    let total: u64 = pool.members.iter().filter_map(|member| member.percent).map(u64::from).sum();
    if total != 100 {
        let message = format!("the percentages of pool `{id}` come to {total}; let them come to 100");
        return Err(Contradiction::new(format!("/pools/{place}/members"), message));
    }
    Ok(())
}
