//! Opening a database file: its permissions, its pragmas and its version.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rota_flow::ports::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};

use super::failure::{Failure, unavailable};

/// The schema's versions, oldest first. Each sets `user_version` to its place, from 1.
pub(super) const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_kept.sql"),
    include_str!("../../migrations/sqlite/0003_service.sql"),
];

/// How long a statement waits for another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements that stay prepared on a connection. A statement over many rows exists in
/// twelve lengths.
const PREPARED: usize = 256;

/// Memory for the writer's pages, in KiB where negative: indexes over digests are touched
/// everywhere. More would not be quicker: after each commit that split a page, SQLite looks
/// through all of it (`pcache1Truncate`, since `balance_nonroot` swaps pages by way of a number
/// behind the end).
const WRITER_CACHE: &str = "-8192";

/// After this many pages, SQLite copies the log of the database into the file by itself: 128 MiB.
/// [`Checkpoints`](super::checkpoints) come long before; this is for when they cannot.
const CHECKPOINT: &str = "32768";

/// Connections that read: they see the last commit without waiting for the writer.
const READERS: u32 = 4;

/// Connections for look-ups: every lead waits for some, so they do not wait for those who read
/// long lists.
const LOOKUPS: u32 = 2;

/// The connections of one file.
pub(super) struct Connections {
    /// The one that writes.
    pub(super) writer: SqliteConnection,
    /// The one that copies the log of the database into the file beside it.
    pub(super) copier: SqliteConnection,
    pub(super) readers: SqlitePool,
    pub(super) lookups: SqlitePool,
}

/// Connects to this file; it is made if it is not there.
pub(super) async fn connect(file: &Path, database: &str) -> Result<Connections, StoreError> {
    let refused = |detail: String| StoreError::Unavailable { database: database.into(), detail };
    create(file).map_err(refused)?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(PREPARED)
        .row_buffer_size(512)
        // A statement's text says nothing that its error does not say.
        .disable_statement_logging();
    let writing = options
        .clone()
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", WRITER_CACHE)
        // What a unit may have to undo is kept in memory and not in a file beside.
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", CHECKPOINT)
        // What is deleted on a page that is written anyway is overwritten: so a dropped key is.
        .pragma("secure_delete", "FAST");
    let mut writer = writing.connect().await.map_err(|error| unavailable(database, &error))?;
    migrate(&mut writer, database).await.map_err(|failure| failure.of(database))?;
    // Only now it is certain that the file is ours.
    sqlx::raw_sql("PRAGMA journal_mode = WAL")
        .execute(&mut writer)
        .await
        .map_err(|error| unavailable(database, &error))?;
    let copier = options.clone().synchronous(SqliteSynchronous::Full).connect().await;
    let copier = copier.map_err(|error| unavailable(database, &error))?;
    let pool = |most| {
        let pool = SqlitePoolOptions::new().max_connections(most).test_before_acquire(false);
        pool.connect_lazy_with(options.clone().read_only(true))
    };
    Ok(Connections { writer, copier, readers: pool(READERS), lookups: pool(LOOKUPS) })
}

/// Copies the log of the database into the file and empties it, so that no older page with a
/// key that was dropped stays in it. Where readers or writers are in the way, it is left to
/// the next checkpoint.
pub(super) async fn checkpoint(file: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(BUSY_TIMEOUT).disable_statement_logging();
    let mut connection = options.connect().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await
}

/// The file's full path: messages name it, and SQLite must not read a URI out of it.
pub(super) fn full_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Makes the file, for its owner only; SQLite gives its companions the same permissions.
fn create(file: &Path) -> Result<(), String> {
    if file.is_dir() {
        return Err("it is a directory; name a file in it, such as rota.db".into());
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = match options.open(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => usable(file),
        made => made.map(drop),
    };
    match made {
        Ok(()) => Ok(()),
        Err(error) => Err(match error.kind() {
            ErrorKind::NotFound => format!("its folder does not exist; make it first ({error})"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                format!("it may not be written; check the permissions of the file and of its folder ({error})")
            }
            _ => format!("it cannot be opened ({error})"),
        }),
    }
}

/// Whether a file that is there may be read and written. It is not opened for that: when a process closes a file,
/// POSIX drops all locks that the process has on it, also those of databases that it has open
/// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
fn usable(file: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    rustix::fs::access(file, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK)?;
    #[cfg(not(unix))]
    std::fs::metadata(file)?;
    Ok(())
}

/// Brings the schema to this version, in one transaction.
async fn migrate(connection: &mut SqliteConnection, database: &str) -> Result<(), Failure> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
    let version = if tables > 0 { known_schema(connection, database).await? } else { 0 };
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..)).unwrap_or_default();
    for migration in missing {
        sqlx::raw_sql(*migration).execute(&mut *connection).await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(())
}

/// The version of a database's schema, if it is Rota's and this version knows it.
pub(super) async fn known_schema(connection: &mut SqliteConnection, database: &str) -> Result<i64, Failure> {
    let refused = |detail: String| Failure::Store(StoreError::Unavailable { database: database.into(), detail });
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if application != i64::from_be_bytes(*b"\0\0\0\0Rota") {
        return Err(refused("it belongs to another program; name another file".into()));
    }
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let known = MIGRATIONS.len();
    if !usize::try_from(version).is_ok_and(|version| version <= known) {
        return Err(refused(format!(
            "it was written by a newer Rota (schema {version}; this one knows {known}); start that version, or name another file"
        )));
    }
    Ok(version)
}
