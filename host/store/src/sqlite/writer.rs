//! The one writer of a database: units of all callers are joined into one commit.
//!
//! A commit waits for the disk, some milliseconds; whatever is asked meanwhile goes into the
//! next one. Each unit but the first stands under its own savepoint, so that one that fails takes
//! nobody along. Records of different tenants are written together first, and each alone where that
//! fails. Nobody is answered before the commit. No network call and no guest runs here.

use std::any::Any;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rota_flow::ports::{StoreError, Writing};
use sqlx::{Connection as _, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::checkpoints::Checkpoints;
use super::failure::{Failure, unavailable};
use super::record::Record;
use super::records;
use super::unit::Unit;

/// Units that may wait; callers beyond that wait to be let in.
const QUEUE: usize = 1_024;

/// At most this many units go into one commit.
const MOST_UNITS: usize = 256;

/// Once a commit carries this many rows, the next unit waits: some milliseconds of writing,
/// about as long as the disk takes.
const MOST_ROWS: usize = 4_096;

/// The way to the writer. When the last one is dropped, the writer does what is queued and
/// closes.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    failed: Arc<AtomicU64>,
    database: Arc<str>,
}

impl Writer {
    /// Starts the writer on this connection; the second part comes when it has closed it.
    ///
    /// It has a thread of its own: each of its statements waits for SQLite's thread, and would
    /// otherwise wait again, behind everything else that the runtime's workers have to do.
    ///
    /// # Errors
    /// When the machine grants no thread.
    pub(super) fn start(
        connection: SqliteConnection,
        checkpoints: Checkpoints,
        database: Arc<str>,
    ) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (ended, end) = oneshot::channel();
        let (runtime, named) = (Handle::current(), Arc::clone(&database));
        let failed = Arc::new(AtomicU64::new(0));
        let fails = Arc::clone(&failed);
        std::thread::Builder::new().name("rota-writer".into()).spawn(move || {
            runtime.block_on(serve(connection, checkpoints, jobs, (named, fails)));
            // Nobody has to wait for it.
            let _ = ended.send(());
        })?;
        Ok((Self { queue, failed, database }, end))
    }

    /// How many units wait, and how many commits failed so far.
    pub(super) fn writing(&self) -> Writing {
        let waiting = self.queue.max_capacity() - self.queue.capacity();
        Writing { waiting: waiting as u64, failed: self.failed.load(Ordering::Relaxed) }
    }

    /// Writes a unit, and answers when it is committed.
    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        self.attempt(unit).await.map_err(|failure| failure.of(&self.database))
    }

    /// The same, for who can make the unit anew should it be stale.
    pub(super) async fn attempt<U: Unit>(&self, unit: U) -> Result<U::Answer, Failure> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Posted { unit: Some(unit), result: None, reply });
        let sent = self.queue.send(job).await;
        let gone = || StoreError::Unavailable {
            database: self.database.to_string(),
            detail: "its writer has stopped; restart Rota".into(),
        };
        sent.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone().into()))
    }

    /// The same for a record.
    pub(super) async fn record(&self, record: Record) -> Result<(), Failure> {
        self.attempt(record).await
    }
}

/// A unit with its caller, whatever the answer is.
#[async_trait]
trait Job: Any + Send {
    fn weight(&self) -> usize;

    /// Writes the unit; false if it failed and is to be undone.
    async fn run(&mut self, connection: &mut SqliteConnection) -> bool;

    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, failed: Option<StoreError>);
}

struct Posted<U: Unit> {
    unit: Option<U>,
    result: Option<Result<U::Answer, Failure>>,
    reply: oneshot::Sender<Result<U::Answer, Failure>>,
}

#[async_trait]
impl<U: Unit> Job for Posted<U> {
    fn weight(&self) -> usize {
        self.unit.as_ref().map_or(0, Unit::weight)
    }

    async fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        if let Some(unit) = self.unit.take() {
            self.result = Some(unit.write(connection).await);
        }
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, failed: Option<StoreError>) {
        let result = match failed {
            // What a unit saw of its neighbours is undone with them, so its own answer,
            // even a refusal, holds no longer.
            Some(error) => Some(Err(error.into())),
            None => self.result,
        };
        if let Some(result) = result {
            // A caller who no longer listens has lost nothing but the answer.
            let _ = self.reply.send(result);
        }
    }
}

async fn serve(
    mut connection: SqliteConnection,
    mut checkpoints: Checkpoints,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    (database, failed): (Arc<str>, Arc<AtomicU64>),
) {
    while let Some(first) = jobs.recv().await {
        let mut run = vec![first];
        let committed = commit(&mut connection, &mut run, &mut jobs).await;
        if let Err(error) = &committed {
            failed.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%database, %error, "A commit failed; its callers are told");
            // Where SQLite has rolled back by itself, there is nothing to roll back.
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
        }
        for job in run {
            job.answer(committed.as_ref().err().map(|error| unavailable(&database, error)));
        }
        checkpoints.wrote(committed.unwrap_or_default(), &mut connection).await;
    }
    checkpoints.end().await;
    if let Err(error) = connection.close().await {
        tracing::warn!(%database, %error, "Closing the database failed");
    }
}

/// Runs the first unit, and all that have come by the time that the transaction has begun, and
/// commits them; gives the number of their rows. Who comes later is better off in the next: this one would last longer for all.
async fn commit(
    connection: &mut SqliteConnection,
    run: &mut Vec<Box<dyn Job>>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
) -> Result<usize, sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let mut rows: usize = run.iter().map(|job| job.weight()).sum();
    while run.len() < MOST_UNITS
        && rows < MOST_ROWS
        && let Ok(job) = jobs.try_recv()
    {
        rows += job.weight();
        run.push(job);
    }
    // All of these are asked for at once, so none waits for another's answer.
    run.sort_by_key(|job| record(&**job).is_none());
    let mut first = First(true);
    let joined = join(connection, run, &mut first).await?;
    for job in &mut run[joined..] {
        first.begin(connection).await?;
        let well = job.run(connection).await;
        first.end(connection, well).await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(rows)
}

/// Writes the records at the front together, up to the first of a tenant that comes again,
/// and gives their number. Where one of them fails, none is written and the number is 0.
async fn join(
    connection: &mut SqliteConnection,
    jobs: &mut [Box<dyn Job>],
    first: &mut First,
) -> Result<usize, sqlx::Error> {
    let mut tenants = HashSet::new();
    let records: Vec<&Record> =
        jobs.iter().map_while(|job| record(&**job).filter(|record| tenants.insert(&record.tenant))).collect();
    let number = records.len();
    if number < 2 {
        return Ok(0);
    }
    first.begin(connection).await?;
    let well = records::write(connection, &records).await.is_ok();
    first.end(connection, well).await?;
    if !well {
        return Ok(0);
    }
    for job in &mut jobs[..number] {
        if let Some(posted) = (&mut **job as &mut dyn Any).downcast_mut::<Posted<Record>>() {
            posted.unit = None;
            posted.result = Some(Ok(()));
        }
    }
    Ok(number)
}

/// The record that a job is to write.
fn record(job: &dyn Job) -> Option<&Record> {
    (job as &dyn Any).downcast_ref::<Posted<Record>>().and_then(|posted| posted.unit.as_ref())
}

/// Whether nothing was written yet in this transaction. What comes first needs no savepoint,
/// which would cost a copy of every page that it touches: where it fails, the transaction
/// begins anew.
struct First(bool);

impl First {
    async fn begin(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if !self.0 {
            sqlx::query("SAVEPOINT unit").execute(connection).await?;
        }
        Ok(())
    }

    async fn end(&mut self, connection: &mut SqliteConnection, well: bool) -> Result<(), sqlx::Error> {
        let statement = match (self.0, well) {
            (true, true) => {
                self.0 = false;
                return Ok(());
            }
            (true, false) => "ROLLBACK; BEGIN IMMEDIATE",
            (false, true) => "RELEASE unit",
            (false, false) => "ROLLBACK TO unit; RELEASE unit",
        };
        sqlx::query(statement).execute(connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, SqliteConnection};

    /// Writes a number; 13 fails after it was written, 99 lets the commit fail.
    struct Number(i64);

    #[async_trait]
    impl Unit for Number {
        type Answer = i64;

        fn weight(&self) -> usize {
            1
        }

        async fn write(&self, connection: &mut SqliteConnection) -> Result<i64, Failure> {
            let parent = (self.0 == 99).then_some(-1);
            sqlx::query("INSERT INTO numbers VALUES ($1, $2)")
                .bind(self.0)
                .bind(parent)
                .execute(&mut *connection)
                .await?;
            if self.0 == 13 {
                return Err(sqlx::Error::RowNotFound.into());
            }
            Ok(self.0)
        }
    }

    async fn open(folder: &std::path::Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(folder.join("numbers.db")).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        // A parent that does not exist is noticed by the commit only.
        let schema = "CREATE TABLE IF NOT EXISTS numbers (
            n INTEGER PRIMARY KEY, parent INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)";
        sqlx::raw_sql(schema).execute(&mut connection).await.unwrap();
        connection
    }

    async fn start(folder: &std::path::Path) -> (Writer, oneshot::Receiver<()>) {
        let checkpoints = Checkpoints::new(open(folder).await, "numbers.db".into());
        Writer::start(open(folder).await, checkpoints, "numbers.db".into()).unwrap()
    }

    async fn numbers(connection: &mut SqliteConnection) -> Vec<i64> {
        sqlx::query_scalar("SELECT n FROM numbers ORDER BY n").fetch_all(connection).await.unwrap()
    }

    /// Asks for all at once; on this runtime they are queued before the writer runs.
    async fn ask(writer: &Arc<Writer>, all: &[i64]) -> Vec<Result<i64, String>> {
        let asked: Vec<_> = all
            .iter()
            .map(|n| {
                let (writer, n) = (Arc::clone(writer), *n);
                tokio::spawn(async move { writer.write(Number(n)).await.map_err(|error| error.to_string()) })
            })
            .collect();
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap());
        }
        answers
    }

    #[tokio::test]
    async fn a_unit_that_fails_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, _) = start(folder.path()).await;
        let answers = ask(&Arc::new(writer), &[1, 13, 2]).await;
        assert_eq!((&answers[0], &answers[2]), (&Ok(1), &Ok(2)));
        assert!(answers[1].is_err());
        assert_eq!(numbers(&mut open(folder.path()).await).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_first_unit_that_fails_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, _) = start(folder.path()).await;
        let answers = ask(&Arc::new(writer), &[13, 1, 2]).await;
        assert!(answers[0].is_err());
        assert_eq!(answers[1..], [Ok(1), Ok(2)]);
        assert_eq!(numbers(&mut open(folder.path()).await).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_commit_that_fails_is_told_to_all_of_its_callers_and_to_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, _) = start(folder.path()).await;
        let writer = Arc::new(writer);
        for answer in ask(&writer, &[1, 99, 2]).await {
            let error = answer.unwrap_err();
            assert!(error.contains("numbers.db") && error.contains("FOREIGN KEY"), "{error}");
        }
        assert_eq!(ask(&writer, &[3]).await, [Ok(3)]);
        assert_eq!(numbers(&mut open(folder.path()).await).await, [3]);
    }

    #[tokio::test]
    async fn what_is_queued_is_written_though_everybody_left() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, end) = start(folder.path()).await;
        for n in 0..600 {
            let (reply, _) = oneshot::channel();
            let job = Box::new(Posted { unit: Some(Number(n + 100)), result: None, reply });
            writer.queue.send(job).await.unwrap();
        }
        drop(writer);
        end.await.unwrap();
        assert_eq!(numbers(&mut open(folder.path()).await).await.len(), 600);
    }
}
