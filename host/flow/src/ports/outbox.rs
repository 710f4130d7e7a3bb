//! The port to what has not reached the world yet, as a person looks at it: by state, by
//! connection, by cause; and many at once.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::delivery::Trouble;
use rota_domain::id::{ConnectionId, TenantId};

use super::{LaneState, OutboxRow, Repair, StoreError};

/// Which effects are looked for, and how many of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// In this state; without one, those that wait, are held or are dead.
    pub state: Option<LaneState>,
    /// For this connection.
    pub connection: Option<ConnectionId>,
    /// With this cause: the name of a [`Trouble`].
    pub cause: Option<String>,
    /// Behind the effect of this number.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// An effect as a person looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Its number; later effects have larger ones.
    pub number: u64,
    /// Where it is on its way.
    pub row: OutboxRow,
    /// What it met last.
    pub trouble: Option<Trouble>,
}

/// Effects of one connection that met the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The connection.
    pub connection: ConnectionId,
    /// Whether they are dead or tried again.
    pub state: LaneState,
    /// What they met.
    pub trouble: Trouble,
    /// How many.
    pub effects: u64,
    /// When the first of them met it, or is tried next.
    pub oldest: Timestamp,
}

/// Dead effects, to be mended together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// With this cause; without one, whatever it is.
    pub cause: Option<String>,
    /// Of this connection; without one, of all.
    pub connection: Option<ConnectionId>,
}

/// What waits for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The connection.
    pub connection: ConnectionId,
    /// Effects that may go, now or later.
    pub waiting: u64,
    /// Effects that a person has to look at.
    pub dead: u64,
}

/// What has not reached the world yet.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Effects, the oldest first. One that cannot be read is left out, and said in the
    /// operator's log.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn list(&self, tenant: &TenantId, sought: &Sought) -> Result<Vec<Letter>, StoreError>;

    /// What effects met that wait or are dead, the most frequent first.
    async fn causes(&self, tenant: &TenantId) -> Result<Vec<Cause>, StoreError>;

    /// Retries or drops dead effects, some hundreds in a commit, so that nobody waits for all
    /// of them. Gives the number.
    async fn mend(&self, tenant: &TenantId, group: &Group, repair: Repair, now: Timestamp) -> Result<u64, StoreError>;

    /// What waits for each connection that something waits for.
    async fn loads(&self, tenant: &TenantId) -> Result<Vec<Load>, StoreError>;

    /// Lets what waits for a connection be tried now, whatever time was set.
    async fn hurry(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<(), StoreError>;
}
