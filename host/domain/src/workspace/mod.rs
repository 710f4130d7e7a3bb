//! One tenant's whole configuration, as `workspace.toml` says it.

mod condition;
mod flow;
mod people;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use condition::Condition;
pub use flow::{Connection, ConnectionKind, Enrol, Fallback, Flow, Minutes, Owned, Secret, Settings, Source};
pub use people::{Calendar, Match, Member, Policy, Pool, Rep, Table};

use crate::id::{ConnectionId, FlowId, PoolId, RepId, TenantId};

/// The workspace of one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// The tenant's name.
    #[serde(rename = "workspace")]
    pub tenant: TenantId,
    /// The IANA time zone that holds where nothing else is said.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Who may own leads.
    #[serde(default)]
    pub reps: Vec<Rep>,
    /// Named sets of reps, one rotation each.
    #[serde(default)]
    pub pools: Vec<Pool>,
    /// Working hours.
    #[serde(default)]
    pub calendars: Vec<Calendar>,
    /// Look-up tables.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// CRMs that leads come from and go back to.
    #[serde(default)]
    pub connections: Vec<Connection>,
    /// How a lead's source class is found; the first match wins.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Who decides about which leads; the first enrolled flow does.
    #[serde(default)]
    pub flows: Vec<Flow>,
}

fn utc() -> String {
    "UTC".into()
}

impl Workspace {
    /// The rep with this id.
    #[must_use]
    pub fn rep(&self, id: &RepId) -> Option<&Rep> {
        self.reps.iter().find(|rep| rep.id == *id)
    }

    /// The pool with this id.
    #[must_use]
    pub fn pool(&self, id: &PoolId) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.id == *id)
    }

    /// The flow with this id.
    #[must_use]
    pub fn flow(&self, id: &FlowId) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.id == *id)
    }

    /// The connection with this id.
    #[must_use]
    pub fn connection(&self, id: &ConnectionId) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.id == *id)
    }

    /// The first thing that contradicts itself here, with the place to look at. Names are
    /// checked, and numbers; files and plugins are the loader's.
    ///
    /// # Errors
    /// What is wrong, where (as in `pools.na.members`), and what to do.
    pub fn check(&self) -> Result<(), Contradiction> {
        no_repeats("reps", self.reps.iter().map(|rep| rep.id.as_str()))?;
        no_repeats("pools", self.pools.iter().map(|pool| pool.id.as_str()))?;
        no_repeats("flows", self.flows.iter().map(|flow| flow.id.as_str()))?;
        no_repeats("connections", self.connections.iter().map(|connection| connection.id.as_str()))?;
        no_repeats("calendars", self.calendars.iter().map(|calendar| calendar.id.as_str()))?;
        no_repeats("tables", self.tables.iter().map(|table| table.id.as_str()))?;
        for rep in &self.reps {
            rep.check()?;
        }
        for pool in &self.pools {
            pool.check(self)?;
        }
        for flow in &self.flows {
            flow.check(self)?;
        }
        Ok(())
    }
}

/// Something in a workspace that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Contradiction {
    /// A piece of text that stands where the mistake is, so that its line can be found.
    pub near: String,
    /// What is wrong, which thing, and what to do.
    pub message: String,
}

impl Contradiction {
    fn new(near: &str, message: impl Into<String>) -> Self {
        Self { near: near.into(), message: message.into() }
    }
}

fn no_repeats<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), Contradiction> {
    let mut seen = std::collections::HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            let message = format!("two {what} are called `{id}`: give one of them another id");
            return Err(Contradiction::new(id, message));
        }
        let sound = !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !sound {
            let message = format!(
                "`{id}` is no id for one of the {what}: use 1 to 64 letters, digits, hyphens, dots or underscores"
            );
            return Err(Contradiction::new(id, message));
        }
    }
    Ok(())
}
