//! Records of many tenants in one transaction. Each message to the server waits for the way there
//! and back, and each commit for the disk; fifty tenants with a decision each would pay all of
//! that fifty times. While some transactions are under way, what comes waits, and goes into the
//! next one together.
//!
//! Nobody waits here for a tenant whom somebody else holds: another host, an erasure. Its record
//! is left out and written alone. So records that go together never hold each other up by their
//! tenants' rows, in whatever order two hosts take them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use rota_flow::ports::StoreError;
use sqlx::Connection as _;
use tokio::sync::oneshot;

use super::dialect::Connection;
use super::failure::{Failure, unavailable};
use super::record::Record;
use super::records;
use super::rows::unsigned;
use super::unit::Unit as _;
use super::writer::{Waiting, Way, given_up, within};

/// How many such transactions are under way at once: one that is worked on, one that waits for
/// the disk.
const AT_ONCE: usize = 2;

/// Once a transaction carries this many rows, the next record waits for another.
const MOST_ROWS: usize = 4_096;

/// A record that is written alone keeps others waiting for so long at most: it may have met
/// somebody who holds its tenant.
const HOLDS_UP: Duration = Duration::from_millis(250);

/// Records that wait, and how many tasks write them.
#[derive(Default)]
pub(super) struct Queue {
    posted: Vec<Posted>,
    at_work: usize,
}

/// A record with its caller.
struct Posted {
    record: Record,
    waiting: Waiting,
    reply: oneshot::Sender<Result<(), Failure>>,
}

impl Posted {
    /// Whose it is, and behind which entry of their log.
    fn stands(&self) -> (String, i64) {
        (self.record.tenant.to_string(), self.record.expected)
    }

    fn answer(self, done: Result<(), Failure>) {
        let Self { waiting, reply, .. } = self;
        drop(waiting);
        // A caller who no longer listens has lost nothing but the answer.
        let _ = reply.send(done);
    }
}

/// Lets a record be written; the answer comes when it is committed.
pub(super) fn post(way: &Arc<Way>, record: Record) -> oneshot::Receiver<Result<(), Failure>> {
    let (reply, answer) = oneshot::channel();
    let waiting = Waiting::begin(way);
    let mut queue = lock(way);
    queue.posted.push(Posted { record, waiting, reply });
    if queue.at_work < AT_ONCE {
        queue.at_work += 1;
        tokio::spawn(serve(Arc::clone(way)));
    }
    answer
}

/// Writes what waits, until nothing does.
async fn serve(way: Arc<Way>) {
    while let Some(taken) = take(&way) {
        // A defect in there costs only what it was about: their callers learn that nobody answers.
        let _ = tokio::spawn(write(Arc::clone(&way), taken)).await;
    }
}

/// What goes into the next transaction: at most one record of each tenant.
fn take(way: &Way) -> Option<Vec<Posted>> {
    let mut queue = lock(way);
    let (mut tenants, mut rows) = (HashSet::new(), 0);
    let (taken, left) = std::mem::take(&mut queue.posted).into_iter().partition(|posted| {
        let goes = rows < MOST_ROWS && tenants.insert(posted.record.tenant.clone());
        rows += if goes { posted.record.weight() } else { 0 };
        goes
    });
    queue.posted = left;
    if taken.is_empty() {
        queue.at_work -= 1;
        return None;
    }
    Some(taken)
}

async fn write(way: Arc<Way>, taken: Vec<Posted>) {
    match <[Posted; 1]>::try_from(taken) {
        // What takes longer goes on all the same.
        Ok([posted]) => drop(tokio::time::timeout(HOLDS_UP, alone(&way, posted)).await),
        Err(taken) => together(&way, taken).await.into_iter().for_each(|posted| drop(alone(&way, posted))),
    }
}

/// Writes a record in a transaction of its own.
fn alone(way: &Arc<Way>, posted: Posted) -> tokio::task::JoinHandle<()> {
    let way = Arc::clone(way);
    tokio::spawn(async move {
        let done = way.write(&posted.record).await;
        posted.answer(done);
    })
}

/// Writes records in one transaction; gives back those that have to be written alone: all of
/// them, where one fails.
async fn together(way: &Way, taken: Vec<Posted>) -> Vec<Posted> {
    let Ok(mut connection) = way.connection().await else { return taken };
    let rows = taken.iter().map(|posted| posted.record.weight()).sum();
    let written = match tokio::time::timeout(within(rows), transact(&mut connection, way.begin, &taken)).await {
        Ok(Ok(written)) => written,
        // It is undone when it is dropped; where the connection is lost, by the server.
        Ok(Err(_)) => return taken,
        Err(_) => {
            let silent = Err(given_up(connection));
            Written { free: taken.iter().map(Posted::stands).collect(), committed: silent }
        }
    };
    // Whether a commit that fails was made is not known, so it is not tried again.
    let committed = written.committed.map_err(|error| unavailable(&way.database, &error));
    let mut others = Vec::new();
    for posted in taken {
        match written.free.get(posted.record.tenant.as_str()) {
            Some(seq) if *seq == posted.record.expected => {
                way.failed.fetch_add(u64::from(committed.is_err()), Ordering::Relaxed);
                posted.answer(committed.clone().map_err(Failure::from));
            }
            Some(seq) => {
                let (tenant, seq) = (posted.record.tenant.clone(), unsigned(*seq));
                posted.answer(Err(StoreError::Conflict { tenant, seq }.into()));
            }
            None => others.push(posted),
        }
    }
    others
}

/// What became of some records.
struct Written {
    /// The tenants whom nobody else held, and where their logs stood.
    free: HashMap<String, i64>,
    /// Whether those that stood behind their logs are written.
    committed: Result<(), sqlx::Error>,
}

async fn transact(connection: &mut Connection, begin: &'static str, posted: &[Posted]) -> Result<Written, Failure> {
    let mut transaction = connection.begin_with(begin).await?;
    let free = free(&mut transaction, posted).await?;
    let stands = |record: &&Record| free.get(record.tenant.as_str()) == Some(&record.expected);
    let records: Vec<&Record> = posted.iter().map(|posted| &posted.record).filter(stands).collect();
    if !records.is_empty() {
        records::write(&mut transaction, &records).await?;
    }
    Ok(Written { free, committed: transaction.commit().await })
}

/// Takes the tenants whom nobody else holds, until the commit: where their logs stand.
async fn free(connection: &mut Connection, posted: &[Posted]) -> Result<HashMap<String, i64>, sqlx::Error> {
    let tenants: Vec<&str> = posted.iter().map(|posted| posted.record.tenant.as_str()).collect();
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT tenant, seq FROM tenants WHERE tenant = ANY($1) FOR NO KEY UPDATE SKIP LOCKED")
            .bind(tenants)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().collect())
}

fn lock(way: &Way) -> MutexGuard<'_, Queue> {
    way.queue.lock().unwrap_or_else(PoisonError::into_inner)
}
