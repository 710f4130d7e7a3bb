//! A database with all the ports that there are, whichever it is.

use async_trait::async_trait;
use rota_flow::ports::{
    Access, Board, Leases, Library, Outbox, People, Retention, Revisions, Store, StoreError, Tenancy, Vault, Watch,
};

use crate::{PostgresStore, SqliteStore};

/// All the ports of one database.
#[async_trait]
pub trait Database:
    Store + Access + Board + Leases + Library + Outbox + People + Retention + Revisions + Tenancy + Vault + Watch
{
    /// Seals the tenants' keys under the host's current key, as its source has it now. With
    /// `below`, tenants get new keys, too, and their persons' keys and secrets are sealed
    /// under those.
    ///
    /// # Errors
    /// When the database fails, or a key is missing; then what is sealed under which stays.
    async fn renew(&self, below: bool) -> Result<Renewed, StoreError>;

    /// Closes it after everything that was asked, for who must know when that is.
    async fn close(self: Box<Self>);
}

/// What is sealed under new keys now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Tenants, under the host's current key.
    pub tenants: u64,
    /// Persons and secrets, under new keys of their tenants.
    pub below: u64,
}

#[async_trait]
impl Database for SqliteStore {
    async fn renew(&self, below: bool) -> Result<Renewed, StoreError> {
        Self::renew(self, below).await
    }

    async fn close(self: Box<Self>) {
        Self::close(*self).await;
    }
}

#[async_trait]
impl Database for PostgresStore {
    async fn renew(&self, below: bool) -> Result<Renewed, StoreError> {
        Self::renew(self, below).await
    }

    async fn close(self: Box<Self>) {
        Self::close(*self).await;
    }
}
