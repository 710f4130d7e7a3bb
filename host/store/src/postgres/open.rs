//! Opening a database on a server: its connections, its encoding and its version.
//!
//! Nothing of a session is relied upon, so a pooler that gives every transaction another
//! session may stand between. One that does not keep prepared statements apart needs a word in
//! the URL: see `pooled`.

use std::str::FromStr as _;
use std::time::Duration;

use rota_flow::ports::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};

use super::failure::{Failure, unavailable};
use super::{pooled, statistics};

/// The schema's versions, oldest first. Each sets `rota_schema.version` to its place, from 1.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/postgres/0001_first.sql")];

/// Transactions that write at once.
const WRITERS: u32 = 8;

/// Connections that read.
const READERS: u32 = 4;

/// Connections for look-ups: every lead waits for some, so they do not wait for those who read
/// long lists.
const LOOKUPS: u32 = 2;

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The transaction's lock under which one host after the other looks whether the schema is to be
/// made: `Rota` in ASCII.
const MIGRATING: i64 = 0x526F_7461;

/// The connections to one database.
pub(super) struct Connections {
    /// One to begin with.
    pub(super) first: PgConnection,
    pub(super) writers: PgPool,
    pub(super) readers: PgPool,
    pub(super) lookups: PgPool,
}

/// Reads a URL; gives the database's name for messages, too, in which no password stands.
pub(super) fn options(url: &str) -> Result<(PgConnectOptions, String), StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Unavailable {
        database: "that was named by a URL".into(),
        detail: "the URL does not read; it looks like postgres://user:password@host:5432/rota".into(),
    })?;
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    let name = format!("postgres://{}:{}/{name}", options.get_host(), options.get_port());
    // A statement's text says nothing that its error does not say.
    // No fraction is ever read, and poolers refuse what they do not know.
    let options = options.extra_float_digits(None).disable_statement_logging();
    Ok((pooled::named(options, url), name))
}

/// Connects, and makes or renews the schema.
pub(super) async fn connect(options: PgConnectOptions, database: &str) -> Result<Connections, StoreError> {
    let mut first = options.connect().await.map_err(|error| unavailable(database, &error))?;
    migrate(&mut first, pooled::begin(&options), database).await.map_err(|failure| failure.of(database))?;
    if let Err(error) = statistics::count(&mut first, &options).await {
        tracing::warn!(%error, "PostgreSQL's statistics are renewed by its own autovacuum alone: statements may be slow until then");
    }
    let pool = |most| given_back(PgPoolOptions::new().max_connections(most).acquire_timeout(PATIENCE));
    let reading = |most| if pooled::is(&options) { pooled::reading(pool(most)) } else { pool(most) };
    let writers = pool(WRITERS).connect_lazy_with(options.clone());
    let readers = reading(READERS).connect_lazy_with(options.clone());
    let lookups = reading(LOOKUPS).connect_lazy_with(options.clone());
    Ok(Connections { first, writers, readers, lookups })
}

/// Lets a connection that is given back be asked whether it is well, and not for ever: sqlx asks
/// too, and has no end, so that one over a way that fell silent would keep its place in the pool.
fn given_back(pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_release(|connection, _| Box::pin(pooled::in_time(async { connection.ping().await.map(|()| true) })))
}

/// Brings the schema to this version, in one transaction, one host after the other.
async fn migrate(connection: &mut PgConnection, begin: &'static str, database: &str) -> Result<(), Failure> {
    let mut transaction = connection.begin_with(begin).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut *transaction).await?;
    let refused = |detail: String| Failure::Store(StoreError::Unavailable { database: database.into(), detail });
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *transaction).await?;
    if encoding != "UTF8" {
        return Err(refused(format!("its encoding is {encoding}; create it with ENCODING 'UTF8'")));
    }
    let ours: bool =
        sqlx::query_scalar("SELECT to_regclass('rota_schema') IS NOT NULL").fetch_one(&mut *transaction).await?;
    let version: i64 = if ours {
        sqlx::query_scalar("SELECT version FROM rota_schema WHERE one = 1").fetch_one(&mut *transaction).await?
    } else {
        let others: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
            .fetch_one(&mut *transaction)
            .await?;
        if others > 0 {
            return Err(refused("it belongs to another program; name another database".into()));
        }
        0
    };
    let known = MIGRATIONS.len();
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..)).ok_or_else(|| {
        refused(format!(
            "it was written by a newer Rota (schema {version}; this one knows {known}); start that version, or name another database"
        ))
    })?;
    for migration in missing {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        let (_, name) = options("postgres://rota:s3cret@db.example:5433/leads").unwrap();
        assert_eq!(name, "postgres://db.example:5433/leads");
        let error = options("postgres://rota:s3cret@db.example:port/leads").unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
