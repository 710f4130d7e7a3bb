//! What a pool says of its turns besides its policy: whose rotation they are of, what becomes of
//! those of who is absent, and when a leader is stopped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contradiction, Pool, Workspace, sound, unsound};
use crate::fairness::{Absent, Allowance, CREDIT_MAX, Measure, Policy};
use crate::id::{FlowId, PoolId, RepId, RotationId, TenantId};

/// The most leads that a leader may be allowed to be ahead.
pub const STOP_MAX: u32 = 1_000_000;

/// Whose rotation a pool's turns are of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The pool's: all flows share it.
    #[default]
    Pool,
    /// The flow's: each has one of its own in this pool.
    Flow,
    /// That of all pools which name this group.
    Group(String),
    /// That of all pools which say so.
    Tenant,
}

impl Scope {
    /// Whether it is the usual one.
    #[must_use]
    pub fn is_pool(&self) -> bool {
        *self == Self::Pool
    }

    /// The rotation that gives a turn of this pool; none where it is the pool's own. Without a flow it
    /// is that as well.
    #[must_use]
    pub fn rotation(&self, pool: &PoolId, flow: Option<&FlowId>, tenant: &TenantId) -> Option<RotationId> {
        // No id has a slash or a colon.
        match self {
            Self::Pool => None,
            Self::Flow => flow.map(|flow| format!("{pool}/{flow}").into()),
            Self::Group(group) => Some(format!("group:{group}").into()),
            Self::Tenant => Some(format!("tenant:{tenant}").into()),
        }
    }
}

/// Whether owners whom people chose in the CRM count as served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Manual {
    /// Only turns do.
    #[default]
    Ignore,
    /// They do, once they are seen.
    Count,
}

impl Manual {
    /// Whether it is the usual one.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        *self == Self::Ignore
    }
}

impl Workspace {
    /// The pool in which it counts that a person chose this rep.
    #[must_use]
    pub fn counts_by_hand(&self, rep: &RepId) -> Option<&Pool> {
        let is_member = |pool: &&Pool| pool.members.iter().any(|member| member.rep == *rep);
        self.pools.iter().filter(|pool| !pool.manual.is_ignored()).find(is_member)
    }
}

impl Pool {
    /// How it is measured who has least in hand, where turns go by that.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        self.policy.measure(self.by)
    }

    /// What becomes of the turns of who is absent.
    #[must_use]
    pub fn absence(&self) -> Absent {
        self.absent.unwrap_or(if self.policy == Policy::LeastRecent { Absent::Hold } else { Absent::Skip })
    }

    /// Whether turns of this pool are of that rotation.
    #[must_use]
    pub fn is_of(&self, rotation: &RotationId, tenant: &TenantId) -> bool {
        let own = RotationId::of(&self.id);
        match &self.scope {
            Scope::Pool => *rotation == own,
            Scope::Flow => {
                let rest = rotation.as_str().strip_prefix(own.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            shared => shared.rotation(&self.id, None, tenant).as_ref() == Some(rotation),
        }
    }
}

/// Whether what a pool says of its turns can be meant.
pub(super) fn check(pool: &Pool, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let (id, policy) = (&pool.id, pool.policy.name());
    let wrong = |key: &str, message| Err(Contradiction::new(format!("/pools/{place}/{key}"), message));
    match pool.stop {
        Some(0) => {
            let message = format!(
                "pool `{id}` would stop everybody who has had a lead more than another; let `stop` be 1 or more, or leave it out"
            );
            return wrong("stop", message);
        }
        Some(leads @ STOP_MAX..) if leads > STOP_MAX => {
            return wrong(
                "stop",
                format!("a stop of {leads} leads (pool `{id}`) is too large; {STOP_MAX} are the most"),
            );
        }
        _ => {}
    }
    if pool.absent.is_some() && !matches!(pool.policy, Policy::Quota | Policy::InTurn | Policy::LeastRecent) {
        let message = format!(
            "pool `{id}` has the policy `{policy}`, where nobody misses a turn; leave `absent` out, or use `quota`, `in-turn` or `least-recent`"
        );
        return wrong("absent", message);
    }
    by_hand(pool, workspace, place)?;
    if !pool.by.is_count() && pool.policy != Policy::MostFreeCapacity {
        let message = format!(
            "pool `{id}` has the policy `{policy}`, which measures nothing; leave `by` out, or use the policy `most-free-capacity`"
        );
        return wrong("by", message);
    }
    if pool.policy == Policy::MostFreeCapacity {
        let unlimited = |rep| workspace.rep(rep).is_some_and(|rep| rep.capacity.is_none());
        if let Some(n) = pool.members.iter().position(|member| unlimited(&member.rep)) {
            let message = format!(
                "`{}` has no capacity, and pool `{id}` goes by how much of it is free; give each member a `capacity`, or use the policy `fewest-open`",
                pool.members[n].rep
            );
            return wrong(&format!("members/{n}/rep"), message);
        }
    }
    if let Some(Absent::Credit(Allowance { leads, expires })) = pool.absent {
        if !(1..=CREDIT_MAX).contains(&leads) {
            let message = format!("pool `{id}` keeps {leads} turns for an absent member; keep 1 to {CREDIT_MAX}");
            return wrong("absent/credit", message);
        }
        if expires.0 == 0 {
            let message =
                format!("pool `{id}` keeps turns for no time at all; say for how long, as in \"30d\", or use \"skip\"");
            return wrong("absent/expires", message);
        }
    }
    match &pool.scope {
        Scope::Group(group) if !sound(group) => return wrong("scope/group", unsound("a group", group)),
        Scope::Pool | Scope::Flow => return Ok(()),
        Scope::Group(_) | Scope::Tenant => {}
    }
    agree(pool, workspace, place)
}

/// Whether owners whom people chose can count in a pool.
fn by_hand(pool: &Pool, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    if pool.manual.is_ignored() {
        return Ok(());
    }
    let id = &pool.id;
    let wrong = |key: &str, message| Err(Contradiction::new(format!("/pools/{place}/{key}"), message));
    if pool.policy != Policy::LeastRecent {
        let policy = pool.policy.name();
        let message = format!(
            "pool `{id}` has the policy `{policy}`, which does not go by who was served when; leave `manual` out, or use the policy `least-recent`"
        );
        return wrong("manual", message);
    }
    for (n, member) in pool.members.iter().enumerate() {
        if let Some(other) = workspace.counts_by_hand(&member.rep).filter(|other| other.id != *id) {
            let message = format!(
                "`{}` is in the pools `{}` and `{id}`, and a lead that somebody gives them by hand can count in one; let only one of both say manual = \"count\"",
                member.rep, other.id
            );
            return wrong(&format!("members/{n}/rep"), message);
        }
    }
    Ok(())
}

/// Pools that share a rotation give turns in one way.
fn agree(pool: &Pool, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let Some(first) = workspace.pools[..place].iter().find(|other| other.scope == pool.scope) else {
        return Ok(());
    };
    let differs = [
        ("policy", first.policy != pool.policy),
        ("absent", first.absence() != pool.absence()),
        ("stop", first.stop != pool.stop),
        ("by", first.by != pool.by),
    ];
    if let Some((key, _)) = differs.into_iter().find(|(_, differs)| *differs) {
        let message = format!(
            "the pools `{}` and `{}` share a rotation and differ in `{key}`; let them agree, or give one another scope",
            first.id, pool.id
        );
        return Err(Contradiction::new(format!("/pools/{place}/{key}"), message));
    }
    Ok(())
}
