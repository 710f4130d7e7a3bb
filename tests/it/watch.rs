//! What the store says of what waits and failed, for whoever watches it.

use rota_domain::decision::Outcome;
use rota_domain::delivery::Trouble;
use rota_flow::ports::{LaneState, Queue, Recorded, Settle, Store as _, Waits, Watch as _};
use rota_store::SqliteStore;

use crate::store::values::{acme, arrival, at, begin, claim, dead, decided_about, owner, property, record, settle};

async fn open() -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = rota_tests::open(&folder.path().join("rota.db")).await.expect("the database");
    begin(&store, &acme()).await;
    (store, folder)
}

async fn waits(store: &SqliteStore, seconds: i64) -> Waits {
    let mut waits = store.waits(at(seconds)).await.expect("figures");
    assert_eq!(waits.len(), 1);
    waits.remove(0)
}

/// So many, since then.
fn queue(number: u64, seconds: i64) -> Queue {
    Queue { number, since: (number > 0).then(|| at(seconds)) }
}

/// A decision that puts a contact into a queue.
fn queued(contact: &str, id: &str, seconds: i64) -> Recorded {
    let mut recorded = decided_about(contact, id, vec![property("triage")]);
    recorded.decision.at = at(seconds);
    recorded.decision.outcome = Outcome::Queue;
    recorded.decision.rep = None;
    recorded.decision.queue = Some("triage".into());
    recorded
}

/// A decision that gives a contact an owner, who has to respond by then.
fn targeted(contact: &str, id: &str, due: i64) -> Recorded {
    let mut recorded = decided_about(contact, id, vec![owner("71")]);
    recorded.decision.response_due = Some(at(due));
    recorded.decision.queue = None;
    recorded
}

#[tokio::test]
async fn a_lead_in_a_queue_is_unassigned_since_then_until_its_next_decision() {
    let (store, _folder) = open().await;
    record(&store, 5, queued("1", "d1", 5)).await;
    record(&store, 9, queued("2", "d2", 9)).await;
    assert_eq!(waits(&store, 60).await.unassigned, queue(2, 5));
    record(&store, 20, targeted("1", "d3", 900)).await;
    assert_eq!(waits(&store, 60).await.unassigned, queue(1, 9));
}

#[tokio::test]
async fn a_response_target_is_overdue_from_its_time_until_the_owner_is_confirmed() {
    let (store, _folder) = open().await;
    record(&store, 5, targeted("1", "d1", 300)).await;
    assert_eq!(waits(&store, 299).await.overdue, queue(0, 0));
    assert_eq!(waits(&store, 301).await.overdue, queue(1, 300));
    let claimed = claim(&store, 301).await.remove(0);
    settle(&store, 302, claimed, Settle::Done).await;
    assert_eq!(waits(&store, 303).await.overdue, queue(0, 0));
}

#[tokio::test]
async fn a_target_whose_owner_somebody_else_set_is_not_overdue() {
    let (store, _folder) = open().await;
    record(&store, 5, targeted("1", "d1", 300)).await;
    let claimed = claim(&store, 6).await.remove(0);
    settle(&store, 7, claimed, Settle::Superseded("owned by ben".into())).await;
    assert_eq!(waits(&store, 301).await.overdue, queue(0, 0));
}

#[tokio::test]
async fn what_waits_is_as_old_as_its_oldest() {
    let (store, _folder) = open().await;
    store.accept(&acme(), vec![arrival("7")], at(3)).await.expect("accepted");
    store.accept(&acme(), vec![arrival("8")], at(30)).await.expect("accepted");
    record(&store, 5, targeted("1", "d1", 300)).await;
    record(&store, 40, targeted("2", "d2", 300)).await;
    let now = waits(&store, 60).await;
    assert_eq!((now.arrivals, now.effects.number, now.dead), (queue(2, 3), 2, 0));
    assert_eq!(now.effects.since, Some(store.log(&acme(), 0, 9).await.expect("the log")[0].decision.at));
}

#[tokio::test]
async fn effects_are_counted_by_connection_and_by_what_they_met() {
    let (store, _folder) = open().await;
    for (contact, id) in [("1", "d1"), ("2", "d2"), ("3", "d3"), ("4", "d4")] {
        record(&store, 5, decided_about(contact, id, vec![property("x")])).await;
    }
    let limited = |ms| Settle::Retry {
        at: at(900),
        counts: false,
        trouble: Some(Trouble::RateLimited { retry_after_ms: Some(ms) }),
        cause: "429".into(),
    };
    let ends = [limited(1), limited(2), dead(None), Settle::Done];
    for (claimed, end) in claim(&store, 6).await.into_iter().zip(ends) {
        settle(&store, 7, claimed, end).await;
    }
    let failing: Vec<_> = store.failing().await.expect("figures").into_iter().collect();
    let of = |n: usize| (failing[n].connection.as_str(), failing[n].state, failing[n].trouble, failing[n].effects);
    assert_eq!(failing.len(), 2, "{failing:?}");
    assert_eq!(of(0), ("hs", LaneState::Dead, "rejected", 1));
    assert_eq!(of(1), ("hs", LaneState::Waiting, "rate-limited", 2), "limits of different lengths are one cause");
}

#[tokio::test]
async fn decisions_since_a_time_are_counted_whatever_else_is_in_the_log() {
    let (store, _folder) = open().await;
    for n in 0..9 {
        record(&store, n * 10, queued(&n.to_string(), &format!("d{n}"), n * 10)).await;
    }
    for (since, number) in [(0, 9), (1, 8), (45, 4), (80, 1), (81, 0)] {
        assert_eq!(store.decided_since(&acme(), at(since)).await.expect("a number"), number, "since {since}");
    }
}
