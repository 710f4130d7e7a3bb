//! Several hosts on one PostgreSQL database, and databases that are refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rota_domain::id::{EffectId, Seed};
use rota_flow::ports::{EntryBody, Retention as _, Settle, Store, StoreError, Swept, Watch as _};
use rota_store::PostgresStore;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::values::{LEASE, acme, at, begin, decided_about, entry, hs, property, settle};
use super::{Place as _, PostgresDatabase};

/// Records and delivers until nothing is left, as one of several hosts does.
async fn work(host: usize, store: Arc<PostgresStore>, sent: Arc<Mutex<BTreeMap<String, Vec<EffectId>>>>) {
    for round in 0..20 {
        let recorded = decided_about(&(round % 3).to_string(), &format!("h{host}-{round}"), vec![property("a")]);
        let body = EntryBody::Decision(Box::new(recorded));
        loop {
            let seq = store.load(&acme(), at(1_000)).await.unwrap().seq;
            match store.record(&acme(), seq, vec![entry(0, body.clone())]).await {
                Ok(()) => break,
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for claim in store.claim(&acme(), &hs(), at(1), LEASE, 2).await.unwrap() {
            sent.lock().unwrap().entry(claim.lane.clone()).or_default().push(claim.effect.id.clone());
            assert!(settle(&*store, 1, claim, Settle::Done).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hosts_write_one_log_without_a_gap_and_deliver_every_effect_once_and_in_order() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    let first = place.connect().await;
    begin(&*first, &acme()).await;
    let sent: Arc<Mutex<BTreeMap<String, Vec<EffectId>>>> = Arc::default();
    let mut hosts = Vec::new();
    for host in 0..3 {
        hosts.push(tokio::spawn(work(host, place.connect().await, Arc::clone(&sent))));
    }
    for host in hosts {
        host.await.unwrap();
    }
    loop {
        let claims = first.claim(&acme(), &hs(), at(1), LEASE, 9).await.unwrap();
        if claims.is_empty() {
            break;
        }
        for claim in claims {
            sent.lock().unwrap().entry(claim.lane.clone()).or_default().push(claim.effect.id.clone());
            assert!(settle(&*first, 1, claim, Settle::Done).await);
        }
    }
    let log = first.log(&acme(), 0, 1_000).await.unwrap();
    assert_eq!(log.iter().map(|stored| stored.seq).collect::<Vec<_>>(), (2..=61).collect::<Vec<_>>());
    assert_eq!(first.backlog(&acme()).await.unwrap(), (0, 0));
    for (lane, sent) in &*sent.lock().unwrap() {
        let in_lane = log.iter().filter(|stored| format!("contact:{}", &stored.decision.lead.as_str()[11..]) == *lane);
        let expected: Vec<EffectId> = in_lane.map(|stored| EffectId::of(&stored.decision.id, 0)).collect();
        assert_eq!(*sent, expected, "lane {lane}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_open_a_new_database_at_once_make_it_once() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    place.url().await;
    let (one, other, third) = tokio::join!(place.connect(), place.connect(), place.connect());
    one.open(&acme(), Seed::from_number(7)).await.unwrap();
    for store in [other, third] {
        assert_eq!(store.tenants().await.unwrap(), [acme()]);
        assert_eq!(store.load(&acme(), at(0)).await.unwrap().seed, Seed::from_number(7));
    }
}

#[tokio::test]
async fn what_is_past_goes_and_what_waits_is_watched() {
    if !PostgresDatabase::there() {
        return;
    }
    let store = PostgresDatabase::new().connect().await;
    begin(&*store, &acme()).await;
    let body = EntryBody::Decision(Box::new(decided_about("1", "d1", vec![property("a")])));
    store.record(&acme(), 1, vec![entry(0, body)]).await.unwrap();
    let waits = store.waits(at(9)).await.unwrap();
    assert_eq!((waits.len(), waits[0].effects.number, waits[0].unassigned.number), (1, 1, 0));
    assert_eq!(store.decided_since(&acme(), at(0)).await.unwrap(), 1);
    assert_eq!((store.health().await.unwrap().kind, store.failing().await.unwrap().len()), ("postgres", 0));
    let later = Some(at(1_000_000));
    let waiting = store.let_go(&acme(), later, later, Swept::default()).await.unwrap();
    assert_eq!(waiting.decisions, 0, "an effect of it waits");
    for claim in store.claim(&acme(), &hs(), at(1), LEASE, 2).await.unwrap() {
        assert!(settle(&*store, 1, claim, Settle::Done).await);
    }
    let gone = store.let_go(&acme(), later, later, Swept::default()).await.unwrap();
    assert_eq!((gone.decisions, gone.effects), (1, 1));
}

#[tokio::test]
async fn a_database_of_a_newer_rota_or_of_another_program_is_refused_and_stays_as_it_is() {
    if !PostgresDatabase::there() {
        return;
    }
    let newer = PostgresDatabase::new();
    drop(newer.connect().await);
    execute(&newer, "UPDATE rota_schema SET version = 99").await;
    let others = PostgresDatabase::new();
    execute(&others, "CREATE TABLE customers (id INTEGER)").await;
    for (place, says) in [(newer, "newer Rota (schema 99"), (others, "another program")] {
        let error = place.try_connect().await.err().expect("it is refused").to_string();
        assert!(error.contains(says), "{error}");
    }
}

async fn execute(place: &PostgresDatabase, statement: &'static str) {
    let mut connection = PgConnection::connect(place.url().await).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
