//! PostgreSQL's statistics: tables that grew from nothing are counted anew while a host is at work, so
//! that no statement stays planned for an empty table until autovacuum comes.

use std::time::Duration;

use rota_flow::ports::Store as _;
use sqlx::{Connection as _, PgConnection};

use super::values::{acme, arrival, at, begin};
use super::{Place as _, PostgresDatabase};

/// More than are let be.
const LEADS: usize = 1_500;

#[tokio::test]
async fn postgresql_counts_tables_anew_that_grow_while_a_host_is_at_work() {
    if !PostgresDatabase::there() {
        return;
    }
    let place = PostgresDatabase::new();
    let store = place.connect().await;
    begin(&*store, &acme()).await;
    let arrivals = (0..LEADS).map(|n| arrival(&n.to_string())).collect();
    store.accept(&acme(), arrivals, at(0)).await.unwrap();
    let mut beside = PgConnection::connect(place.url().await).await.unwrap();
    let counted = async {
        let sql = "SELECT last_analyze IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'inbox'";
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut beside).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), counted).await.expect("it is counted");
}
