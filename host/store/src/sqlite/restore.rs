//! A backup takes the place of a database.
//!
//! What is put there is a copy of the backup that was read through, so that the backup stays as it
//! is. The database that was there is kept under another name. Its name changes hands in one step:
//! whoever looks finds the one or the other.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rota_domain::id::{LeadId, TenantId};
use rota_flow::ports::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::backup::{Copied, Unfinished, beside, failed, look_into, name, refused, sync_folder};
use super::failure::{Failure, unavailable};
use super::keys::{Host, check};
use super::open::full_path;
use crate::sealing::Keys;

/// The first schema under which databases are sealed.
const SEALED: i64 = 3;

/// How every SQLite database begins; see <https://www.sqlite.org/fileformat.html>.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is in the database now.
    pub held: Copied,
    /// Where the database is that was there before, if there was one.
    pub before: Option<PathBuf>,
    /// Leads of persons who are in the backup and were erased in the database that was there
    /// before; they have to be erased again.
    pub erased: Vec<(TenantId, LeadId)>,
    /// The database that was there before could not be asked whom it had erased.
    pub unasked: bool,
}

/// Puts a backup in the place of a database, which need not be there; `keep` is where the one that is
/// there is kept. Whatever waits to be delivered counts as sent once, since it may have been after
/// the backup: what a second attempt would double is then looked for first.
///
/// # Errors
/// When the backup is damaged, another program's, a newer Rota's or sealed under another key; when
/// somebody has the database open; when the disk fails. Then nothing was changed.
pub async fn restore(backup: &Path, database: &Path, keep: &Path, keys: &Keys) -> Result<Restored, StoreError> {
    let (backup, database, keep) = (full_path(backup), full_path(database), full_path(keep));
    let log = beside(&backup, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let why = format!(
            "{} is beside it, so it is no finished backup but a database in use; back it up with `rota backup` and restore that",
            name(&log)
        );
        return Err(refused(&backup, &why));
    }
    let copy = Unfinished::make(beside(&database, ".restoring"))?;
    copy_file(&backup, &copy.0).map_err(|error| failed(&backup, &error))?;
    let held = look_into(&copy.0, "PRAGMA integrity_check(1)").await.map_err(|error| of_backup(error, &backup))?;
    prepare(&copy.0, held.schema, keys).await.map_err(|failure| of_backup(failure.of(&name(&copy.0)), &backup))?;
    let was_there = database.exists();
    let mut old = Old::default();
    let mut connection = None;
    if was_there {
        connection = alone(&database).await?;
        old = Old::ask(connection.as_mut(), &copy.0, held.schema).await;
    }
    let exchanged = exchange(&copy.0, &database, was_there.then_some(&keep));
    if let Some(connection) = connection {
        // It is of the file that was kept.
        let _ = connection.close().await;
    }
    exchanged.map_err(|error| failed(&database, &error))?;
    let held = Copied { bytes: fs::metadata(&database).map_or(held.bytes, |found| found.len()), ..held };
    Ok(Restored { held, before: was_there.then_some(keep), erased: old.erased, unasked: old.unasked })
}

/// What is wrong with the copy is wrong with the backup.
fn of_backup(error: StoreError, backup: &Path) -> StoreError {
    match error {
        StoreError::Unavailable { detail, .. } => StoreError::Unavailable { database: name(backup), detail },
        other => other,
    }
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut to = File::options().write(true).open(to)?;
    io::copy(&mut File::open(from)?, &mut to)?;
    to.sync_all()
}

/// A connection that has the database for itself, with its log taken in; none where the file does
/// not read, so that nobody can be at work on it.
async fn alone(database: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    let shown = name(database);
    let mut start = [0; MAGIC.len()];
    let read = File::open(database).and_then(|mut file| file.read_exact(&mut start));
    // SQLite would remove the log of such a file, in which something may be left to be found.
    if read.is_err() || start != *MAGIC {
        return Ok(None);
    }
    let options = SqliteConnectOptions::new().filename(database).disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| unavailable(&shown, &error))?;
    // A database leaves this mode only for the last who has it open; see
    // <https://www.sqlite.org/wal.html#persistence_of_wal_mode>.
    let closed =
        sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT")
            .execute(&mut connection)
            .await;
    match closed {
        Ok(_) => Ok(Some(connection)),
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("11" | "26")) => Ok(None),
        Err(error) if is_busy(&error) => Err(refused(
            database,
            "a server or a command has it open; stop that first, then restore again; nothing was changed",
        )),
        Err(error) => Err(unavailable(&shown, &error)),
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// What the database that was there before knows and the backup does not.
#[derive(Default)]
struct Old {
    erased: Vec<(TenantId, LeadId)>,
    unasked: bool,
}

impl Old {
    async fn ask(old: Option<&mut SqliteConnection>, copy: &Path, schema: i64) -> Self {
        let Some(old) = old else { return Self { unasked: true, ..Self::default() } };
        match erased_since(old, copy, schema).await {
            Ok(erased) => Self { erased, unasked: false },
            Err(error) => {
                tracing::warn!(%error, "The database that was there could not be asked whom it had erased");
                Self { unasked: true, ..Self::default() }
            }
        }
    }
}

/// Leads of persons whom the old database had erased and the copy still knows: by decisions that
/// both have.
async fn erased_since(
    old: &mut SqliteConnection,
    copy: &Path,
    schema: i64,
) -> Result<Vec<(TenantId, LeadId)>, sqlx::Error> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *old).await?;
    if version < SEALED {
        return Ok(Vec::new());
    }
    sqlx::query("ATTACH $1 AS copy").bind(name(copy)).execute(&mut *old).await?;
    let known = if schema < SEALED { "1" } else { "known.key IS NOT NULL" };
    let sql = format!(
        "SELECT DISTINCT same.tenant, same.lead FROM people AS gone
         JOIN decisions AS theirs ON theirs.person = gone.person
         JOIN copy.decisions AS same ON same.tenant = theirs.tenant AND same.id = theirs.id
         JOIN copy.people AS known ON known.person = same.person
         WHERE gone.erased IS NOT NULL AND {known} ORDER BY 1, 2"
    );
    let rows: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *old).await?;
    sqlx::query("DETACH copy").execute(old).await?;
    Ok(rows.into_iter().map(|(tenant, lead)| (tenant.into(), lead.into())).collect())
}

/// Makes sure that the copy opens under these keys, and that its effects are not sent blindly.
async fn prepare(copy: &Path, schema: i64, keys: &Keys) -> Result<(), Failure> {
    let options = SqliteConnectOptions::new().filename(copy).disable_statement_logging();
    let mut connection = options.connect().await?;
    if schema >= SEALED {
        prove(&mut connection, keys, &name(copy)).await?;
    }
    sqlx::query("UPDATE outbox SET attempts = max(attempts, 1) WHERE state IN ('waiting', 'held')")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

/// Keeps the old file under its other name, and gives the new one its own.
fn exchange(new: &Path, database: &Path, keep: Option<&PathBuf>) -> io::Result<()> {
    File::open(new)?.sync_all()?;
    if let Some(keep) = keep {
        fs::hard_link(database, keep)?;
        // A log of the old file is there only where that file does not read. Beside the new one it
        // would be taken for its own.
        for end in ["-wal", "-shm"] {
            match fs::rename(beside(database, end), beside(keep, end)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    fs::rename(new, database)?;
    sync_folder(database)
}

/// Whether a database that is there opens under these keys, of which none is made.
async fn prove(reader: &mut SqliteConnection, keys: &Keys, database: &str) -> Result<(), Failure> {
    let refused = |detail: String| Failure::Store(StoreError::Unavailable { database: database.into(), detail });
    // Nothing is sealed in a database that nobody has opened under the schema that seals.
    let Some(check) = check(&mut *reader).await? else { return Ok(()) };
    let found = keys.source.read().map_err(refused)?;
    let keys = found.ok_or_else(|| {
        refused("it is sealed, and its key is not there: put the key back first, or name it with `key` in rota.toml; nothing was changed".into())
    })?;
    Host { keys, check }.prove().map_err(refused)
}
