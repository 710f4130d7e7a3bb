//! Behind a pooler that gives each transaction another session and does not keep prepared
//! statements apart, such as PgBouncer before 1.21 in transaction mode: the next statement may meet
//! another session, and on it statements of others. See <https://www.pgbouncer.org/features.html>.
//!
//! There, everything is a transaction, reads as well, and each begins by dropping the statements that
//! whoever had the session before has left, in the same message. Nothing is kept prepared from one
//! to the next. That costs a read two messages more and the server the planning of each statement,
//! so it is done only where the URL says `statement-cache-capacity=0`.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres};

/// What connections through such a pooler are called at the server; it is also how they are known here.
const NAME: &str = "rota, pooled";

/// What others are called.
const DIRECT: &str = "rota";

/// How a transaction that writes begins. Others wait for what it locks, so the server undoes it where
/// its host says nothing more in the middle of it: one that stands still, or was cut off without a word.
const WRITES: [&str; 2] = [
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '10s'",
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '10s'; DEALLOCATE ALL",
];

/// How reads begin that see one commit.
const ONE_COMMIT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How long a connection that is given back may take to answer.
const GIVEN_BACK: Duration = Duration::from_secs(5);

/// How all of them begin behind such a pooler.
const READS: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; DEALLOCATE ALL";

/// These options, which say whether there is such a pooler as the URL says it.
pub(super) fn named(options: PgConnectOptions, url: &str) -> PgConnectOptions {
    let asked = url.split_once('?').is_some_and(|(_, asked)| {
        asked.split('&').any(|one| matches!(one.split_once('='), Some(("statement-cache-capacity", "0"))))
    });
    options.application_name(if asked { NAME } else { DIRECT })
}

/// Whether connections of these options go through such a pooler.
pub(super) fn is(options: &PgConnectOptions) -> bool {
    options.get_application_name() == Some(NAME)
}

/// How a transaction that writes begins over such connections.
pub(super) fn begin(options: &PgConnectOptions) -> &'static str {
    WRITES[usize::from(is(options))]
}

/// How they end, whether they did already or not, without a warning.
const END: &str = "SELECT set_config('client_min_messages', 'error', true); ROLLBACK";

/// Lets whoever acquires a connection of this pool read in a transaction, which ends when they
/// release it.
pub(super) fn reading(pool: PgPoolOptions) -> PgPoolOptions {
    // Beginning is a test already.
    pool.test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(say(connection, READS)))
        .before_acquire(|connection, _| {
            Box::pin(async move {
                say(connection, READS).await?;
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(in_time(async move {
                say(connection, END).await?;
                Ok(true)
            }))
        })
}

/// Whoever has not answered in time is taken for dead.
pub(super) async fn in_time(done: impl Future<Output = Result<bool, sqlx::Error>>) -> Result<bool, sqlx::Error> {
    let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(GIVEN_BACK, done).await.unwrap_or_else(silent)
}

async fn say(connection: &mut PgConnection, statements: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statements).execute(connection).await?;
    Ok(())
}

/// A transaction of a pool of these that sees one commit, whole.
pub(super) async fn one_commit(readers: &PgPool) -> Result<sqlx::Transaction<'static, Postgres>, sqlx::Error> {
    let already = is(&readers.connect_options());
    readers.begin_with(if already { "SAVEPOINT begun" } else { ONE_COMMIT }).await
}
