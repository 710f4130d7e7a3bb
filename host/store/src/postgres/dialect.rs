//! What PostgreSQL says otherwise than SQLite: names of its types, and the few statements that
//! have no common text. `../sqlite/dialect.rs` has the same names.
//!
//! Every transaction reads what is committed when each of its statements begins, and waits for
//! the locks of others. A tenant's row keeps apart who must not meet: a record locks it by
//! writing it, `alone` locks everybody out, and `beside` only those who are alone.

use std::borrow::Cow;

use sqlx::QueryBuilder;
use tokio::task::JoinSet;

pub(super) use super::columns::{list, values};
pub(super) use super::leasing::{Leased, Wish, lease};

/// The database.
pub(super) type Db = sqlx::Postgres;

/// One connection to it.
pub(super) type Connection = sqlx::PgConnection;

/// Several.
pub(super) type Pool = sqlx::PgPool;

/// A row that was read.
pub(super) type DbRow = sqlx::postgres::PgRow;

/// What the database is called.
pub(super) const KIND: &str = "postgres";

/// Its size in bytes, and its schema's version.
pub(super) const HEALTH: &str =
    "SELECT pg_database_size(current_database()), CAST(version AS BIGINT) FROM rota_schema WHERE one = 1";

/// What only a store on a server has.
pub(super) struct Own {
    pub(super) writers: Pool,
    /// Statistics are renewed as long as the store is there.
    pub(super) _counting: JoinSet<()>,
}

/// What stands for the digest of a person who was erased: a text of no meaning, unlike all others.
pub(super) const NOBODY: &str = "convert_to('erased ' || person, 'UTF8')";

/// Makes a tenant: name, seed, key, plan, time, and the check of the host's key, which nobody
/// changes meanwhile.
pub(super) const NEW_TENANT: &str = "INSERT INTO tenants (tenant, seed, key, plan, made)
    SELECT $1, $2, $3, $4, $5 FROM host_key WHERE sealed = $6 FOR SHARE
    ON CONFLICT (tenant) DO NOTHING";

/// Settles what waits of a record: the entry, the tenant, the lead's id. A payload with a zero
/// character, which no CRM's record has, is JSON that PostgreSQL cannot take apart.
pub(super) const SETTLE_RECORD: &str = "UPDATE inbox SET entry = $1
    WHERE tenant = $2 AND entry IS NULL AND CASE
        WHEN payload IS NULL OR strpos(payload, '\\u0000') > 0 THEN false
        ELSE payload::json ->> 'kind' = 'record'
            AND concat_ws(':', payload::json ->> 'connection', payload::json ->> 'object', payload::json ->> 'id') = $3
    END";

/// Whether a flow of any revision named a component: the tenant, the component's digest. Nothing
/// else in a workspace has the digest of a component.
pub(super) const HAD_COMPONENT: &str = "SELECT EXISTS (SELECT 1 FROM log
    WHERE log.kind = 'workspace' AND log.tenant = $1 AND strpos(log.body, '\"digest\":\"' || $2 || '\"') > 0)";

/// A text that others chose, as a column has it: PostgreSQL takes no zero character, and nothing
/// is to be lost for one. Bodies are JSON or sealed, and keep it.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

/// How many of so many rows the next statement carries: a statement has one text, whatever their
/// number.
pub(super) fn piece(rows: usize) -> usize {
    rows.min(1_024)
}

/// Statements that write rows, as parts of one, since PostgreSQL takes no parameters for several in
/// one message. None sees what another writes.
#[derive(Default)]
pub(super) struct Statements {
    sql: Option<QueryBuilder<Db>>,
    parts: usize,
}

impl Statements {
    /// The place of the next one.
    pub(super) fn next(&mut self) -> &mut QueryBuilder<Db> {
        self.parts += 1;
        let part = self.parts;
        match &mut self.sql {
            Some(sql) => sql.push(format_args!(" RETURNING 1), part{part} AS (")),
            sql => sql.insert(QueryBuilder::new("WITH part1 AS (")),
        }
    }

    /// Executes them all; gives the number of rows that were written.
    pub(super) async fn execute(self, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        let Some(mut sql) = self.sql else { return Ok(0) };
        sql.push(" RETURNING 1) SELECT (SELECT count(*) FROM part1)");
        for part in 2..=self.parts {
            sql.push(format_args!(" + (SELECT count(*) FROM part{part})"));
        }
        let written: i64 = sql.build_query_scalar().fetch_one(connection).await?;
        Ok(u64::try_from(written).unwrap_or(0))
    }
}

/// Inserts rows, at most this many, and gives the numbers that they got, in their order: that is
/// the order in which `RETURNING` gives them. `column` is what has the number.
pub(super) async fn insert(
    connection: &mut Connection,
    mut sql: QueryBuilder<Db>,
    column: &'static str,
    most: usize,
) -> Result<Vec<i64>, sqlx::Error> {
    let numbers: Vec<i64> = sql.push(" RETURNING ").push(column).build_query_scalar().fetch_all(connection).await?;
    debug_assert!(numbers.len() <= most && numbers.is_sorted(), "rows come back in their order");
    Ok(numbers)
}

/// Until when hosts were there that are forgotten when one begins.
pub(super) fn past(now: i64) -> i64 {
    now
}

/// Lets nobody else write for this tenant until the commit.
pub(super) async fn alone(connection: &mut Connection, tenant: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1 FROM tenants WHERE tenant = $1 FOR UPDATE").bind(tenant).execute(connection).await?;
    Ok(())
}

/// Lets nobody be alone with these tenants until the commit.
pub(super) async fn beside(connection: &mut Connection, tenants: &[&str]) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1 FROM tenants WHERE tenant = ANY($1) ORDER BY tenant FOR KEY SHARE")
        .bind(tenants)
        .execute(connection)
        .await?;
    Ok(())
}

/// What was deleted is overwritten when the server sees fit: the key is gone, which is what counts.
#[expect(clippy::unused_async, reason = "on SQLite, it waits")]
pub(super) async fn overwrite(_: &Own) -> Result<(), sqlx::Error> {
    Ok(())
}

/// A transaction that sees one commit, whole.
pub(super) async fn one_commit(readers: &Pool) -> Result<sqlx::Transaction<'static, Db>, sqlx::Error> {
    super::pooled::one_commit(readers).await
}

/// Whether a transaction was undone only since it came in the way of another.
pub(super) fn in_the_way(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // Serialization failure, deadlock.
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// What to do where the database failed like this. See
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(super) fn advice(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let Some(code) = code else {
        return match error {
            sqlx::Error::PoolTimedOut => {
                "no connection to it was free in time, or it does not answer; look at its server"
            }
            _ => "its server does not answer; check that it runs and can be reached, and try again",
        };
    };
    match (code.get(..2), &*code) {
        (_, "26000" | "42P05") => {
            "something between Rota and the server mixes up prepared statements; let the pooler keep them, or add statement-cache-capacity=0 to the URL"
        }
        (_, "3D000") => "it is not there; create it, or name another one",
        (Some("28"), _) => "its server does not let this user in; check the user and the password",
        (_, "42501") => "this user may not do that; let them own the database",
        (_, "53100") => "its server's disk is full; make room, then try again",
        (_, "53300") => "its server has no connection left; let it have more of them",
        (Some("53" | "54"), _) => "its server is out of something that it needs; look at its log",
        (_, "25006") => "it may only be read; name the primary server",
        (Some("08" | "57"), _) => "its server stops or has cut the connection; try again when it runs",
        (Some("40"), _) => "others came in the way again and again; try again",
        (Some("58" | "XX"), _) => "its server failed; look at its log",
        _ => "this is a fault of Rota; please report it",
    }
}
