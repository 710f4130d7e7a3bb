//! What the processes of this database tell each other, and the claims of those that died.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::HostId;
use rota_flow::ports::{Board, StoreError, Whose};

use super::dialect::Connection;
use super::failure::Failure;
use super::rows::micros;
use super::store::SqlStore;
use super::unit::Unit;

/// A note in another's place.
struct Swap {
    name: String,
    old: Option<String>,
    new: Option<String>,
}

#[async_trait]
impl Unit for Swap {
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let done = match (&self.old, &self.new) {
            (None, None) => return Ok(true),
            (None, Some(new)) => {
                let put = "INSERT INTO board (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
                sqlx::query(put).bind(self.name.as_str()).bind(new.as_str()).execute(connection).await?
            }
            (Some(old), Some(new)) => {
                let put = sqlx::query("UPDATE board SET body = $2 WHERE name = $1 AND body = $3");
                put.bind(self.name.as_str()).bind(new.as_str()).bind(old.as_str()).execute(connection).await?
            }
            (Some(old), None) => {
                let drop = sqlx::query("DELETE FROM board WHERE name = $1 AND body = $2");
                drop.bind(self.name.as_str()).bind(old.as_str()).execute(connection).await?
            }
        };
        Ok(done.rows_affected() > 0)
    }
}

/// Claims that end early, since whoever made them is dead. Effects that were under way count as
/// tried when their lane is claimed again, as those of any claim that ran out.
struct Freed {
    host: HostId,
    others: bool,
    at: i64,
}

#[async_trait]
impl Unit for Freed {
    type Answer = u64;

    fn weight(&self) -> usize {
        64
    }

    async fn write(&self, connection: &mut Connection) -> Result<u64, Failure> {
        // Claims that nobody signed are of a version before this one.
        let done = sqlx::query(
            "UPDATE lanes SET lease_until = $1
             WHERE lease_until > $1 AND CASE WHEN $2 = 1 THEN holder IS NULL OR holder <> $3 ELSE holder = $3 END",
        )
        .bind(self.at)
        .bind(i64::from(self.others))
        .bind(self.host.as_str())
        .execute(connection)
        .await?;
        Ok(done.rows_affected())
    }
}

#[async_trait]
impl Board for SqlStore {
    fn host(&self) -> &HostId {
        &self.host
    }

    async fn notes(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = sqlx::query_as("SELECT name, body FROM board").fetch_all(&self.readers).await;
        let rows: Vec<(String, String)> = self.read(rows.map_err(Failure::from))?;
        Ok(rows.into_iter().collect())
    }

    async fn swap(&self, name: &str, old: Option<&str>, new: Option<&str>) -> Result<bool, StoreError> {
        let swap = Swap { name: name.to_owned(), old: old.map(str::to_owned), new: new.map(str::to_owned) };
        self.writer.write(swap).await
    }

    async fn free(&self, whose: &Whose, at: Timestamp) -> Result<u64, StoreError> {
        let (host, others) = match whose {
            Whose::Of(host) => (host.clone(), false),
            Whose::Others => (self.host.clone(), true),
        };
        self.writer.write(Freed { host, others, at: micros(at) }).await
    }
}
