//! PostgreSQL's statistics, which are kept up with tables that change quickly. Autovacuum comes a
//! minute later at best, and until then statements are planned for tables as they were: where thousands
//! of leads came to empty tables, a look-up of one row reads them all, and where thousands of effects wait
//! that it does not know of, carrying them takes ten times as long.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, QueryBuilder};
use tokio::task::JoinSet;

use super::pooled;

/// How often it is looked whether something is to be counted.
const EVERY: Duration = Duration::from_secs(5);

/// How long it may take: over a way that fell silent, it has no end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The transaction's lock that one host at a time counts under: `RotS` in ASCII.
const COUNTING: i64 = 0x526F_7453;

/// Tables that have grown or shrunk much since they were counted last.
const STALE: &str = "SELECT quote_ident(relname) FROM pg_stat_user_tables
    WHERE schemaname = current_schema() AND n_mod_since_analyze > 1000 AND n_mod_since_analyze > n_live_tup / 2
        AND pg_try_advisory_xact_lock($1)";

/// Lets the server count such tables anew.
pub(super) async fn count(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with(pooled::begin(options)).await?;
    let stale: Vec<String> = sqlx::query_scalar(STALE).bind(COUNTING).fetch_all(&mut *transaction).await?;
    for table in stale {
        QueryBuilder::<Postgres>::new("ANALYZE ").push(table).build().execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Does so again and again, until what it gives is dropped or the pool is closed.
pub(super) fn keep(pool: &PgPool) -> JoinSet<()> {
    let pool = pool.clone();
    let mut counting = JoinSet::new();
    counting.spawn(async move {
        let again = async {
            loop {
                tokio::time::sleep(EVERY).await;
                let counted = async { count(&mut *pool.acquire().await?, &pool.connect_options()).await };
                match tokio::time::timeout(PATIENCE, counted).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "PostgreSQL's statistics were not renewed"),
                    Err(_) => tracing::debug!("PostgreSQL's statistics were not renewed in time"),
                }
            }
        };
        pool.close_event().do_until(again).await.ok();
    });
    counting
}
