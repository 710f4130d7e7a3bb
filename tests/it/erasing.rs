//! What was taken in before a person's erasure and is decided after it brings nothing of them
//! back, and who comes later is somebody new.

use rota::clock::SystemClock;
use rota_domain::id::TenantId;
use rota_flow::orders::{Answered, Apply, Call, Orders};
use rota_flow::ports::{Arrival, Clock as _, Payload, People as _, Store as _, Whom};
use rota_store::SqliteStore;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::orders::{LINES, carry_out, sequencer, store};
use crate::tenant;

fn acme() -> TenantId {
    "acme".into()
}

fn joe() -> Whom {
    Whom::Email("joe@telltale.example".into())
}

fn lead(id: &str, email: &str) -> Payload {
    let lead = serde_json::from_value(json!({"id": id, "properties": {"email": email}})).expect("a lead");
    Payload::Lead { lead, flow: None }
}

/// A call is placed, and waits.
async fn placed(orders: &Orders, id: &str, email: &str) -> JoinHandle<Answered> {
    let call = Call {
        key: None,
        payload: lead(id, email),
        flow: None,
        apply: Apply::Host,
        received: SystemClock.now(),
        parent: None,
    };
    let orders = orders.clone();
    let asked = tokio::spawn(async move { orders.route(call).await.expect("an answer") });
    tokio::task::yield_now().await;
    asked
}

async fn erase(store: &SqliteStore, whom: &Whom) {
    store.erase(&acme(), whom, "a test", SystemClock.now(), None).await.expect("erased");
}

/// The outcome and the reason's code of a call.
async fn told(asked: JoinHandle<Answered>) -> (&'static str, String) {
    let Answered { decision, .. } = asked.await.expect("it ends well");
    (decision.outcome.as_str(), decision.reason.code)
}

#[tokio::test]
async fn a_call_that_waits_while_its_person_is_erased_brings_nothing_of_them_back() {
    let folder = tenant::workspace(LINES, &[]);
    let store = store(folder.path()).await;
    let (orders, queue) = Orders::new();
    let sequencer = sequencer(folder.path(), store.clone()).await;
    let (of_joe, of_eve) =
        (placed(&orders, "web:1", "joe@telltale.example").await, placed(&orders, "web:2", "eve@x.example").await);
    erase(&store, &joe()).await;
    let again = placed(&orders, "web:3", "joe@telltale.example").await;
    carry_out(sequencer, queue).await;
    assert_eq!(told(of_joe).await, ("pass", "person-erased".to_owned()));
    assert_eq!(told(of_eve).await.0, "assign", "nobody else is touched");
    assert_eq!(told(again).await.0, "assign", "who comes after the erasure is somebody new");
    let kept = store.export(&acme(), &Whom::Lead("web:1".into())).await.expect("an export");
    let words: Vec<_> = kept.decisions.iter().filter_map(|about| about.private.lead.as_ref()).collect();
    assert!(words.iter().all(|lead| lead.properties.is_empty()), "nothing of them is kept");
    let known = store.export(&acme(), &joe()).await.expect("an export");
    assert_eq!(known.leads, ["web:3".into()]);
}

#[tokio::test]
async fn a_call_about_another_lead_of_an_erased_person_is_known_as_theirs() {
    let folder = tenant::workspace(LINES, &[]);
    let store = store(folder.path()).await;
    let (orders, queue) = Orders::new();
    let before = placed(&orders, "web:1", "joe@telltale.example").await;
    carry_out(sequencer(folder.path(), store.clone()).await, queue).await;
    assert_eq!(told(before).await.0, "assign");
    let (orders, queue) = Orders::new();
    let sequencer = sequencer(folder.path(), store.clone()).await;
    let by_address = placed(&orders, "web:2", "joe@telltale.example").await;
    let by_lead = placed(&orders, "web:1", "joe@elsewhere.example").await;
    erase(&store, &Whom::Lead("web:1".into())).await;
    carry_out(sequencer, queue).await;
    for asked in [by_address, by_lead] {
        assert_eq!(told(asked).await, ("pass", "person-erased".to_owned()));
    }
}

#[tokio::test]
async fn who_was_erased_is_forgotten_once_nothing_waits_that_came_before() {
    let folder = tenant::workspace(LINES, &[]);
    let store = store(folder.path()).await;
    drop(sequencer(folder.path(), store.clone()).await);
    let arrival =
        Arrival { dedupe_key: "1".into(), occurred: SystemClock.now(), payload: lead("web:1", "eve@x.example") };
    store.accept(&acme(), vec![arrival], SystemClock.now()).await.expect("accepted");
    erase(&store, &joe()).await;
    let departed = async || store.load(&acme(), SystemClock.now()).await.expect("a state").departed.len();
    store.forget_departed(&acme(), SystemClock.now()).await.expect("forgotten");
    assert_eq!(departed().await, 1, "a lead waits that came before");
    let mut tenant = tenant::Tenant::open(folder.path()).await;
    tenant.turn().await;
    store.forget_departed(&acme(), SystemClock.now()).await.expect("forgotten");
    assert_eq!(departed().await, 0);
}
