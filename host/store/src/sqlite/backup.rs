//! A copy of a database while others write into it.
//!
//! `VACUUM INTO` makes it, in one read transaction of a connection of its own: the copy is the
//! database as of one commit, the newest when it began; the writer waits for nothing, and what was
//! deleted is not in the copy. Meanwhile the log of the database cannot begin anew, so it grows by
//! what is written until the copy is made. SQLite's other way, the backup API in steps, begins
//! again from the first page whenever another connection has written, and beside a busy server
//! would never end. See <https://www.sqlite.org/lang_vacuum.html#vacuuminto>.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rota_flow::ports::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::failure::Failure;
use super::open::{BUSY_TIMEOUT, full_path, known_schema};
use super::rows::{time, unsigned};

/// What a copy of a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The version of its schema.
    pub schema: i64,
    /// How many tenants it has.
    pub tenants: u64,
    /// How many decisions.
    pub decisions: u64,
    /// Arrivals that wait to be decided.
    pub arrivals: u64,
    /// Effects that wait to be delivered.
    pub effects: u64,
    /// When the last entry of its logs was made; none where they are empty.
    pub newest: Option<Timestamp>,
    /// Its bytes.
    pub bytes: u64,
}

/// Copies a database into a new file, while a server may write into the database. The copy is
/// there whole or not at all: it is made beside under a name with `.unfinished` at its end, read
/// through, and then given its name. It is nobody's but its owner's, and holds no key.
///
/// # Errors
/// When the file is there already, the database cannot be read or the disk is full: what to do.
pub async fn back_up(database: &Path, to: &Path) -> Result<Copied, StoreError> {
    let (database, to) = (full_path(database), full_path(to));
    if to.exists() {
        return Err(refused(
            &to,
            "it is there already, and a backup overwrites nothing; name a file that is not there",
        ));
    }
    let unfinished = Unfinished::make(beside(&to, ".unfinished"))?;
    let source = name(&database);
    let mut connection = connect(&database, false).await.map_err(|error| Failure::from(error).of(&source))?;
    let copied = async {
        known_schema(&mut connection, &source).await?;
        let target = unfinished.0.display().to_string();
        sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await?;
        Ok(())
    };
    let copied: Result<(), Failure> = copied.await;
    // It may be the last to let go of the file, which then takes its log in; that is no failure.
    let _ = connection.close().await;
    copied.map_err(|failure| failure.of(&source))?;
    let held = look_into(&unfinished.0, "PRAGMA quick_check(1)").await?;
    unfinished.finish(&to)?;
    Ok(held)
}

/// What is in a file that nobody writes into; it is read through first.
pub(super) async fn look_into(file: &Path, check: &'static str) -> Result<Copied, StoreError> {
    let shown = name(file);
    let looked = async {
        let mut connection = connect(file, true).await?;
        let schema = known_schema(&mut connection, &shown).await?;
        let said: String = sqlx::query_scalar(check).fetch_one(&mut connection).await?;
        if said != "ok" {
            return Err(refused(file, &format!("it is damaged ({said}); take another backup")).into());
        }
        let (tenants, decisions, newest): (i64, i64, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM decisions), (SELECT max(at) FROM log)",
        )
        .fetch_one(&mut connection)
        .await?;
        let (arrivals, effects): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM inbox WHERE entry IS NULL), (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'held'))",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok::<_, Failure>(Copied {
            schema,
            tenants: unsigned(tenants),
            decisions: unsigned(decisions),
            arrivals: unsigned(arrivals),
            effects: unsigned(effects),
            newest: newest.map(|newest| time(newest, "the newest entry")).transpose()?,
            bytes: std::fs::metadata(file).map_err(|error| failed(file, &error))?.len(),
        })
    };
    looked.await.map_err(|failure| failure.of(&shown))
}

/// Connects to a file that is there, and changes nothing about it.
pub(super) async fn connect(file: &Path, alone: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(BUSY_TIMEOUT).disable_statement_logging();
    // A finished copy has no log beside it, and nobody writes into it.
    if alone { options.read_only(true).immutable(true) } else { options }.connect().await
}

/// A file on its way, which goes unless it is finished.
pub(super) struct Unfinished(pub(super) PathBuf);

impl Unfinished {
    /// Makes the file, for its owner alone.
    pub(super) fn make(path: PathBuf) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(_) => Ok(Self(path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(refused(
                &path,
                "it is there already: the same is under way, or was interrupted; if nothing is under way, remove this file and try again",
            )),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Makes sure that it is on the disk, and gives it its name, unless that is taken by now.
    fn finish(self, to: &Path) -> Result<(), StoreError> {
        let finished = File::open(&self.0).and_then(|file| file.sync_all()).and_then(|()| {
            // A link is made only where there is no file of that name.
            match std::fs::hard_link(&self.0, to) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists && !to.exists() => std::fs::rename(&self.0, to),
                linked => linked,
            }
        });
        finished.and_then(|()| sync_folder(to)).map_err(|error| failed(to, &error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it was renamed, it is not there any more; and what cannot go is told of next time.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Makes sure that the names in a file's folder are on the disk.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// This path with something at its end.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A file, as messages name it.
pub(super) fn name(file: &Path) -> String {
    file.display().to_string()
}

/// This file will not do.
pub(super) fn refused(file: &Path, detail: &str) -> StoreError {
    StoreError::Unavailable { database: name(file), detail: detail.into() }
}

/// The system refused something about this file.
pub(super) fn failed(file: &Path, error: &io::Error) -> StoreError {
    refused(file, &format!("it cannot be read or written ({error}); check its folder, its permissions and the disk"))
}
