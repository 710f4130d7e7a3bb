//! Couriers that lose answers, leases and time: no task is created twice.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use rota_crm::Secret;
use rota_crm::hubspot::{ApiStyle, Burst, Config, HubSpot};
use rota_crm::outbound::Reach;
use rota_domain::circuit::{Fuse, Standing};
use rota_domain::delivery::Backoff;
use rota_domain::effect::{Act, Urgency};
use rota_flow::courier::{Courier, Round};
use rota_flow::link::Link;
use rota_flow::ports::{Board as _, Carrier, Clock, LaneState, Settle, Settlement, Store};
use rota_sandbox::Sandbox;
use rota_tests::memory::MemoryStore;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::service::{double, look, tell};
use crate::store::values::{LEASE, acme, at, begin, decided, decided_about, hs, record, states};

/// A clock that stands where it was put, and goes on by this much each time that it is read.
struct Hand(Mutex<(Timestamp, SignedDuration)>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        let mut hand = self.0.lock().expect("the clock");
        let (now, step) = *hand;
        hand.0 = now + step;
        now
    }
}

impl Hand {
    fn set(&self, seconds: i64, step_s: i64) {
        *self.0.lock().expect("the clock") = (at(seconds), SignedDuration::from_secs(step_s));
    }
}

struct Scene {
    _folder: TempDir,
    sandbox: Sandbox,
    store: Arc<dyn Store>,
    clock: Arc<Hand>,
}

impl Scene {
    /// A contact in a double, and a task for it that waits.
    async fn open() -> Self {
        let sandbox = double(1).await;
        tell(&sandbox, "contacts", json!([{"properties": {"email": "joe@big.example"}}])).await;
        let id = look(&sandbox, "state").await["contacts"][0]["id"].as_str().expect("an id").to_owned();
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = Arc::new(rota_tests::open(&folder.path().join("rota.db")).await.expect("a store"));
        begin(&*store, &acme()).await;
        let task =
            Act::Task { subject: "Call".into(), body: "Joe".into(), due: at(60), owner: None, urgency: Urgency::Usual };
        let mut decided = decided("d1", vec![task]);
        decided.effects[0].record = id;
        record(&*store, 0, decided).await;
        let clock = Arc::new(Hand(Mutex::new((at(1), SignedDuration::ZERO))));
        Self { _folder: folder, sandbox, store, clock }
    }

    fn hubspot(&self) -> HubSpot {
        let config = Config {
            connection: hs(),
            base_url: format!("http://{}", self.sandbox.address()),
            token: Secret::new("pat-sandbox"),
            api: ApiStyle::V3,
            burst: Burst::default(),
            timeout: std::time::Duration::from_secs(5),
            reach: Reach::anywhere(),
        };
        HubSpot::new(config).expect("a client")
    }

    /// A courier of a process that shares its link with others.
    fn sharing(&self, board: &MemoryStore, host: &str) -> Courier {
        let (of, board) = ((&acme(), &hs()), Arc::new(board.of(host)));
        Courier { link: Arc::new(Link::shared(Fuse::default(), at(0), board, of)), ..self.courier() }
    }

    /// A courier of a process of its own.
    fn courier(&self) -> Courier {
        let backoff = Backoff::default();
        Courier {
            tenant: acme(),
            connection: hs(),
            carrier: Arc::new(self.hubspot()),
            link: Arc::new(Link::new(backoff.fuse, at(0))),
            store: self.store.clone(),
            clock: self.clock.clone(),
            backoff,
            chance: Arc::new(|| 0.5),
        }
    }

    async fn tasks(&self) -> usize {
        look(&self.sandbox, "state").await["tasks"].as_array().expect("tasks").len()
    }
}

#[tokio::test]
async fn a_task_whose_answer_was_lost_is_found_by_the_next_courier() {
    let scene = Scene::open().await;
    tell(
        &scene.sandbox,
        "faults",
        json!([{"kind": "drop_after", "method": "POST", "path": "/crm/v3/objects/task", "count": 1}]),
    )
    .await;
    scene.courier().round(&Notify::new()).await.expect("a round");
    assert_eq!((scene.tasks().await, states(&*scene.store, "d1").await), (1, vec![LaneState::Waiting]));
    scene.clock.set(100, 0);
    assert_eq!(scene.courier().round(&Notify::new()).await.expect("a round"), Round::Worked);
    assert_eq!((scene.tasks().await, states(&*scene.store, "d1").await), (1, vec![LaneState::Done]));
}

#[tokio::test]
async fn a_courier_that_dies_after_its_call_leaves_one_task_and_its_late_word_changes_nothing() {
    let scene = Scene::open().await;
    let claim = scene.store.claim(&acme(), &hs(), at(1), LEASE, 9).await.expect("a claim").remove(0);
    let outcome = scene.hubspot().deliver(&[(claim.effect.clone(), claim.attempt)]).await;
    assert!(outcome[0].1.is_ok(), "{outcome:?}");
    assert_eq!(scene.courier().round(&Notify::new()).await.expect("a round"), Round::Idle, "the lease holds");
    scene.clock.set(40, 0);
    assert_eq!(scene.courier().round(&Notify::new()).await.expect("a round"), Round::Worked);
    let late = Settlement { claim, settle: Settle::Done, at: at(41) };
    assert_eq!(scene.store.settle(vec![late]).await.expect("settled"), [false]);
    assert_eq!((scene.tasks().await, states(&*scene.store, "d1").await), (1, vec![LaneState::Done]));
}

#[tokio::test]
async fn two_couriers_at_once_create_one_task() {
    let scene = Scene::open().await;
    let (one, two, bell) = (scene.courier(), scene.courier(), Notify::new());
    let (first, second) = tokio::join!(one.round(&bell), two.round(&bell));
    let rounds = [first.expect("a round"), second.expect("a round")];
    assert!(rounds.contains(&Round::Worked) && rounds.contains(&Round::Idle), "{rounds:?}");
    assert_eq!((scene.tasks().await, states(&*scene.store, "d1").await), (1, vec![LaneState::Done]));
}

#[tokio::test]
async fn a_claim_that_came_too_late_to_be_sent_within_its_lease_is_given_back_unsent() {
    let scene = Scene::open().await;
    scene.clock.set(1, 9);
    scene.courier().round(&Notify::new()).await.expect("a round");
    assert_eq!((scene.tasks().await, states(&*scene.store, "d1").await), (0, vec![LaneState::Waiting]));
    scene.clock.set(20, 0);
    scene.courier().round(&Notify::new()).await.expect("a round");
    assert_eq!((scene.tasks().await, states(&*scene.store, "d1").await), (1, vec![LaneState::Done]));
}

/// What a courier's link learns of the others', as its host does every second.
async fn hear(courier: &Courier, board: &MemoryStore, seconds: i64) {
    let read = tokio::time::Instant::now();
    courier.link.told(&board.notes().await.expect("notes"), read, at(seconds)).await;
}

/// Six contacts' tasks wait for a CRM that answers nobody; `one` finds that out and `other` hears.
async fn out_of_order() -> (Scene, MemoryStore, Courier, Courier) {
    let (scene, board) = (Scene::open().await, MemoryStore::default());
    for n in 2..=6 {
        let task =
            Act::Task { subject: "Call".into(), body: "Joe".into(), due: at(60), owner: None, urgency: Urgency::Usual };
        record(&*scene.store, 0, decided_about(&n.to_string(), &format!("d{n}"), vec![task])).await;
    }
    tell(&scene.sandbox, "faults", json!([{"kind": "status", "status": 503}])).await;
    let (one, other) = (scene.sharing(&board, "one"), scene.sharing(&board, "other"));
    assert_eq!(one.round(&Notify::new()).await.expect("a round"), Round::Worked);
    assert!(matches!(one.link.stand().standing, Standing::Open(_)), "{:?}", one.link.stand());
    hear(&other, &board, 1).await;
    (scene, board, one, other)
}

async fn calls(scene: &Scene) -> usize {
    look(&scene.sandbox, "calls").await.as_array().expect("calls").len()
}

#[tokio::test]
async fn what_one_host_finds_out_of_order_the_other_leaves_alone_and_one_of_them_probes() {
    let (scene, board, one, other) = out_of_order().await;
    let (before, bell) = (calls(&scene).await, Notify::new());
    assert!(matches!(other.round(&bell).await.expect("a round"), Round::PausedUntil(_)));
    assert_eq!(one.link.stand().standing, other.link.stand().standing);
    let cause = other.link.stand().cause.expect("a cause");
    assert!(!cause.contains("503"), "what a CRM said stays where it was heard: {cause}");
    scene.clock.set(4, 0);
    assert_eq!(other.round(&bell).await.expect("a round"), Round::Worked);
    assert_eq!(calls(&scene).await, before + 1, "one effect of six");
    // The other one has not heard yet how that ended, and probes only if it was first.
    assert!(matches!(one.round(&bell).await.expect("a round"), Round::PausedUntil(_)));
    assert_eq!(calls(&scene).await, before + 1);
    hear(&one, &board, 4).await;
    assert_eq!(one.link.stand().standing, other.link.stand().standing, "it is open for longer");
}

#[tokio::test]
async fn a_connection_that_answers_one_host_again_is_used_by_the_other_at_once() {
    let (scene, board, one, other) = out_of_order().await;
    tell(&scene.sandbox, "faults", json!([])).await;
    scene.clock.set(4, 0);
    assert_eq!(one.round(&Notify::new()).await.expect("a round"), Round::Worked);
    assert_eq!(one.link.stand().standing, Standing::Closed);
    assert!(matches!(other.link.stand().standing, Standing::Open(_)));
    hear(&other, &board, 4).await;
    assert_eq!(other.link.stand().standing, Standing::Closed);
    assert!(board.notes().await.expect("notes").is_empty());
}

#[tokio::test]
async fn a_person_who_resumes_a_connection_on_one_host_resumes_it_on_the_other() {
    let (_scene, board, one, other) = out_of_order().await;
    other.link.resume(at(2));
    hear(&other, &board, 2).await;
    hear(&one, &board, 2).await;
    assert_eq!([one.link.stand().standing, other.link.stand().standing], [Standing::Closed; 2]);
}
