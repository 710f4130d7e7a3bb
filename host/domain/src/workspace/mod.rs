//! One tenant's whole configuration, as `workspace.toml` says it.

mod again;
mod backup;
mod cap;
mod condition;
mod destination;
mod flow;
mod near;
mod people;
mod percent;
mod records;
mod target;
mod turns;
mod weights;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use again::{Nobody, Queue};
pub use cap::{CAP_MAX, CAPS_MAX, Cap, Per};
pub use condition::{Condition, Test};
pub use destination::{Destination, connection_of};
pub use flow::{Connection, ConnectionKind, Enrol, Fallback, Flow, Minutes, Owned, Secret, Settings, Source};
pub use near::Near;
pub use people::{Calendar, Match, Member, Pool, Rep, Table, TimeOff};
pub use records::Records;
pub use target::{Target, Within};
pub use turns::{Manual, STOP_MAX, Scope};
pub use weights::Weights;

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
    /// Whom rules may send messages to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Destination>,
    /// How a lead's source class is found; the first match wins.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// How soon leads shall have their first answer, by class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// What says of a record that its lead is closed: whoever has it in hand has a place more then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Condition>,
    /// What says of a record that its lead was answered: its response target is met then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responded: Option<Condition>,
    /// The destination that is told when a rep is asked to take a lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers: Option<String>,
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

    /// The secrets that it names, each with the connection of the account or destination that
    /// needs it.
    pub fn secrets(&self) -> impl Iterator<Item = (&Secret, ConnectionId)> {
        let tokens =
            self.connections.iter().filter_map(|connection| Some((connection.token.as_ref()?, connection.id.clone())));
        tokens.chain(self.destinations.iter().map(|destination| (&destination.secret, destination.connection())))
    }

    /// The destination of this name.
    #[must_use]
    pub fn destination(&self, id: &str) -> Option<&Destination> {
        self.destinations.iter().find(|destination| destination.id == id)
    }

    /// The first thing that contradicts itself here, with the place to look at. Names are
    /// checked, and numbers; files and plugins are the loader's.
    ///
    /// # Errors
    /// What is wrong, where (as in `/pools/0/members/2/rep`), and what to do.
    pub fn check(&self) -> Result<(), Contradiction> {
        if !sound(self.tenant.as_str()) {
            return Err(Contradiction::new("/workspace", unsound("workspace", self.tenant.as_str())));
        }
        no_repeats("reps", self.reps.iter().map(|rep| rep.id.as_str()))?;
        no_repeats("pools", self.pools.iter().map(|pool| pool.id.as_str()))?;
        no_repeats("flows", self.flows.iter().map(|flow| flow.id.as_str()))?;
        no_repeats("connections", self.connections.iter().map(|connection| connection.id.as_str()))?;
        no_repeats("destinations", self.destinations.iter().map(|destination| destination.id.as_str()))?;
        no_repeats("calendars", self.calendars.iter().map(|calendar| calendar.id.as_str()))?;
        no_repeats("tables", self.tables.iter().map(|table| table.id.as_str()))?;
        for (place, rep) in self.reps.iter().enumerate() {
            rep.check(self, place)?;
        }
        for (place, pool) in self.pools.iter().enumerate() {
            pool.check(self, place)?;
        }
        for (place, calendar) in self.calendars.iter().enumerate() {
            calendar.check(place)?;
        }
        for (place, table) in self.tables.iter().enumerate() {
            records::check(table, self, place)?;
        }
        for (place, target) in self.targets.iter().enumerate() {
            target.check(self, place)?;
        }
        for (place, destination) in self.destinations.iter().enumerate() {
            destination.check(place)?;
        }
        again::check_offers(self)?;
        self.check_since_given()?;
        for (place, flow) in self.flows.iter().enumerate() {
            flow.check(self, place)?;
        }
        Ok(())
    }

    /// Only what is said of an answer can look at when the lead was given.
    fn check_since_given(&self) -> Result<(), Contradiction> {
        let enrol = |flow: &'_ Flow| flow.enrol.condition.clone();
        let flows = (0..).zip(&self.flows).map(|(n, flow)| (format!("/flows/{n}/enrol/where"), enrol(flow)));
        let sources =
            (0..).zip(&self.sources).map(|(n, of): (usize, _)| (format!("/sources/{n}/when"), Some(of.when.clone())));
        let caps = (0..).zip(&self.reps).flat_map(|(n, rep): (usize, _)| {
            (0..).zip(&rep.caps).map(move |(m, cap): (usize, _)| (format!("/reps/{n}/caps/{m}/when"), cap.when.clone()))
        });
        let records = |table: &Table| table.records.as_ref().and_then(|records| records.when.clone());
        let tables =
            (0..).zip(&self.tables).map(|(n, of): (usize, _)| (format!("/tables/{n}/records/when"), records(of)));
        let closed = std::iter::once(("/closed".to_owned(), self.closed.clone()));
        let mut all = flows.chain(sources).chain(caps).chain(tables).chain(closed);
        let wrong = all.find(|(_, condition)| condition.as_ref().is_some_and(Condition::is_since_given));
        let message =
            "since_given is for `responded`, which is asked of leads that somebody has; test something else here";
        wrong.map_or(Ok(()), |(at, _)| Err(Contradiction::new(at, message)))
    }
}

/// Something in a workspace that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Contradiction {
    /// Where the mistake is: a JSON pointer (RFC 6901) into the workspace, such as
    /// `/pools/0/members/2/rep`.
    pub at: String,
    /// What is wrong, which thing, and what to do.
    pub message: String,
}

impl Contradiction {
    fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

fn no_repeats<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), Contradiction> {
    let mut seen = std::collections::HashSet::new();
    for (place, id) in ids.enumerate() {
        let at = format!("/{what}/{place}/id");
        if !seen.insert(id) {
            return Err(Contradiction::new(at, format!("two {what} are called `{id}`; give one of them another id")));
        }
        if !sound(id) {
            return Err(Contradiction::new(at, unsound(&format!("one of the {what}"), id)));
        }
    }
    Ok(())
}

/// Ids stand in URLs, in file names and, before a colon, in the names of leads.
fn sound(id: &str) -> bool {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    plain && !id.is_empty() && id.len() <= 64
}

fn unsound(what: &str, id: &str) -> String {
    format!("`{id}` is no id for {what}; use 1 to 64 letters, digits, hyphens, dots or underscores")
}
