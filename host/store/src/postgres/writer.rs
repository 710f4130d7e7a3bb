//! Writing: units on connections of a pool, beside those of other callers and of other hosts, each
//! in a transaction of its own, but for the records of many tenants, which `joined` takes
//! together. What keeps a tenant's log right is that its number is compared and set; what came in
//! another's way is undone and written once more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rota_flow::ports::{StoreError, Writing};
use sqlx::Connection as _;
use sqlx::pool::PoolConnection;

use super::dialect::{self, Connection, Db, Pool};
use super::failure::Failure;
use super::joined::{self, Queue};
use super::pooled;
use super::record::Record;
use super::unit::Unit;

/// How often a unit is written that comes in the way of others.
const TURNS: u32 = 16;

/// How long a unit may take, waiting for others included, before its connection is taken for dead:
/// a way that fell silent may never say so.
const WITHIN: Duration = Duration::from_secs(20);

/// How much longer for each row.
const FOR_EACH_ROW: Duration = Duration::from_millis(1);

/// The way to write.
pub(super) struct Writer(Arc<Way>);

/// What everybody who writes goes over.
pub(super) struct Way {
    pool: Pool,
    /// How a transaction begins.
    pub(super) begin: &'static str,
    /// Records that wait for each other.
    pub(super) queue: Mutex<Queue>,
    /// Units that are being written, or wait for a connection.
    waiting: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) database: Arc<str>,
}

impl Writer {
    /// Writes over the connections of this pool.
    pub(super) fn new(pool: Pool, database: Arc<str>) -> Self {
        let (waiting, failed) = (AtomicU64::new(0), AtomicU64::new(0));
        let begin = pooled::begin(&pool.connect_options());
        Self(Arc::new(Way { pool, begin, queue: Mutex::default(), waiting, failed, database }))
    }

    /// How many units wait, and how many could not be written so far for the database's sake.
    pub(super) fn writing(&self) -> Writing {
        Writing { waiting: self.0.waiting.load(Ordering::Relaxed), failed: self.0.failed.load(Ordering::Relaxed) }
    }

    /// Writes a unit, and answers when it is committed.
    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        self.attempt(unit).await.map_err(|failure| failure.of(&self.0.database))
    }

    /// The same, for who can make the unit anew should it be stale. It is written though the
    /// caller leaves.
    pub(super) async fn attempt<U: Unit>(&self, unit: U) -> Result<U::Answer, Failure> {
        let (way, waiting) = (Arc::clone(&self.0), Waiting::begin(&self.0));
        let written = tokio::spawn(async move {
            let done = way.write(&unit).await;
            drop(waiting);
            done
        });
        written.await.unwrap_or_else(|error| Err(self.fault(&error).into()))
    }

    /// The same for a record, which may go together with those of other tenants.
    pub(super) async fn record(&self, record: Record) -> Result<(), Failure> {
        joined::post(&self.0, record).await.unwrap_or_else(|error| Err(self.fault(&error).into()))
    }

    fn fault(&self, error: &dyn std::error::Error) -> StoreError {
        let detail = format!("this is a fault of Rota; please report it ({error})");
        StoreError::Unavailable { database: self.0.database.to_string(), detail }
    }
}

/// Somebody who waits until a unit is written, for as long as this is there.
pub(super) struct Waiting(Arc<Way>);

impl Waiting {
    pub(super) fn begin(way: &Arc<Way>) -> Self {
        way.waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(way))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Way {
    /// A connection of the pool.
    pub(super) async fn connection(&self) -> Result<PoolConnection<Db>, sqlx::Error> {
        self.pool.acquire().await
    }

    /// Writes a unit in a transaction of its own.
    pub(super) async fn write<U: Unit>(&self, unit: &U) -> Result<U::Answer, Failure> {
        let mut turn = 1;
        let done = loop {
            match self.once(unit).await {
                Err(Failure::Sql(error)) if turn < TURNS && dialect::in_the_way(&error) => turn += 1,
                done => break done,
            }
        };
        if matches!(done, Err(Failure::Sql(_))) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        done
    }

    async fn once<U: Unit>(&self, unit: &U) -> Result<U::Answer, Failure> {
        let mut connection = self.connection().await?;
        match tokio::time::timeout(within(unit.weight()), transact(&mut connection, self.begin, unit)).await {
            Ok(done) => done,
            Err(_) => Err(given_up(connection).into()),
        }
    }
}

/// How long so many rows may take.
pub(super) fn within(rows: usize) -> Duration {
    WITHIN.saturating_add(FOR_EACH_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX)))
}

/// A connection that is taken for dead. Whether what was under way is committed is not known, as
/// where it is cut.
pub(super) fn given_up(mut connection: PoolConnection<Db>) -> sqlx::Error {
    connection.close_on_drop();
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

async fn transact<U: Unit>(connection: &mut Connection, begin: &'static str, unit: &U) -> Result<U::Answer, Failure> {
    let mut transaction = connection.begin_with(begin).await?;
    match unit.write(&mut transaction).await {
        Ok(answer) => {
            transaction.commit().await?;
            Ok(answer)
        }
        Err(failure) => {
            // Where the connection is lost, the server undoes it by itself.
            let _ = transaction.rollback().await;
            Err(failure)
        }
    }
}
