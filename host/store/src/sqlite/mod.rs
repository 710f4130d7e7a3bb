//! The ports on one SQLite file.
//!
//! What writes goes to the one writer (`writer`), as a unit whose rows were made by the
//! caller; what reads goes to a pool of read-only connections. The statements are in `../sql`,
//! and `dialect` has what only SQLite says like this.

mod backup;
mod checkpoints;
mod dialect;
mod leasing;
mod open;
mod restore;
mod takeover;
mod writer;

#[path = "../sql/access.rs"]
mod access;
#[path = "../sql/added.rs"]
mod added;
#[path = "../sql/answered.rs"]
mod answered;
#[path = "../sql/board.rs"]
mod board;
#[path = "../sql/claim.rs"]
mod claim;
#[path = "../sql/coming.rs"]
mod coming;
#[path = "../sql/counters.rs"]
mod counters;
#[path = "../sql/decisions.rs"]
mod decisions;
#[path = "../sql/departed.rs"]
mod departed;
#[path = "../sql/dossier.rs"]
mod dossier;
#[path = "../sql/erase.rs"]
mod erase;
#[path = "../sql/failure.rs"]
mod failure;
#[path = "../sql/figures.rs"]
mod figures;
#[path = "../sql/given.rs"]
mod given;
#[path = "../sql/held.rs"]
mod held;
#[path = "../sql/inbox.rs"]
mod inbox;
#[path = "../sql/kept.rs"]
mod kept;
#[path = "../sql/keys.rs"]
mod keys;
#[path = "../sql/lanes.rs"]
mod lanes;
#[path = "../sql/leases.rs"]
mod leases;
#[path = "../sql/library.rs"]
mod library;
#[path = "../sql/log.rs"]
mod log;
#[path = "../sql/lookups.rs"]
mod lookups;
#[path = "../sql/many.rs"]
mod many;
#[path = "../sql/mends.rs"]
mod mends;
#[path = "../sql/outbox.rs"]
mod outbox;
#[path = "../sql/people.rs"]
mod people;
#[path = "../sql/private.rs"]
mod private;
#[path = "../sql/read.rs"]
mod read;
#[path = "../sql/record.rs"]
mod record;
#[path = "../sql/records.rs"]
mod records;
#[path = "../sql/renew.rs"]
mod renew;
#[path = "../sql/repair.rs"]
mod repair;
#[path = "../sql/retention.rs"]
mod retention;
#[path = "../sql/revisions.rs"]
mod revisions;
#[path = "../sql/rows.rs"]
mod rows;
#[path = "../sql/settle.rs"]
mod settle;
#[path = "../sql/shared.rs"]
mod shared;
#[path = "../sql/store.rs"]
mod store;
#[path = "../sql/strand.rs"]
mod strand;
#[path = "../sql/summing.rs"]
mod summing;
#[path = "../sql/tenant.rs"]
mod tenant;
#[path = "../sql/turns.rs"]
mod turns;
#[path = "../sql/unit.rs"]
mod unit;
#[path = "../sql/vault.rs"]
mod vault;
#[path = "../sql/waits.rs"]
mod waits;
#[path = "../sql/whom.rs"]
mod whom;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use rota_flow::ports::StoreError;

pub use backup::{Copied, back_up};
pub use restore::{Restored, restore};
pub use store::SqlStore as SqliteStore;

use checkpoints::Checkpoints;
use dialect::Own;
use keys::Keyring;
use open::Connections;
use writer::Writer;

use crate::sealing::Keys;

/// Opens a database file, which is sealed under these keys; it is made if it is not there, and
/// sealed if it is an older one.
///
/// # Errors
/// When the file cannot be used, or is sealed under another key: which, why, and what to do.
pub async fn open(path: impl AsRef<Path>, keys: Keys) -> Result<SqliteStore, StoreError> {
    let file = open::full_path(path.as_ref());
    let database: Arc<str> = file.display().to_string().into();
    let Connections { writer: mut connection, copier, readers, lookups } = open::connect(&file, &database).await?;
    let keys = Keyring::open(&mut connection, keys, &database).await?;
    takeover::seal(&mut connection, &keys).await.map_err(|failure| failure.of(&database))?;
    let checkpoints = Checkpoints::new(copier, Arc::clone(&database));
    let (writer, closed) =
        Writer::start(connection, checkpoints, Arc::clone(&database)).map_err(|error| StoreError::Unavailable {
            database: database.to_string(),
            detail: format!("its writer has no thread ({error}); let Rota have more of them"),
        })?;
    Ok(SqliteStore::new(database, (readers, lookups), writer, keys, Own { file, closed }))
}

impl SqliteStore {
    /// Closes the file after everything that was asked, for who must know when that is.
    pub async fn close(self) {
        self.readers.close().await;
        self.lookups.close().await;
        drop(self.writer);
        if self.own.closed.await.is_err() {
            tracing::error!(database = %self.database, "The writer ended in a panic");
        }
    }
}
