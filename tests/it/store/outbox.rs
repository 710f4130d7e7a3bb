//! The outbox as people see it, and what they may do to it.

use rota_domain::id::{ConnectionId, EffectId, TenantId};
use rota_flow::ports::LaneState::{Dead, Done, Dropped, Superseded, Waiting};
use rota_flow::ports::{EntryBody, Recorded, Repair, Settle, Store};

use super::Place;
use super::values::{
    LEASE, acme, arrival, at, begin, claim, claim_one, dead, decided, decided_about, entry, hs, ids, owner, property,
    recall, record, retry, settle, states, task,
};

async fn repair(store: &dyn Store, seconds: i64, effect: &str, repair: Repair) -> bool {
    store.repair(&acme(), &EffectId::from(effect), repair, at(seconds)).await.unwrap()
}

async fn listed(store: &dyn Store, dead: bool, limit: u32) -> Vec<String> {
    let rows = store.outbox(&acme(), dead, limit).await.unwrap();
    rows.into_iter().map(|row| row.effect.id.to_string()).collect()
}

pub(crate) async fn a_dead_effect_is_listed_and_its_lane_goes_on(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), property("na"), task("one")])).await;
    record(&*store, 0, decided_about("2", "d2", vec![property("na")])).await;
    let mut claims = claim(&*store, 1).await;
    assert!(settle(&*store, 1, claims.remove(0), Settle::Done).await);
    let head = claim_one(&*store, 2).await;
    assert!(settle(&*store, 3, head, dead(None)).await);

    assert_eq!(states(&*store, "d1").await, [Done, Dead, Waiting], "only an owner takes others along");
    assert_eq!(listed(&*store, true, 9).await, ["d1/1"]);
    assert_eq!(listed(&*store, false, 9).await, ["d1/1", "d1/2", "d2/0"], "oldest first");
    assert_eq!(listed(&*store, false, 2).await, ["d1/1", "d1/2"]);
    let row = &store.outbox(&acme(), true, 9).await.unwrap()[0];
    assert_eq!((row.attempts, row.at, row.cause.as_deref()), (1, at(3), Some("400: no such owner")));
    assert_eq!((row.decision.as_str(), row.lead.as_str()), ("d1", "hs:contact:1"));
    assert_eq!(ids(&claim(&*store, 4).await), ["d1/2"]);
}

pub(crate) async fn a_dead_effect_is_retried_as_after_one_failed_attempt(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    for seconds in [0, 10] {
        let head = claim_one(&*store, seconds).await;
        assert!(settle(&*store, seconds, head, retry(seconds + 10)).await);
    }
    let head = claim_one(&*store, 20).await;
    assert!(settle(&*store, 21, head, dead(None)).await);
    assert!(claim(&*store, 99).await.is_empty());

    assert!(repair(&*store, 100, "d1/0", Repair::Retry).await);
    let row = &recall(&*store, "d1").await.effects[0];
    assert_eq!((row.state, row.attempts, &row.cause, row.at), (Waiting, 1, &None, at(100)));
    assert!(listed(&*store, true, 9).await.is_empty());
    let head = claim_one(&*store, 100).await;
    assert_eq!(head.attempt, 2, "what may have come through is looked for");
    assert!(settle(&*store, 101, head, Settle::Done).await);
    assert_eq!(recall(&*store, "d1").await.stored.stages.owner_confirmed, Some(at(101)));
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn a_waiting_effect_is_retried_at_once(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    let head = claim_one(&*store, 0).await;
    assert!(settle(&*store, 0, head, retry(36_000)).await);
    assert!(repair(&*store, 5, "d1/0", Repair::Retry).await);
    let head = claim_one(&*store, 5).await;
    assert_eq!(head.attempt, 2);
    assert!(repair(&*store, 6, "d1/0", Repair::Retry).await);
    assert!(claim(&*store, 7).await.is_empty(), "what is being sent is not sent twice");
    assert!(settle(&*store, 8, head, Settle::Done).await);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0), "it was counted once");
}

pub(crate) async fn a_dropped_effect_is_sent_no_more(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na"), property("eu")])).await;
    record(&*store, 0, decided_about("2", "d2", vec![property("na")])).await;
    assert!(repair(&*store, 1, "d1/0", Repair::Drop).await);
    assert!(repair(&*store, 1, "d2/0", Repair::Drop).await);
    assert_eq!(states(&*store, "d1").await, [Dropped, Waiting]);
    assert_eq!(recall(&*store, "d1").await.effects[0].at, at(1));
    let head = claim_one(&*store, 2).await;
    assert_eq!(head.effect.id, EffectId::from("d1/1"));
    assert!(settle(&*store, 3, head, dead(None)).await);
    assert!(repair(&*store, 4, "d1/1", Repair::Drop).await);
    assert!(listed(&*store, false, 9).await.is_empty());
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn a_dropped_owner_takes_the_rest_of_its_decision_along(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), task("one")])).await;
    record(&*store, 0, decided("d2", vec![property("eu")])).await;
    assert!(repair(&*store, 1, "d1/0", Repair::Drop).await);
    assert_eq!(states(&*store, "d1").await, [Dropped, Superseded]);
    assert_eq!(ids(&claim(&*store, 2).await), ["d2/0"]);
}

pub(crate) async fn an_effect_that_is_dropped_while_it_is_sent_stays_dropped(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na"), property("eu")])).await;
    let head = claim_one(&*store, 1).await;
    assert!(repair(&*store, 2, "d1/0", Repair::Drop).await);
    assert!(claim(&*store, 3).await.is_empty(), "the lane is still held");
    assert!(settle(&*store, 4, head, retry(900)).await);
    assert_eq!(states(&*store, "d1").await, [Dropped, Waiting]);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 1));
    let head = claim_one(&*store, 900).await;
    assert!(repair(&*store, 901, "d1/1", Repair::Drop).await);
    assert!(settle(&*store, 902, head, Settle::Done).await);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
    assert!(claim(&*store, 9_999).await.is_empty());
}

pub(crate) async fn only_what_waits_or_is_dead_can_be_repaired(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na")])).await;
    assert!(!repair(&*store, 1, "d1/7", Repair::Retry).await);
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 2, head, Settle::Done).await);
    for what in [Repair::Retry, Repair::Drop] {
        assert!(!repair(&*store, 3, "d1/0", what).await);
    }
    assert_eq!(states(&*store, "d1").await, [Done]);
    assert!(claim(&*store, 4).await.is_empty());
}

pub(crate) async fn what_waits_for_a_connection_that_is_gone_is_dead_and_says_so(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let other = TenantId::from("other");
    begin(&*store, &other).await;
    let elsewhere = |mut recorded: Recorded| {
        recorded.effects.iter_mut().for_each(|effect| effect.connection = ConnectionId::from("old"));
        recorded
    };
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    record(&*store, 0, elsewhere(decided("d2", vec![property("na"), owner("71"), task("two")]))).await;
    record(&*store, 0, elsewhere(decided_about("2", "d3", vec![task("three")]))).await;
    let theirs = entry(0, EntryBody::Decision(Box::new(elsewhere(decided("d1", vec![task("theirs")])))));
    store.record(&other, 1, vec![theirs]).await.unwrap();
    let work = async |tenant: &TenantId, seconds| {
        store.claim(tenant, &ConnectionId::from("old"), at(seconds), LEASE, 1).await.unwrap()
    };
    let first = work(&acme(), 1).await.remove(0);
    assert!(settle(&*store, 2, first, Settle::Done).await);
    let under_way = work(&acme(), 2).await.remove(0);

    assert_eq!(store.strand(&acme(), &[hs(), ConnectionId::from("old")], at(3)).await.unwrap(), 0);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 4));
    assert_eq!(store.strand(&acme(), &[hs()], at(3)).await.unwrap(), 3);
    assert_eq!(states(&*store, "d1").await, [Waiting]);
    assert_eq!(states(&*store, "d2").await, [Done, Dead, Dead]);
    assert_eq!(listed(&*store, true, 9).await, ["d2/1", "d2/2", "d3/0"]);
    for row in store.outbox(&acme(), true, 9).await.unwrap() {
        assert_eq!(row.cause.as_deref(), Some("the workspace has no connection `old` any more"));
        assert_eq!(row.at, at(3));
    }
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 1), "no lane is left of it");
    assert_eq!(store.strand(&acme(), &[hs()], at(4)).await.unwrap(), 0);
    assert!(work(&acme(), 99).await.is_empty());
    assert!(!settle(&*store, 5, under_way.clone(), Settle::Done).await, "whoever held a lane has lost it");
    assert_eq!(work(&other, 99).await.len(), 1, "another tenant's connections are its own");

    // Once the connection is there again, a person brings it back; what was under way when it
    // went may have come through.
    assert!(repair(&*store, 100, under_way.effect.id.as_str(), Repair::Retry).await);
    let again = work(&acme(), 100).await.remove(0);
    assert_eq!((again.effect.id, again.attempt), (under_way.effect.id, 2));
    assert_eq!(store.strand(&acme(), &[], at(101)).await.unwrap(), 2);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn the_backlog_counts_what_waits(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
    store.accept(&acme(), vec![arrival("a"), arrival("b")], at(1)).await.unwrap();
    record(&*store, 1, decided("d1", vec![owner("71"), task("one")])).await;
    record(&*store, 1, decided_about("2", "d2", vec![owner("71")])).await;
    assert_eq!(store.backlog(&acme()).await.unwrap(), (2, 3));
    let mut claims = claim(&*store, 2).await;
    assert_eq!(store.backlog(&acme()).await.unwrap(), (2, 3), "what is being sent still waits");
    assert!(settle(&*store, 3, claims.remove(0), Settle::Done).await);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (2, 2));
}
