//! The log of the database is copied into its file beside the writer, while commits go on.
//!
//! SQLite would do it within a commit, and all who wait for that commit would wait for the
//! copying, too. A log begins anew only once all of it was copied, which beside a busy writer
//! never comes to pass. So what came during the copying, which is little, the writer copies
//! between two commits. See <https://www.sqlite.org/wal.html#ckpt>.

use std::sync::Arc;

use sqlx::{Connection as _, SqliteConnection};
use tokio::task::JoinHandle;

/// After so many rows, the log is copied: some 2,700 leads, so that a page that many commits touch
/// is copied once.
const ROWS: usize = 16_384;

/// Pages that may be left for the writer: it copies them in a millisecond or two.
const FEW: i64 = 256;

/// How often the second connection goes after what came meanwhile.
const TURNS: usize = 4;

/// When the log is copied, and by whom.
pub(super) struct Checkpoints {
    /// Rows that were written since it was last copied.
    rows: usize,
    state: State,
    database: Arc<str>,
}

enum State {
    /// The second connection is at rest.
    Resting(SqliteConnection),
    /// It copies, and is given back.
    Copying(JoinHandle<SqliteConnection>),
    /// It is lost; SQLite copies by itself from now on.
    Lost,
}

impl Checkpoints {
    /// Copies over this connection.
    pub(super) fn new(connection: SqliteConnection, database: Arc<str>) -> Self {
        Self { rows: 0, state: State::Resting(connection), database }
    }

    /// Says that so many rows were committed over the writer's connection, which is free now.
    pub(super) async fn wrote(&mut self, rows: usize, writer: &mut SqliteConnection) {
        self.rows += rows;
        self.state = match std::mem::replace(&mut self.state, State::Lost) {
            State::Resting(connection) if self.rows >= ROWS => {
                State::Copying(tokio::spawn(copy_most(connection, Arc::clone(&self.database))))
            }
            State::Copying(task) if task.is_finished() => {
                let Ok(connection) = task.await else { return };
                self.rows = 0;
                if let Err(error) = copy(writer).await {
                    warn(&self.database, &error);
                }
                State::Resting(connection)
            }
            same => same,
        };
    }

    /// Closes the second connection.
    pub(super) async fn end(self) {
        let connection = match self.state {
            State::Resting(connection) => Some(connection),
            State::Copying(task) => task.await.ok(),
            State::Lost => None,
        };
        if let Some(connection) = connection {
            // The writer's connection closes after it, and says what went wrong with the file.
            let _ = connection.close().await;
        }
    }
}

/// Copies until little is left.
async fn copy_most(mut connection: SqliteConnection, database: Arc<str>) -> SqliteConnection {
    for _ in 0..TURNS {
        match copy(&mut connection).await {
            Ok(left) if left > FEW => {}
            Ok(_) => break,
            Err(error) => {
                warn(&database, &error);
                break;
            }
        }
    }
    connection
}

/// Copies what is in the log, as far as no reader is in the way; says how many pages were left.
async fn copy(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let (_, pages, copied): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    Ok(pages - copied)
}

fn warn(database: &str, error: &sqlx::Error) {
    tracing::warn!(%database, %error, "The log of the database was not copied into its file; the next commits try again");
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

    use super::*;

    #[tokio::test]
    async fn beside_a_writer_that_never_rests_the_log_still_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("numbers.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("wal_autocheckpoint", "0");
        let mut writer = options.connect().await.unwrap();
        sqlx::raw_sql("CREATE TABLE numbers (n INTEGER)").execute(&mut writer).await.unwrap();
        let mut checkpoints = Checkpoints::new(options.connect().await.unwrap(), "numbers.db".into());
        let most = 100;
        let mut pages = Vec::new();
        for _ in 0..most {
            for n in 0..100 {
                sqlx::query("INSERT INTO numbers VALUES (?)").bind(n).execute(&mut writer).await.unwrap();
            }
            checkpoints.wrote(ROWS / 4, &mut writer).await;
            pages.push(std::fs::metadata(folder.path().join("numbers.db-wal")).unwrap().len() / 4_096);
        }
        checkpoints.end().await;
        // Ten thousand commits changed ten thousand pages; the log holds those of a few turns.
        assert!(pages.iter().all(|pages| *pages < 5_000), "{pages:?}");
    }
}
