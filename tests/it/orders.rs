//! Calls to a tenant's sequencer: in order, bounded, and once each, whoever else is at work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rota::bind::Bound;
use rota::clock::SystemClock;
use rota_domain::id::{Digest, Seed};
use rota_flow::orders::{Answered, Apply, Call, Order, OrderError, Orders, Revision};
use rota_flow::ports::{Arrival, Clock as _, Keyed, Payload, Rules, Store as _};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_flow::share::Share;
use rota_store::SqliteStore;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::service::until;
use crate::tenant;

pub(crate) const LINES: &str = "[[reps]]\nid = \"ana\"\n[[reps]]\nid = \"bo\"\n\
    [[pools]]\nid = \"all\"\nmembers = [{ rep = \"ana\" }, { rep = \"bo\" }]\n\
    [[flows]]\nid = \"inbound\"\nplugin = \"next-in-line\"\nsettings = { pool = \"all\" }\n\
    fallback = { queue = \"triage\" }\ncoalesce = \"0m\"\n";

pub(crate) async fn store(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(rota_tests::open(&folder.join("rota.db")).await.expect("a database"))
}

pub(crate) async fn sequencer(folder: &Path, store: Arc<SqliteStore>) -> Sequencer {
    Sequencer::open(desktop(folder, store)).await.expect("the log is open")
}

/// What a sequencer works with, for who wants something of it to be different.
pub(crate) fn desktop(folder: &Path, store: Arc<SqliteStore>) -> Desktop {
    let (revision, rules) = revision(folder);
    Desktop {
        tenant: "acme".into(),
        revision,
        seed: Seed::from_number(1),
        store: store.clone(),
        people: store,
        rules,
        clock: Arc::new(SystemClock),
        share: Share::new("acme".into(), Arc::default(), u64::MAX, SystemClock.now()),
    }
}

/// The workspace of a folder as a revision, and who runs its rules.
pub(crate) fn revision(folder: &Path) -> (Revision, Arc<dyn Rules>) {
    let (Bound { workspace, bindings, kept, .. }, catalogue) = tenant::bound(folder);
    (Revision { workspace, bindings, kept, crms: BTreeMap::default(), origin: None }, catalogue)
}

/// A sequencer at work, and what stops it.
async fn at_work(folder: &TempDir, placed: mpsc::Receiver<Order>) -> (JoinHandle<()>, watch::Sender<bool>) {
    works(sequencer(folder.path(), store(folder.path()).await).await, placed)
}

/// A sequencer at work, and what stops it.
pub(crate) fn works(sequencer: Sequencer, placed: mpsc::Receiver<Order>) -> (JoinHandle<()>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let work = tokio::spawn(sequencer.run(placed, Arc::new(Notify::new()), watch::Sender::new(()), stopped));
    (work, stop)
}

pub(crate) fn call(n: usize, key: bool) -> Call {
    let lead = serde_json::from_value(json!({"id": format!("web:{n}")})).expect("a lead");
    let received = SystemClock.now();
    let asked = Digest::of(n.to_string().as_bytes());
    Call {
        key: key.then(|| Keyed { key: n.to_string(), asked, received }),
        payload: Payload::Lead { lead, flow: None },
        flow: None,
        apply: Apply::Host,
        received,
        parent: None,
    }
}

/// Carries out what was placed, and stops.
pub(crate) async fn carry_out(sequencer: Sequencer, placed: mpsc::Receiver<Order>) {
    let (_stop, stopped) = watch::channel(true);
    sequencer.run(placed, Arc::new(Notify::new()), watch::Sender::new(()), stopped).await;
}

/// Places so many calls at once; they are in the queue when this returns.
pub(crate) async fn place(orders: &Orders, count: usize, key: bool) -> JoinSet<(usize, Result<Answered, OrderError>)> {
    let mut asked = JoinSet::new();
    for n in 0..count {
        let orders = orders.clone();
        asked.spawn(async move { (n, orders.route(call(n, key)).await) });
    }
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
    asked
}

#[tokio::test]
async fn calls_that_were_placed_before_a_stop_are_carried_out_and_later_ones_are_refused() {
    let folder = tenant::workspace(LINES, &[]);
    let (orders, placed) = Orders::new();
    let sequencer = sequencer(folder.path(), store(folder.path()).await).await;
    let asked = place(&orders, 200, false).await;
    carry_out(sequencer, placed).await;
    for (n, answer) in asked.join_all().await {
        assert_eq!(answer.expect("an answer").decision.lead.as_str(), format!("web:{n}"));
    }
    assert!(matches!(orders.route(call(0, false)).await, Err(OrderError::Stopped)));
    assert_eq!(store(folder.path()).await.log(&"acme".into(), 0, 999).await.expect("the log").len(), 200);
}

#[tokio::test]
async fn more_calls_than_may_wait_are_refused_before_anything_is_taken_in() {
    let (orders, _placed) = Orders::new();
    let mut asked = place(&orders, 257, false).await;
    let (_, refused) = asked.join_next().await.expect("one ends").expect("it ends well");
    assert!(matches!(refused, Err(OrderError::Full { waiting: 256 })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_of_one_tenant_answer_a_key_with_one_decision_and_take_turns_in_order() {
    const CALLS: usize = 60;
    let folder = tenant::workspace(LINES, &[]);
    let ((here, one), (there, two)) = (Orders::new(), Orders::new());
    let hosts = [at_work(&folder, one).await, at_work(&folder, two).await];
    let (first, second) = (place(&here, CALLS, true).await, place(&there, CALLS, true).await);
    let answers = |asked: JoinSet<_>| async {
        let all = asked.join_all().await.into_iter();
        all.map(|(n, answer): (usize, Result<Answered, OrderError>)| (n, answer.expect("an answer").decision.id))
            .collect::<BTreeMap<_, _>>()
    };
    let (first, second) = (answers(first).await, answers(second).await);
    assert_eq!(first, second);
    let log = store(folder.path()).await.log(&"acme".into(), 0, 999).await.expect("the log");
    assert_eq!(log.len(), CALLS);
    let reps: Vec<&str> =
        log.iter().filter_map(|stored| stored.decision.rep.as_ref()).map(|rep| rep.as_str()).collect();
    assert!(reps.chunks(2).all(|pair| pair == ["ana", "bo"]), "{reps:?}");
    for (work, stop) in hosts {
        stop.send_replace(true);
        work.await.expect("it ends well");
    }
}

#[tokio::test]
async fn a_call_does_not_wait_until_a_long_inbox_is_empty() {
    let folder = tenant::workspace(LINES, &[]);
    let store = store(folder.path()).await;
    let sequencer = sequencer(folder.path(), store.clone()).await;
    let arrival =
        |n: usize| Arrival { dedupe_key: n.to_string(), occurred: SystemClock.now(), payload: call(n, false).payload };
    store.accept(&"acme".into(), (1..=3_000).map(arrival).collect(), SystemClock.now()).await.expect("accepted");
    let (orders, placed) = Orders::new();
    let (_work, _stop) = works(sequencer, placed);
    let waiting = async || store.backlog(&"acme".into()).await.expect("a backlog").0;
    until("the first rows are decided", async || waiting().await < 3_000).await;
    orders.route(call(0, false)).await.expect("an answer");
    assert!(waiting().await > 0, "the call came before the last rows");
}
