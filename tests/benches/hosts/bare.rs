//! What everything is held against: commits of one row each, as fast as the database makes them.

use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};
use tempfile::TempDir;

use crate::callers::CONNECTIONS;
use crate::database::Place;

const TABLE: &str = "CREATE TABLE bare (n BIGINT)";
const ROW: &str = "INSERT INTO bare (n) VALUES (1)";

#[derive(Clone)]
enum Pool {
    /// One connection: SQLite writes one transaction at a time, whoever asks.
    File(SqlitePool),
    Server(PgPool),
}

impl Pool {
    async fn execute(&self, sql: &'static str) {
        match self {
            Self::File(pool) => sqlx::query(sql).execute(pool).await.map(drop),
            Self::Server(pool) => sqlx::query(sql).execute(pool).await.map(drop),
        }
        .expect("it is written");
    }

    async fn close(self) {
        match self {
            Self::File(pool) => pool.close().await,
            Self::Server(pool) => pool.close().await,
        }
    }
}

/// Such commits a second, for so long, asked for from as many tasks as there are callers.
pub(crate) async fn commits(place: &Place, length: Duration) -> f64 {
    let folder = folder();
    let database = place.fresh(folder.path()).await;
    let most = u32::try_from(CONNECTIONS).expect("a number");
    let pool = match place {
        Place::File => {
            // As the store opens its files.
            let options = SqliteConnectOptions::new().filename(database).create_if_missing(true);
            let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            Pool::File(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("a file"))
        }
        Place::Server(_) => {
            Pool::Server(PgPoolOptions::new().max_connections(most).connect(&database).await.expect("a server"))
        }
    };
    pool.execute(TABLE).await;
    let until = Instant::now() + length;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut made = 0_u32;
                while Instant::now() < until {
                    pool.execute(ROW).await;
                    made += 1;
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += task.await.expect("it ends well");
    }
    pool.close().await;
    f64::from(made) / length.as_secs_f64()
}

/// A folder on the disk on which the build is.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}
