//! A tenant's share of the host: what is used up makes leads wait, and loses none.

use std::sync::Arc;

use rota::clock::SystemClock;
use rota_flow::orders::{Call, OrderError, Orders};
use rota_flow::ports::{Arrival, Clock as _, Payload};
use rota_flow::sequencer::{Desktop, Progress, Sequencer};
use rota_flow::share::Share;
use rota_store::SqliteStore;
use rota_tests::guest::Guest;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::orders::{LINES, call, desktop, revision, store, works};
use crate::tenant::{Tenant, workspace};

#[tokio::test]
async fn leads_wait_in_the_inbox_while_the_fuel_of_the_minute_is_used_and_are_decided_after() {
    let folder = workspace("", &[Guest::file("endless-loop")]);
    let share = Share::new(Tenant::id(), Arc::default(), 1, SystemClock.now());
    let mut tenant = Tenant::with(folder.path(), share.clone()).await;
    for n in 0..5 {
        tenant.arrives(n).await;
    }
    assert_eq!(tenant.turn().await, Progress::More);
    assert!(matches!(tenant.turn().await, Progress::Spent(wait) if !wait.is_zero()));
    assert_eq!(tenant.store.backlog(&Tenant::id()).await.expect("a backlog").0, 4);
    share.regrant(u64::MAX, SystemClock.now());
    while tenant.turn().await == Progress::More {}
    assert_eq!(tenant.store.log(&Tenant::id(), 0, 10).await.expect("the log").len(), 5);
}

#[tokio::test]
async fn a_batch_of_a_rule_that_burns_its_fuel_is_recorded_in_parts_and_decided_as_in_one() {
    let folder = workspace("", &[Guest::file("endless-loop")]);
    let mut tenant = Tenant::open(folder.path()).await;
    for n in 0..25 {
        tenant.arrives(n).await;
    }
    let mut commits = 0;
    while tenant.turn().await == Progress::More {
        commits += 1;
    }
    assert_eq!(commits, 3);
    let log = tenant.store.log(&Tenant::id(), 0, 100).await.expect("the log");
    let leads: Vec<&str> = log.iter().map(|stored| stored.decision.lead.as_str()).collect();
    assert_eq!(leads, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(log.iter().all(|stored| stored.decision.fallback));
}

/// A sequencer whose fuel is used: it has decided about the call 0.
async fn spent(folder: &TempDir) -> (Orders, Arc<SqliteStore>, Share, (JoinHandle<()>, watch::Sender<bool>)) {
    let store = store(folder.path()).await;
    let share = Share::new(Tenant::id(), Arc::default(), 1, SystemClock.now());
    let desktop = Desktop { share: share.clone(), ..desktop(folder.path(), store.clone()) };
    let (orders, placed) = Orders::new();
    let work = works(Sequencer::open(desktop).await.expect("the log is open"), placed);
    orders.route(call(0, true)).await.expect("an answer");
    (orders, store, share, work)
}

#[tokio::test]
async fn while_the_fuel_is_used_a_repeat_is_answered_and_a_new_call_is_told_when_to_come_again() {
    let folder = workspace(LINES, &[]);
    let (orders, _, share, _work) = spent(&folder).await;
    let again = orders.route(call(0, true)).await.expect("an answer");
    assert!(again.decision.repeated);
    let refused = orders.route(call(1, true)).await;
    assert!(matches!(refused, Err(OrderError::Spent { wait }) if wait.is_positive()), "{refused:?}");
    share.regrant(u64::MAX, SystemClock.now());
    assert!(!orders.route(call(1, true)).await.expect("an answer").decision.repeated);
}

#[tokio::test]
async fn while_the_fuel_is_used_a_call_that_asks_no_rule_is_decided() {
    let folder = workspace(LINES, &[]);
    let (orders, ..) = spent(&folder).await;
    let lead = |lead| Payload::Lead { lead: serde_json::from_value(lead).expect("a lead"), flow: None };
    for (other, outcome) in [
        (json!({"id": "hs:deal:1", "object": "deal"}), "pass"),
        (json!({"id": "hs:contact:1", "owner": "ana"}), "kept"),
    ] {
        let answer = orders.route(Call { payload: lead(other), ..call(1, false) }).await.expect("an answer");
        assert_eq!(answer.decision.outcome.as_str(), outcome);
    }
}

#[tokio::test]
async fn while_the_fuel_is_used_a_revision_is_entered() {
    let folder = workspace(LINES, &[]);
    let (orders, ..) = spent(&folder).await;
    let (next, _) = revision(workspace(&format!("{LINES}[[reps]]\nid = \"cy\"\n"), &[]).path());
    let entered = orders.revise(next, Some(1)).await.expect("it is entered");
    assert_eq!(entered, 3, "after the first revision and the decision");
}

#[tokio::test]
async fn while_the_fuel_is_used_erasures_and_leads_that_ask_no_rule_overtake_those_that_ask_one() {
    let folder = workspace(LINES, &[]);
    let share = Share::new(Tenant::id(), Arc::default(), 1, SystemClock.now());
    let mut tenant = Tenant::with(folder.path(), share.clone()).await;
    tenant.arrives(0).await;
    assert_eq!(tenant.turn().await, Progress::More);
    for n in 1..3 {
        tenant.arrives(n).await;
    }
    let now = SystemClock.now();
    let deal = serde_json::from_value(json!({"id": "hs:deal:1", "object": "deal"})).expect("a lead");
    let other = Arrival { dedupe_key: "deal".into(), occurred: now, payload: Payload::Lead { lead: deal, flow: None } };
    let payload = Payload::Erasure { connection: "hs".into(), object: "contact".into(), id: "9".into() };
    let erasure = Arrival { dedupe_key: "erasure".into(), occurred: now, payload };
    tenant.store.accept(&Tenant::id(), vec![other, erasure], now).await.expect("accepted");
    let waiting = async |tenant: &Tenant| tenant.store.waiting(&Tenant::id(), 0, 99).await.expect("a page").len();
    let decided = async |tenant: &Tenant| tenant.store.log(&Tenant::id(), 0, 99).await.expect("the log").len();
    assert_eq!((waiting(&tenant).await, decided(&tenant).await), (4, 1));
    while tenant.turn().await == Progress::More {}
    assert!(matches!(tenant.turn().await, Progress::Spent(_)), "somebody waits for fuel still");
    assert_eq!((waiting(&tenant).await, decided(&tenant).await), (2, 2), "the deal and the erasure are done");
    share.regrant(u64::MAX, SystemClock.now());
    while tenant.turn().await == Progress::More {}
    assert_eq!((waiting(&tenant).await, decided(&tenant).await), (0, 4));
    assert_eq!(tenant.turn().await, Progress::Idle);
}
