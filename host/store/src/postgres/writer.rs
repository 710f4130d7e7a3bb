//! Writing: each unit is a transaction of its own on a connection of a pool, beside those of
//! other callers and of other hosts. What keeps a tenant's log right is that its number is
//! compared and set; what came in another's way is undone and written once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rota_flow::ports::{StoreError, Writing};

use super::dialect::{self, Pool};
use super::failure::Failure;
use super::pooled;
use super::unit::Unit;

/// How often a unit is written that comes in the way of others.
const TURNS: u32 = 16;

/// The way to write.
pub(super) struct Writer {
    pool: Pool,
    /// Units that are being written, or wait for a connection.
    waiting: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    database: Arc<str>,
}

impl Writer {
    /// Writes over the connections of this pool.
    pub(super) fn new(pool: Pool, database: Arc<str>) -> Self {
        Self { pool, waiting: Arc::default(), failed: Arc::default(), database }
    }

    /// How many units wait, and how many could not be written so far for the database's sake.
    pub(super) fn writing(&self) -> Writing {
        Writing { waiting: self.waiting.load(Ordering::Relaxed), failed: self.failed.load(Ordering::Relaxed) }
    }

    /// Writes a unit, and answers when it is committed.
    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        self.attempt(unit).await.map_err(|failure| failure.of(&self.database))
    }

    /// The same, for who can make the unit anew should it be stale. It is written though the
    /// caller leaves.
    pub(super) async fn attempt<U: Unit>(&self, unit: U) -> Result<U::Answer, Failure> {
        let (pool, waiting, failed) = (self.pool.clone(), self.waiting.clone(), self.failed.clone());
        waiting.fetch_add(1, Ordering::Relaxed);
        let written = tokio::spawn(async move {
            let mut turn = 1;
            let done = loop {
                match once(&pool, &unit).await {
                    Err(Failure::Sql(error)) if turn < TURNS && dialect::in_the_way(&error) => turn += 1,
                    done => break done,
                }
            };
            waiting.fetch_sub(1, Ordering::Relaxed);
            if matches!(done, Err(Failure::Sql(_))) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            done
        });
        written.await.unwrap_or_else(|error| {
            let detail = format!("this is a fault of Rota; please report it ({error})");
            Err(StoreError::Unavailable { database: self.database.to_string(), detail }.into())
        })
    }
}

async fn once<U: Unit>(pool: &Pool, unit: &U) -> Result<U::Answer, Failure> {
    let mut transaction = pool.begin_with(pooled::begin(&pool.connect_options())).await?;
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
