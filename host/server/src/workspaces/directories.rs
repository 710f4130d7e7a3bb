//! The directories that a host is started with and that do not speak for themselves: those that
//! cannot be read, and those that hold although somebody applied another workspace since.

use std::collections::BTreeSet;
use std::path::Path;

use rota_domain::id::TenantId;
use rota_flow::ports::{Revisions, Store, StoreError};

use crate::config::{Loaded, whose};
use crate::last_good::last_good;

/// What there is to say of directories besides what is in them.
#[derive(Debug, Default)]
pub struct Directories {
    /// Those that cannot be read.
    pub unread: Vec<Unread>,
    /// Tenants whose workspace is their directory's, though it was applied over HTTP since.
    pub hold: BTreeSet<TenantId>,
}

/// A directory that cannot be read.
#[derive(Debug)]
pub struct Unread {
    /// What a person calls it.
    name: String,
    /// Whose it is, as far as that can be read.
    tenant: Option<TenantId>,
    /// What is wrong with it.
    error: anyhow::Error,
}

impl Unread {
    /// The directory at this path, with what is wrong with it.
    #[must_use]
    pub fn new(path: &Path, error: anyhow::Error) -> Self {
        Self { name: path.display().to_string(), tenant: whose(path), error }
    }

    /// What failed, and why.
    pub(super) fn failed(self) -> Failed {
        Failed { what: format!("The directory {}", self.name), tenant: self.tenant, error: self.error }
    }
}

/// What the host cannot serve, and others do not suffer from.
pub(super) struct Failed {
    pub(super) what: String,
    pub(super) tenant: Option<TenantId>,
    pub(super) error: anyhow::Error,
}

/// Serves the last workspaces that came from directories which cannot be read now, as if they
/// were still there; gives those that have none. So it is with tenants whose directory is to
/// hold and that none which could be read is of. A workspace that somebody applied is none of
/// those: it is the tenant's own word, and no directory's.
///
/// # Errors
/// When the store fails.
pub async fn stand_in(
    told: Directories,
    served: &mut Vec<Loaded>,
    store: &dyn Store,
    revisions: &dyn Revisions,
) -> Result<Vec<Unread>, StoreError> {
    let mut left = Vec::new();
    for directory in told.unread {
        let Some(tenant) = &directory.tenant else {
            left.push(directory);
            continue;
        };
        match last_of_directory(tenant, served, store, revisions).await? {
            Some((revision, loaded)) => {
                let (name, error) = (&directory.name, &directory.error);
                tracing::error!(
                    "The directory {name} is refused, and revision {revision} of `{tenant}` stays: {error:#}"
                );
                served.push(loaded);
            }
            None => left.push(directory),
        }
    }
    for tenant in &told.hold {
        if let Some((revision, loaded)) = last_of_directory(tenant, served, store, revisions).await? {
            tracing::error!("The directory of `{tenant}` holds and was not read, and its revision {revision} stays");
            served.push(loaded);
        }
    }
    Ok(left)
}

/// The last workspace of a tenant that is not served, with the number of its revision, if it
/// came from a directory.
async fn last_of_directory(
    tenant: &TenantId,
    served: &[Loaded],
    store: &dyn Store,
    revisions: &dyn Revisions,
) -> Result<Option<(u64, Loaded)>, StoreError> {
    let newest = revisions.revisions(tenant, None, 1).await?;
    let is_directorys = newest.first().is_some_and(|past| past.origin.is_none());
    if !is_directorys || served.iter().any(|loaded| loaded.workspace.tenant == *tenant) {
        return Ok(None);
    }
    let last = last_good(store, tenant).await?;
    Ok(last.map(|(revision, loaded)| (revision, Loaded { trusted: true, ..loaded })))
}
