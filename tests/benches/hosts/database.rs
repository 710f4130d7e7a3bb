//! Databases of both kinds: new ones, and how many transactions were written to them.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rota::database::Database;
use rota_tests::postgres::Server;
use sqlx::{Connection as _, PgConnection};

/// Where databases are made.
pub(crate) enum Place {
    /// SQLite files.
    File,
    /// On this PostgreSQL.
    Server(Server),
}

impl Place {
    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::File => "SQLite",
            Self::Server(_) => "PostgreSQL",
        }
    }

    /// The name of a new database, of which nothing is there yet: a file in this folder, or a URL.
    pub(crate) async fn fresh(&self, folder: &Path) -> String {
        match self {
            Self::File => folder.join("rota.db").display().to_string(),
            Self::Server(server) => server.database().await,
        }
    }
}

/// How many transactions that wrote something there were so far, whoever wrote them.
pub(crate) async fn written(database: &str) -> u64 {
    match Database::named(database).expect("a database") {
        Database::File(path) => changes(&path),
        Database::Server { url, .. } => {
            let mut connection = PgConnection::connect(&url).await.expect("a connection");
            // The next number of a transaction: only those that write get one.
            let sql = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
            let next: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a number");
            u64::try_from(next).unwrap_or(0)
        }
    }
}

/// The counter `iChange` of SQLite's index of its write-ahead log, which goes up by one with each
/// transaction: <https://www.sqlite.org/walformat.html#the_wal_index_file_format>.
fn changes(database: &Path) -> u64 {
    let mut index = PathBuf::from(database).into_os_string();
    index.push("-shm");
    let mut counter = [0; 4];
    let read = File::open(index).and_then(|file| file.read_exact_at(&mut counter, 8));
    read.map_or(0, |()| u32::from_ne_bytes(counter).into())
}
