//! The port to a workspace's past: what it was at each revision, and whence that came.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{Digest, TenantId};
use rota_domain::workspace::Workspace;

use super::StoreError;

/// Whence a revision came that somebody applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who applied it.
    pub who: String,
    /// Why, in their words.
    pub note: Option<String>,
    /// Under which digest its files are kept.
    pub source: Digest,
}

/// A revision of a tenant's workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its number: that of its entry in the log.
    pub number: u64,
    /// Since when it held.
    pub at: Timestamp,
    /// Whence it came; none where the host read it from a directory.
    pub origin: Option<Origin>,
}

/// How much a tenant keeps of its revisions' files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many bytes there are.
    pub bytes: u64,
    /// How many more there would be.
    pub more: u64,
}

/// The revisions of tenants. They are written with the log, in the commit that enters them.
#[async_trait]
pub trait Revisions: Send + Sync {
    /// The revisions before this number, or all of them, the newest first.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn revisions(&self, tenant: &TenantId, before: Option<u64>, limit: u32) -> Result<Vec<Past>, StoreError>;

    /// A revision with what the workspace was then; none where the tenant has no such one.
    async fn revision(&self, tenant: &TenantId, number: u64) -> Result<Option<(Past, Workspace)>, StoreError>;

    /// Whether a flow of any of them had this component.
    async fn had_component(&self, tenant: &TenantId, component: &Digest) -> Result<bool, StoreError>;

    /// How many bytes the tenant keeps, and how many these things, each with its bytes, would
    /// add; uploaded plugins apart, which are counted on their own.
    async fn bytes_with(&self, tenant: &TenantId, things: &BTreeMap<Digest, u64>) -> Result<Kept, StoreError>;
}
