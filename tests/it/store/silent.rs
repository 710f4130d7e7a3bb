//! Ways to a PostgreSQL that fall silent in the middle of a transaction, for a while or for good: no
//! host is stopped by another one's, and what it writes itself does not wait for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rota_domain::access::Change;
use rota_flow::ports::{Access as _, EntryBody, Store as _, StoreError};
use rota_store::PostgresStore;
use rota_tests::merciless::proxy::{Mood, Proxy};
use rota_tests::merciless::world;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;

use super::values::{acme, at, begin, decided, entry, property};
use super::{Place as _, PostgresDatabase};

/// A host's store, with its way to the database.
struct Host {
    store: Arc<PostgresStore>,
    way: Proxy,
}

async fn host(place: &PostgresDatabase) -> Host {
    let (url, way) = world::beside(place.url().await).await.expect("a way");
    Host { store: Arc::new(place.connect_by(&url).await.expect("a store")), way }
}

/// Records one decision behind whatever stands there.
async fn record(store: &PostgresStore, id: &str) -> Result<(), StoreError> {
    loop {
        let seq = store.load(&acme(), at(0)).await?.seq;
        let body = EntryBody::Decision(Box::new(decided(id, vec![property("a")])));
        match store.record(&acme(), seq, vec![entry(0, body)]).await {
            Err(StoreError::Conflict { .. }) => {}
            done => return done,
        }
    }
}

impl Host {
    /// Many record at once, again and again, until their way fails.
    fn works(&self) -> JoinSet<StoreError> {
        let mut workers = JoinSet::new();
        for worker in 0..8 {
            let store = Arc::clone(&self.store);
            workers.spawn(async move {
                let mut round = 0;
                loop {
                    round += 1;
                    if let Err(error) = record(&store, &format!("w{worker}-{round}")).await {
                        return error;
                    }
                }
            });
        }
        workers
    }
}

/// Whether a host holds the tenant's row, has said nothing more about it, and nobody is about to.
async fn is_left_locked(watcher: &mut PgConnection) -> bool {
    let sql =
        "SELECT count(*) FILTER (WHERE state = 'idle in transaction'), count(*) FILTER (WHERE wait_event_type = 'Lock')
               FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rota'";
    let (idle, wait): (i64, i64) = sqlx::query_as(sql).fetch_one(watcher).await.expect("activity");
    idle > 0 && wait > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_falls_silent_in_the_middle_of_a_record_does_not_stop_another_one() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    let other = place.connect().await;
    begin(&*other, &acme()).await;
    let silent = host(&place).await;
    let workers = silent.works();
    let mut watcher = PgConnection::connect(place.url().await).await.expect("a watcher");
    while !is_left_locked(&mut watcher).await {
        silent.way.be(Mood::Well);
        tokio::time::sleep(Duration::from_millis(30)).await;
        silent.way.be(Mood::Stalled);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    tokio::time::timeout(Duration::from_secs(120), record(&other, "other"))
        .await
        .expect("the other host is not stopped for ever")
        .expect("it records");
    drop(workers);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_waits_for_ever_on_a_connection_that_is_silent_for_good_and_the_next_ones_go_over_new_ones() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    let host = host(&place).await;
    let forgotten = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let (store, forgotten) = (Arc::clone(&host.store), Arc::clone(&forgotten));
        // One that has no connection at that moment meets a new one, and nothing happens to it.
        workers.spawn(async move {
            while store.changed(None, change()).await.is_ok() && !forgotten.load(Ordering::Relaxed) {}
        });
    }
    // They write all the time, so connections are in use when they are forgotten.
    tokio::time::sleep(Duration::from_millis(300)).await;
    host.way.forget();
    forgotten.store(true, Ordering::Relaxed);
    let ended = async { while workers.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(240), ended).await.expect("nobody waits for ever");
    let again = async { while host.store.changed(None, change()).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(240), again).await.expect("it writes over new connections");
}

fn change() -> Change {
    Change { at: at(1), who: "test".into(), action: "token.made".into(), thing: "one".into(), detail: None }
}
