//! Records of many tenants on PostgreSQL, which go into one transaction while others are under way.

use std::sync::Arc;
use std::time::Duration;

use rota_domain::id::TenantId;
use rota_flow::ports::{EntryBody, Store as _, StoreError, Watch as _};
use rota_store::PostgresStore;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinHandle;

use super::values::{at, begin, decided, entry, owner, task};
use super::{Place as _, PostgresDatabase};

/// So many tenants whose first entry is written.
async fn tenants(store: &PostgresStore, count: usize) -> Vec<TenantId> {
    let tenants: Vec<TenantId> = (0..count).map(|n| TenantId::from(format!("t{n:02}"))).collect();
    for tenant in &tenants {
        begin(store, tenant).await;
    }
    tenants
}

/// Each records a decision, all at once.
fn record(store: &Arc<PostgresStore>, tenants: &[TenantId]) -> Vec<JoinHandle<Result<(), StoreError>>> {
    let one = |tenant: &TenantId| {
        let (store, tenant) = (Arc::clone(store), tenant.clone());
        tokio::spawn(async move {
            let body = EntryBody::Decision(Box::new(decided("d1", vec![owner("71"), task("one")])));
            store.record(&tenant, 1, vec![entry(1, body)]).await
        })
    };
    tenants.iter().map(one).collect()
}

/// The number of the next transaction that writes.
async fn next(connection: &mut PgConnection) -> i64 {
    let sql = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_whom_somebody_holds_keeps_no_other_waiting() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    let store = place.connect().await;
    let tenants = tenants(&store, 24).await;
    let mut somebody = PgConnection::connect(place.url().await).await.unwrap();
    let held = ["t03", "t11"];
    let mut holds = somebody.begin().await.unwrap();
    let hold = "SELECT 1 FROM tenants WHERE tenant = ANY($1) FOR UPDATE";
    sqlx::query(hold).bind(held.as_slice()).execute(&mut *holds).await.unwrap();

    let mut kept = Vec::new();
    for (tenant, recorded) in tenants.iter().zip(record(&store, &tenants)) {
        if held.contains(&tenant.as_str()) {
            kept.push(recorded);
        } else {
            recorded.await.unwrap().unwrap();
        }
    }
    assert!(kept.iter().all(|recorded| !recorded.is_finished()));
    holds.rollback().await.unwrap();
    for recorded in kept {
        recorded.await.unwrap().unwrap();
    }
    for tenant in &tenants {
        assert_eq!(store.load(tenant, at(0)).await.unwrap().seq, 2);
        assert_eq!(store.backlog(tenant).await.unwrap(), (0, 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_wait_for_others_go_into_one_transaction() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    let store = place.connect().await;
    let tenants = tenants(&store, 48).await;
    let mut somebody = PgConnection::connect(place.url().await).await.unwrap();
    let before = next(&mut somebody).await;
    // Nothing is committed until all of them are there.
    let mut holds = somebody.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE log IN EXCLUSIVE MODE").execute(&mut *holds).await.unwrap();
    let recorded = record(&store, &tenants);
    while store.writing().waiting < 48 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holds.rollback().await.unwrap();
    for recorded in recorded {
        recorded.await.unwrap().unwrap();
    }
    // Those that came first were alone in theirs, and the rest went together.
    let written = next(&mut somebody).await - before;
    assert!(written < 48, "48 records were written in {written} transactions");
    for tenant in &tenants {
        assert_eq!(store.backlog(tenant).await.unwrap(), (0, 2));
    }
}
