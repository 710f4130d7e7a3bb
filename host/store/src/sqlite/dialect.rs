//! What SQLite says otherwise than PostgreSQL: names of its types, and the few statements that
//! have no common text. `../postgres/dialect.rs` has the same names.

use std::path::PathBuf;

use sqlx::QueryBuilder;
use sqlx::query_builder::Separated;
use tokio::sync::oneshot;

pub(super) use super::leasing::{Leased, Wish, lease};

/// The database.
pub(super) type Db = sqlx::Sqlite;

/// One connection to it.
pub(super) type Connection = sqlx::SqliteConnection;

/// Several.
pub(super) type Pool = sqlx::SqlitePool;

/// A row that was read.
pub(super) type DbRow = sqlx::sqlite::SqliteRow;

/// What the database is called.
pub(super) const KIND: &str = "sqlite";

/// Its size in bytes, and its schema's version.
pub(super) const HEALTH: &str =
    "SELECT page_count * page_size, user_version FROM pragma_page_count, pragma_page_size, pragma_user_version";

/// What only a store in a file has.
pub(super) struct Own {
    pub(super) file: PathBuf,
    /// Comes when the writer has closed the file.
    pub(super) closed: oneshot::Receiver<()>,
}

/// What stands for the digest of a person who was erased: a text of no meaning, unlike all others.
pub(super) const NOBODY: &str = "CAST('erased ' || person AS BLOB)";

/// Makes a tenant: name, seed, key, plan, time, and the check of the host's key.
pub(super) const NEW_TENANT: &str = "INSERT INTO tenants (tenant, seed, key, plan, made)
    SELECT $1, $2, $3, $4, $5 FROM host_key WHERE sealed = $6
    ON CONFLICT (tenant) DO NOTHING";

/// Settles what waits of a record: the entry, the tenant, the lead's id.
pub(super) const SETTLE_RECORD: &str = "UPDATE inbox SET entry = $1
    WHERE tenant = $2 AND entry IS NULL AND json_extract(payload, '$.kind') = 'record'
      AND json_extract(payload, '$.connection') || ':' || json_extract(payload, '$.object')
          || ':' || json_extract(payload, '$.id') = $3";

/// Whether a flow of any revision named a component: the tenant, the component's digest.
pub(super) const HAD_COMPONENT: &str = "SELECT EXISTS (SELECT 1 FROM log, json_each(log.body, '$.flows') AS flow
    WHERE log.kind = 'workspace' AND log.tenant = $1 AND json_extract(flow.value, '$.digest') = $2)";

/// A text that others chose, as a column has it.
pub(super) fn plain(text: &str) -> &str {
    text
}

/// Values of one row, for [`values`].
pub(super) type Row<'a> = Separated<'a, Db, &'static str>;

/// How many of so many rows the next statement carries: a power of two or one and a half times
/// one, so that twelve texts of a statement exist, whatever the number of rows, and each stays
/// prepared. The most is 64, so that the widest stays far below SQLite's 32,766 parameters.
pub(super) fn piece(rows: usize) -> usize {
    let power = rows.checked_ilog2().map_or(0, |log| 1 << log);
    let half_more = power + power / 2;
    if half_more <= rows { half_more } else { power }.min(64)
}

/// Puts down rows, as a table that stands in a statement.
pub(super) fn values<'r, T>(sql: &mut QueryBuilder<Db>, rows: &'r [T], mut put: impl FnMut(&mut Row<'_>, &'r T)) {
    sql.push_values(rows, |mut values, row| put(&mut values, row));
}

/// Puts down numbers, between parentheses that stand there.
pub(super) fn list(sql: &mut QueryBuilder<Db>, numbers: &[i64]) {
    let mut list = sql.separated(", ");
    for number in numbers {
        list.push_bind(*number);
    }
}

/// Statements in one message, since every message waits for SQLite's thread and back.
#[derive(Default)]
pub(super) struct Statements(Option<QueryBuilder<Db>>);

impl Statements {
    /// The place of the next one.
    pub(super) fn next(&mut self) -> &mut QueryBuilder<Db> {
        if let Some(sql) = &mut self.0 {
            sql.push("; ");
        }
        self.0.get_or_insert_with(|| QueryBuilder::new(""))
    }

    /// Executes them all; gives the number of rows that were written.
    pub(super) async fn execute(self, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        match self.0 {
            Some(mut sql) => Ok(sql.build().execute(connection).await?.rows_affected()),
            None => Ok(0),
        }
    }
}

/// Inserts rows, at most this many, and gives the numbers that they got, in their order. `_column`
/// is what has the number.
pub(super) async fn insert(
    connection: &mut Connection,
    mut sql: QueryBuilder<Db>,
    _column: &'static str,
    _most: usize,
) -> Result<Vec<i64>, sqlx::Error> {
    let written = sql.build().execute(connection).await?;
    // Numbers follow each other in the order of insertion, and nobody else writes meanwhile.
    let last = written.last_insert_rowid();
    let number = i64::try_from(written.rows_affected()).unwrap_or(0);
    Ok((last + 1 - number..=last).collect())
}

/// Until when hosts were there that are forgotten when one begins: all of them, at any time.
pub(super) fn past(_now: i64) -> i64 {
    i64::MAX
}

/// Lets nobody else write for this tenant until the commit: here nobody does anyway.
#[expect(clippy::unused_async, reason = "on PostgreSQL, it waits")]
pub(super) async fn alone(_: &mut Connection, _tenant: &str) -> Result<(), sqlx::Error> {
    Ok(())
}

/// Lets nobody be alone with these tenants until the commit.
#[expect(clippy::unused_async, reason = "on PostgreSQL, it waits")]
pub(super) async fn beside(_: &mut Connection, _tenants: &[&str]) -> Result<(), sqlx::Error> {
    Ok(())
}

/// Overwrites what was deleted, as far as that is in our hands.
pub(super) async fn overwrite(own: &Own) -> Result<(), sqlx::Error> {
    super::open::checkpoint(&own.file).await
}

/// A transaction that sees one commit, whole.
pub(super) async fn one_commit(readers: &Pool) -> Result<sqlx::Transaction<'static, Db>, sqlx::Error> {
    readers.begin().await
}

/// What to do where the database failed like this.
pub(super) fn advice(error: &sqlx::Error) -> &'static str {
    let code = match error {
        sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<i32>().ok()),
        _ => None,
    };
    // The lower byte is the primary code; the rest says where in SQLite it arose.
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => "another process keeps it locked; stop that process, or try again later",
        Some(8) => "it may not be written; check the permissions of the file and of its folder",
        Some(10) => "reading or writing the disk failed; check the disk",
        Some(11) => "the file is damaged; restore it from a backup",
        Some(13) => "the disk is full; make room, then try again",
        Some(14) => "the file cannot be opened; check that its folder exists and may be written",
        Some(26) => "the file is no SQLite database; name another file, or move this one away",
        Some(_) => "this is a fault of Rota; please report it",
        None => "the connection to it is gone; restart Rota",
    }
}

#[cfg(test)]
mod tests {
    use super::super::many::pieces;

    #[test]
    fn pieces_hold_every_row_in_order_in_few_lengths() {
        let rows: Vec<usize> = (0..231).collect();
        let lengths: Vec<usize> = pieces(&rows).map(<[usize]>::len).collect();
        assert_eq!(lengths, [64, 64, 64, 32, 6, 1]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<usize>(&[]).count(), 0);
    }
}
