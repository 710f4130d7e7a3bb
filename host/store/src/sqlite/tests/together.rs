//! Records of many tenants share statements, and nothing else.

use std::sync::Arc;

use rota_domain::desk::Counters;
use rota_domain::event::Status;
use rota_domain::id::{ConnectionId, DecisionId, FlowId, RepId, Seed, TenantId};
use rota_flow::ports::{Arrival, Entry, EntryBody, Payload, Settles, Store as _, StoreError};
use serde_json::json;

use super::super::SqliteStore;
use super::shared::turn;
use super::{at, lead, open, recorded};

const TENANTS: i32 = 90;

fn tenant(n: i32) -> TenantId {
    TenantId::from(format!("t{n:02}"))
}

/// A workspace, a status, and a decision about the one arrival, each with something of its own.
fn entries(n: i32, inbox: i64) -> Vec<Entry> {
    let mut decided = recorded();
    decided.counters = vec![(FlowId::from("inbound"), "leads".into(), n)];
    decided.decision.fuel = u64::try_from(n).unwrap();
    decided.private.log = vec![format!("log of {n}")];
    decided.turn = Some(turn(20 + usize::try_from(n).unwrap()));
    let workspace = Arc::new(serde_json::from_value(json!({"workspace": tenant(n)})).unwrap());
    let status = if n % 2 == 0 { Status::Away } else { Status::Left };
    let bodies = [
        EntryBody::Workspace { workspace, rotations: vec![], origin: None },
        EntryBody::Rep { rep: RepId::from("ana"), status },
        EntryBody::Decision(Box::new(decided)),
    ];
    let entry = |(place, body)| Entry { at: at(0), inbox: (place == 2).then_some(Settles::Row(inbox)), body };
    bodies.into_iter().enumerate().map(entry).collect()
}

/// Every tenant asks at once; on this runtime all wait before the writer runs. Those in `late`
/// expect the wrong number.
async fn ask(store: &Arc<SqliteStore>, late: &'static [i32]) -> Vec<Result<(), StoreError>> {
    let mut asked = Vec::new();
    for n in 0..TENANTS {
        // One seed and one person for all: nothing but the tenant keeps them apart.
        store.open(&tenant(n), Seed::from_number(1)).await.unwrap();
        let payload = Payload::Lead { lead: Box::new(lead("web:1", "eve@waiting.example")), flow: None };
        let arrival = Arrival { dedupe_key: "k".into(), occurred: at(0), payload };
        store.accept(&tenant(n), vec![arrival], at(0)).await.unwrap();
        assert!(store.tenant(&tenant(n)).await.is_ok());
    }
    for n in 0..TENANTS {
        let inbox = store.waiting(&tenant(n), 0, 1).await.unwrap()[0].id;
        let (store, expected) = (Arc::clone(store), u64::from(late.contains(&n)));
        asked.push(tokio::spawn(async move { store.record(&tenant(n), expected, entries(n, inbox)).await }));
    }
    let mut answers = Vec::new();
    for asked in asked {
        answers.push(asked.await.unwrap());
    }
    answers
}

async fn assert_written(store: &SqliteStore, n: i32) {
    let tenant = tenant(n);
    let state = store.load(&tenant, at(-9)).await.unwrap();
    assert_eq!((state.seq, state.workspace.as_ref().unwrap().0), (3, 1));
    assert_eq!(state.workspace.unwrap().1.tenant, tenant);
    assert_eq!(state.statuses[&RepId::from("ana")], if n % 2 == 0 { Status::Away } else { Status::Left });
    assert_eq!(state.rotations.len(), 1);
    assert_eq!(state.counters, Counters::from([(FlowId::from("inbound"), [("leads".into(), n)].into())]));
    assert_eq!(state.recent.len(), 1);
    let recalled = store.decision(&tenant, &DecisionId::from("d1")).await.unwrap().unwrap();
    assert_eq!(recalled.stored.seq, 3);
    assert_eq!(recalled.stored.decision.fuel, u64::try_from(n).unwrap());
    assert_eq!(recalled.stored.turn, Some(turn(20 + usize::try_from(n).unwrap()).0));
    assert_eq!(recalled.private.unwrap().log, [format!("log of {n}")]);
    let acts = recalled.effects.iter().map(|row| row.effect.clone());
    assert_eq!(acts.collect::<Vec<_>>(), recorded().effects);
    assert_eq!(store.backlog(&tenant).await.unwrap(), (0, 4));
    let lease = jiff::SignedDuration::from_secs(30);
    let claims = store.claim(&tenant, &ConnectionId::from("hs"), at(9), lease, 9).await.unwrap();
    assert_eq!(claims.len(), 1);
}

#[tokio::test]
async fn records_of_many_tenants_that_are_written_together_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    for answer in ask(&store, &[]).await {
        answer.unwrap();
    }
    for n in 0..TENANTS {
        assert_written(&store, n).await;
    }
}

#[tokio::test]
async fn records_that_cannot_be_written_together_are_written_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let late: &[i32] = &[3, 77];
    for (n, answer) in (0..TENANTS).zip(ask(&store, late).await) {
        if late.contains(&n) {
            assert!(matches!(answer, Err(StoreError::Conflict { seq: 0, .. })), "{answer:?}");
            assert_eq!(store.load(&tenant(n), at(-9)).await.unwrap().seq, 0);
            assert_eq!(store.backlog(&tenant(n)).await.unwrap(), (1, 0));
        } else {
            answer.unwrap();
            assert_written(&store, n).await;
        }
    }
}
