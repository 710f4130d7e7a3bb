//! Why a workspace stays as it is.

use rota_domain::id::TenantId;
use rota_flow::ports::StoreError;

use super::Fault;

/// Why a change was not made. Nothing has changed then: secrets that came with it are as they
/// were before.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The workspace is a directory's.
    #[error(
        "The server reads the workspace `{0}` from a directory, and it is changed there only: change the files and restart the server, or take the directory out of the server's configuration."
    )]
    ServedFromFiles(TenantId),
    /// Somebody else changed it first.
    #[error("The workspace is at revision {now} by now, and this was made for revision {base}.")]
    Moved {
        /// The revision that holds.
        now: u64,
        /// The one that it was made for.
        base: u64,
    },
    /// It cannot be used.
    #[error("The workspace is refused: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// There is no such revision, table or flow.
    #[error("There is no {0} here.")]
    Missing(String),
    /// The files of the revision are not in the database.
    #[error("Revision {0} was read from a directory: its files are there and not here.")]
    NoSource(u64),
    /// Too much waits already.
    #[error("The tenant cannot take a new revision now: {0}.")]
    Busy(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
