//! A person says that a rep is away, or back. It goes through the tenant's log like everything
//! that decisions see: a server that runs meanwhile meets the entry, loads again, and decides
//! what it was deciding under the new state.

use jiff::Timestamp;
use rota_domain::event::Status;
use rota_domain::id::{RepId, TenantId};

use crate::ports::{Entry, EntryBody, Store, StoreError};

/// How often the log is read anew where others write to it, too.
const ATTEMPTS: u32 = 100;

/// Why a rep's status was not changed.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The workspace has no such rep.
    #[error("the workspace of `{tenant}` has no rep `{rep}`")]
    NoRep {
        /// The tenant.
        tenant: TenantId,
        /// The rep that was asked for.
        rep: RepId,
    },
    /// The store failed, or others were always first.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets what a rep is from now on, and gives what the rep was last said to be. Saying the same
/// again enters nothing.
///
/// # Errors
/// When there is no such rep, or the store fails; nothing has changed then.
pub async fn set(
    store: &dyn Store,
    tenant: &TenantId,
    rep: &RepId,
    status: Status,
    now: Timestamp,
) -> Result<Option<Status>, StatusError> {
    let mut attempt = 1;
    loop {
        // Nobody joins a decision here, so none is asked for.
        let snapshot = store.load(tenant, now).await?;
        let known = snapshot.workspace.as_ref().and_then(|(_, workspace)| workspace.rep(rep));
        if known.is_none() {
            return Err(StatusError::NoRep { tenant: tenant.clone(), rep: rep.clone() });
        }
        let before = snapshot.statuses.get(rep).copied();
        if before == Some(status) {
            return Ok(before);
        }
        let body = EntryBody::Rep { rep: rep.clone(), status };
        match store.record(tenant, snapshot.seq, vec![Entry { at: now, inbox: None, body }]).await {
            Ok(()) => return Ok(before),
            Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}
