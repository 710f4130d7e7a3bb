//! The port to what whoever runs the host watches: how much waits and since when, what failed
//! and why, how the database is. It reads figures and ids, and nothing of a person.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{ConnectionId, TenantId};

use super::{LaneState, StoreError};

/// Things of one kind, and when the oldest of them began to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// How many.
    pub number: u64,
    /// Since when the oldest waits; none where nothing does.
    pub since: Option<Timestamp>,
}

/// How a tenant stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Whose.
    pub tenant: TenantId,
    /// Arrivals that wait to be decided.
    pub arrivals: Queue,
    /// Effects that wait to be delivered, since they were decided.
    pub effects: Queue,
    /// Effects that a person has to look at.
    pub dead: u64,
    /// Leads whose newest decision put them into a queue, so that nobody owns them as far as
    /// the store knows. Looked for among the newest [`LOOKED_AT`] such decisions.
    pub unassigned: Queue,
    /// Leads whose response target passed while the CRM had not confirmed their owner, and has
    /// not yet; since their targets. Looked for among as many.
    pub overdue: Queue,
}

/// How many decisions of a kind are looked at for the figures of a tenant: more than that
/// are an alarm anyway, and the figures shall cost the same however long that lasts.
pub const LOOKED_AT: u32 = 10_000;

/// Effects of one connection of a tenant that met the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Whose.
    pub tenant: TenantId,
    /// For which connection.
    pub connection: ConnectionId,
    /// [`LaneState::Dead`], or [`LaneState::Waiting`] where they are tried again.
    pub state: LaneState,
    /// What they met last: the name of a kind of trouble.
    pub trouble: &'static str,
    /// How many.
    pub effects: u64,
}

/// How the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `sqlite` or `postgresql`.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: u64,
    /// The number of its schema.
    pub schema: u32,
}

/// What the writer of this process did and has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Units that wait to be written.
    pub waiting: u64,
    /// Commits that failed since the process began.
    pub failed: u64,
}

/// What is watched.
#[async_trait]
pub trait Watch: Send + Sync {
    /// How each tenant stands now, by name.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn waits(&self, now: Timestamp) -> Result<Vec<Waits>, StoreError>;

    /// What effects met that are dead or are tried again, of every tenant.
    async fn failing(&self) -> Result<Vec<Failing>, StoreError>;

    /// How many decisions a tenant's log has since then.
    async fn decided_since(&self, tenant: &TenantId, since: Timestamp) -> Result<u64, StoreError>;

    /// How the database is.
    async fn health(&self) -> Result<Health, StoreError>;

    /// What the writer does; it asks nobody.
    fn writing(&self) -> Writing;
}
