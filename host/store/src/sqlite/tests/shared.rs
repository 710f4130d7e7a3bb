//! How the log and what decisions share stand in the file.

use rota_domain::fairness::{Candidate, Policy, Rotation, Turn};
use rota_domain::id::{DecisionId, FlowId, PoolId, RepId, Seed, TenantId};
use rota_flow::ports::{Entry, EntryBody, Recorded, Store as _, StoreError};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::super::SqliteStore;
use super::{acme, at, filled, open, raw, recorded};

/// A turn among so many reps.
pub(super) fn turn(reps: usize) -> (Turn, Rotation) {
    let rep = |n: usize| RepId::from(format!("rep-{n:03}"));
    let candidates: Vec<Candidate> = (0..reps).map(|n| Candidate { rep: rep(n), weight: 10 }).collect();
    let mut rotation = Rotation::default();
    rotation.take(Policy::Quota, &candidates, &rep(0));
    (Turn::new(PoolId::from("na"), candidates, rep(0), Policy::Quota), rotation)
}

async fn write(store: &SqliteStore, tenant: &TenantId, expected: u64, recorded: Vec<Recorded>) {
    let entry = |recorded| Entry { at: at(0), inbox: None, body: EntryBody::Decision(Box::new(recorded)) };
    store.record(tenant, expected, recorded.into_iter().map(entry).collect()).await.unwrap();
}

fn again(id: &str) -> Recorded {
    let mut again = recorded();
    again.decision.id = DecisionId::from(id);
    again.effects.clear();
    again.turn = Some(turn(200));
    again
}

#[tokio::test]
async fn large_texts_about_a_workspace_stand_in_the_file_once_a_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    write(&store, &acme(), 2, vec![again("d2"), again("d3")]).await;
    // Another process has nothing in its memory.
    let other = open(folder.path()).await;
    write(&other, &acme(), 4, vec![again("d4")]).await;
    write(&store, &acme(), 5, vec![again("d5")]).await;
    let rival = TenantId::from("rival");
    store.open(&rival, Seed::from_number(2)).await.unwrap();
    write(&store, &rival, 0, vec![again("d1")]).await;

    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT tenant, count(*) FROM shared GROUP BY tenant ORDER BY tenant")
            .fetch_all(&mut raw(folder.path()).await)
            .await
            .unwrap();
    assert_eq!(rows, [("acme".into(), 3), ("rival".into(), 3)], "members, a table's value, and candidates");
    let log = store.log(&acme(), 2, 9).await.unwrap();
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|stored| stored.turn == Some(turn(200).0)));
    let recalled = other.decision(&acme(), &DecisionId::from("d3")).await.unwrap().unwrap();
    assert_eq!(recalled.private, Some(recorded().private));
    assert_eq!(recalled.stored.turn, Some(turn(200).0));
}

#[tokio::test]
async fn a_shared_text_that_is_missing_or_changed_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    write(&store, &acme(), 2, vec![again("d2")]).await;
    let mut connection = raw(folder.path()).await;
    let texts: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT digest, body FROM shared").fetch_all(&mut connection).await.unwrap();
    assert_eq!(texts.len(), 3);
    for (digest, body) in texts {
        for spoil in ["UPDATE shared SET body = x'ff' WHERE digest = ?", "DELETE FROM shared WHERE digest = ?"] {
            sqlx::query(AssertSqlSafe(spoil)).bind(&digest).execute(&mut connection).await.unwrap();
            match store.decision(&acme(), &DecisionId::from("d2")).await {
                Err(error @ StoreError::Inconsistent { .. }) => {
                    assert!(error.to_string().contains(&digest), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
        let mend = "INSERT INTO shared VALUES ('acme', ?, ?)";
        sqlx::query(mend).bind(&digest).bind(&body).execute(&mut connection).await.unwrap();
    }
    assert!(store.decision(&acme(), &DecisionId::from("d2")).await.unwrap().is_some());
}

#[tokio::test]
async fn the_log_says_which_counters_a_decision_changed_and_nothing_where_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let mut none = again("d2");
    none.counters.clear();
    write(&store, &acme(), 2, vec![none]).await;
    let set = EntryBody::Counter { flow: FlowId::from("inbound"), name: "leads".into(), value: None };
    store.record(&acme(), 3, vec![Entry { at: at(0), inbox: None, body: set }]).await.unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT kind, body FROM log WHERE seq > 1 ORDER BY seq")
        .fetch_all(&mut raw(folder.path()).await)
        .await
        .unwrap();
    let bodies: Vec<Value> = rows.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(bodies[0]["counters"], json!([{"flow": "inbound", "name": "leads", "value": 1}]));
    assert_eq!(bodies[1].get("counters"), None);
    assert_eq!(rows[2], ("counter".into(), r#"{"flow":"inbound","name":"leads","value":null}"#.into()));
}
