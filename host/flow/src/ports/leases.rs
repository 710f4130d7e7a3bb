//! The port to what hosts of one database tell each other: which of them are there, and which of
//! them decides for whom. This is affinity only: it keeps one tenant's work on one host, so that
//! two do not throw away what the other decided. That each lead is decided once rests on the
//! compare-and-set of `Store::record`, whoever holds a lease, and never on this.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{HostId, TenantId};

use super::{Accepted, Keyed, Payload, StoreError};

/// A call that another host is to decide about. Once it is stored, it is a promise: it is decided
/// about though its caller leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// By which its answer is found.
    pub call: Keyed,
    /// What is asked: a `Payload::Call`.
    pub payload: Payload,
}

/// How leases stand, and for whom something waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leased {
    /// Who holds the lease of each tenant that was ever taken, whether they are still there or not.
    pub holders: BTreeMap<TenantId, HostId>,
    /// Tenants in whose inbox something waits.
    pub waiting: BTreeSet<TenantId>,
}

/// Hosts of one database, and the leases of its tenants. A lease is worth something only as long as
/// its holder says that it is there, which is one row, however many leases it has.
#[async_trait]
pub trait Leases: Send + Sync {
    /// A host begins: hosts that are not there any more are forgotten. On a database in a file all
    /// are: most likely there was one, which was killed, and any other says again that it is there.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn begin(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Says that a host is there until then.
    async fn stay(&self, host: &HostId, until: Timestamp) -> Result<(), StoreError>;

    /// The hosts that said so, each with the time until which it is there, which may be past.
    async fn hosts(&self) -> Result<BTreeMap<HostId, Timestamp>, StoreError>;

    /// How leases stand.
    async fn leased(&self) -> Result<Leased, StoreError>;

    /// Takes the lease of a tenant, unless somebody has it who is there now; says whether it is
    /// this host's.
    async fn take(&self, host: &HostId, tenant: &TenantId, now: Timestamp) -> Result<bool, StoreError>;

    /// Gives up the leases that a host has of these tenants.
    async fn give_up(&self, host: &HostId, tenants: &[TenantId]) -> Result<(), StoreError>;

    /// A host goes, and all its leases are free.
    async fn leave(&self, host: &HostId) -> Result<(), StoreError>;

    /// Puts calls into the inbox of their tenant, all in one commit, for whoever decides there;
    /// answers for each, in order. A key that is there already, decided or not, is a duplicate.
    async fn post(&self, tenant: &TenantId, calls: Vec<Posted>) -> Result<Vec<Accepted>, StoreError>;
}
