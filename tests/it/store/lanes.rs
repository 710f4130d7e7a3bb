//! Lanes: who may send what, when, and for how long.

use rota_domain::id::{ConnectionId, EffectId};
use rota_flow::ports::{LaneState, Repair, Settle, Settlement};

use super::Place;
use super::values::{
    LEASE, acme, at, begin, claim, claim_one, dead, decided, decided_about, hs, ids, owner, property, recall, record,
    retry, settle, states, task,
};

pub(crate) async fn effects_of_a_record_are_claimed_in_order_and_one_at_a_time(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), property("na"), task("one")])).await;
    record(&*store, 0, decided("d2", vec![property("eu")])).await;
    for (n, expected) in (1..).zip(["d1/0", "d1/1", "d1/2", "d2/0"]) {
        let head = claim_one(&*store, n).await;
        assert_eq!((head.effect.id.as_str(), head.lane.as_str(), head.attempt), (expected, "contact:1", 1));
        assert!(claim(&*store, n + 1).await.is_empty(), "the lane is held");
        assert!(settle(&*store, n + 1, head, Settle::Done).await);
    }
    assert!(claim(&*store, 9).await.is_empty());
    assert_eq!(states(&*store, "d1").await, [LaneState::Done; 3]);
    assert!(store.outbox(&acme(), false, 10).await.unwrap().is_empty());
}

pub(crate) async fn one_records_trouble_holds_up_no_other_record(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided_about("1", "d1", vec![owner("71"), task("one")])).await;
    record(&*store, 0, decided_about("2", "d2", vec![owner("71"), task("two")])).await;

    let mut claims = claim(&*store, 1).await;
    assert_eq!(ids(&claims), ["d1/0", "d2/0"]);
    assert!(settle(&*store, 2, claims.remove(0), retry(1_000)).await);
    assert!(settle(&*store, 2, claims.remove(0), Settle::Done).await);
    let next = claim_one(&*store, 3).await;
    assert_eq!(next.effect.id, EffectId::from("d2/1"));
    assert!(settle(&*store, 4, next, Settle::Done).await);
    assert!(claim(&*store, 999).await.is_empty());
    assert_eq!(ids(&claim(&*store, 1_000).await), ["d1/0"]);
}

pub(crate) async fn a_claim_takes_what_it_asks_for_and_the_longest_waiting_first(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    for (seconds, contact) in [(30, "1"), (10, "2"), (20, "3"), (90, "4")] {
        let id = format!("d{contact}");
        record(&*store, seconds, decided_about(contact, &id, vec![owner("71")])).await;
    }
    let two = async || store.claim(&acme(), &hs(), at(50), LEASE, 2).await.unwrap();
    assert_eq!(ids(&two().await), ["d2/0", "d3/0"]);
    assert_eq!(ids(&two().await), ["d1/0"], "contact 4 is not due yet");
    let elsewhere = store.claim(&acme(), &ConnectionId::from("sf"), at(99), LEASE, 9).await.unwrap();
    assert!(elsewhere.is_empty(), "another connection has nothing to send");
}

pub(crate) async fn a_lane_whose_lease_ran_out_is_claimed_again_and_the_old_claim_settles_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), task("one")])).await;
    let old = claim_one(&*store, 0).await;
    assert!(claim(&*store, 29).await.is_empty());
    let new = claim_one(&*store, 30).await;
    assert_eq!((new.effect.id.as_str(), new.attempt), ("d1/0", 2), "the old one may have come through");
    assert!(new.fence > old.fence);

    for lost in [Settle::Done, retry(900), Settle::Superseded("x".into())] {
        assert!(!settle(&*store, 31, old.clone(), lost).await);
    }
    assert_eq!(states(&*store, "d1").await, [LaneState::Waiting; 2]);
    assert!(claim(&*store, 32).await.is_empty(), "the new lease still holds");
    let both = [(&new, Settle::Done), (&old, Settle::Done)];
    let both = both.map(|(claim, settle)| Settlement { claim: claim.clone(), settle, at: at(33) });
    assert_eq!(store.settle(both.to_vec()).await.unwrap(), [true, false], "in one commit, each by its own");
    assert_eq!(states(&*store, "d1").await, [LaneState::Done, LaneState::Waiting]);

    let late = claim_one(&*store, 40).await;
    assert!(settle(&*store, 99, late, Settle::Done).await, "late, but nobody else came");
}

pub(crate) async fn what_an_unknown_attempt_may_have_sent_is_never_sent_as_new(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![task("one"), task("two")])).await;
    record(&*store, 0, decided_about("2", "d2", vec![task("other")])).await;
    let killed = claim(&*store, 0).await;
    assert_eq!((ids(&killed), killed[0].attempt, killed[1].attempt), (vec!["d1/0", "d2/0"], 1, 1));
    assert!(settle(&*store, 1, killed[1].clone(), Settle::Done).await);

    // The next one is refused before it can look; the one after that has to look still.
    let refused = claim_one(&*store, 30).await;
    assert_eq!((refused.effect.id.as_str(), refused.attempt), ("d1/0", 2));
    let paused = Settle::Retry { at: at(40), counts: false, trouble: None, cause: "429".into() };
    assert!(settle(&*store, 31, refused, paused).await);
    let again = claim_one(&*store, 40).await;
    assert_eq!((again.effect.id.as_str(), again.attempt), ("d1/0", 2));
    assert_eq!(claim_one(&*store, 70).await.attempt, 2, "two that are lost are no more than one");
    let last = claim_one(&*store, 100).await;
    assert!(settle(&*store, 101, last, Settle::Done).await);
    assert_eq!(claim_one(&*store, 102).await.attempt, 1, "what was never under way is new");
}

pub(crate) async fn an_unknown_attempt_is_remembered_though_something_comes_before_it(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na"), task("one")])).await;
    let first = claim_one(&*store, 0).await;
    assert!(settle(&*store, 1, first, dead(None)).await);
    let lost = claim_one(&*store, 2).await;
    assert_eq!(lost.effect.id, EffectId::from("d1/1"));
    assert!(store.repair(&acme(), &EffectId::from("d1/0"), Repair::Retry, at(3)).await.unwrap());
    let first = claim_one(&*store, 40).await;
    assert_eq!(first.effect.id, EffectId::from("d1/0"));
    assert!(settle(&*store, 41, first, Settle::Done).await);
    let again = claim_one(&*store, 42).await;
    assert_eq!((again.effect.id, again.attempt), (lost.effect.id, 2));
}

pub(crate) async fn a_lane_that_was_made_again_refuses_an_old_claim(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    let old = claim_one(&*store, 0).await;
    let new = claim_one(&*store, 30).await;
    assert!(settle(&*store, 31, new, Settle::Done).await);

    record(&*store, 32, decided("d2", vec![task("two")])).await;
    let again = claim_one(&*store, 33).await;
    assert!(!settle(&*store, 34, old, Settle::Done).await);
    assert!(claim(&*store, 35).await.is_empty());
    assert!(settle(&*store, 36, again, Settle::Done).await);
}

pub(crate) async fn a_claim_settles_once(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na"), property("eu")])).await;
    let head = claim_one(&*store, 1).await;
    let twice = [1, 2].map(|n| Settlement { claim: head.clone(), settle: Settle::Done, at: at(n) });
    assert_eq!(store.settle(twice.to_vec()).await.unwrap(), [true, false]);
    assert!(!settle(&*store, 3, head, Settle::Done).await);
    assert_eq!(states(&*store, "d1").await, [LaneState::Done, LaneState::Waiting]);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 1));
    assert_eq!(ids(&claim(&*store, 4).await), ["d1/1"]);
}

pub(crate) async fn a_retry_waits_until_its_time_and_is_the_next_attempt(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), task("one")])).await;
    let first = claim_one(&*store, 0).await;
    assert!(settle(&*store, 1, first, retry(10)).await);
    assert!(claim(&*store, 9).await.is_empty());
    let row = &recall(&*store, "d1").await.effects[0];
    assert_eq!((row.state, row.attempts, row.at), (LaneState::Waiting, 1, at(10)));
    assert_eq!(row.cause.as_deref(), Some("503"));

    let second = claim_one(&*store, 10).await;
    assert_eq!((second.effect.id.as_str(), second.attempt), ("d1/0", 2), "the task still waits behind it");
    assert!(settle(&*store, 11, second, Settle::Done).await);
    let row = &recall(&*store, "d1").await.effects[0];
    assert_eq!((row.state, row.attempts, &row.cause, row.at), (LaneState::Done, 2, &None, at(11)));
    assert_eq!(claim_one(&*store, 12).await.attempt, 1, "attempts are each effect's own");
}

pub(crate) async fn a_retry_that_does_not_count_keeps_the_attempt_number(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    for seconds in [0, 10, 20] {
        let head = claim_one(&*store, seconds).await;
        assert_eq!(head.attempt, 1);
        let paused = Settle::Retry { at: at(seconds + 10), counts: false, trouble: None, cause: "429".into() };
        assert!(settle(&*store, seconds, head, paused).await);
        assert!(claim(&*store, seconds + 9).await.is_empty());
    }
    assert_eq!(recall(&*store, "d1").await.effects[0].attempts, 0);
}

pub(crate) async fn what_was_delivered_shows_in_the_stages_of_its_decision(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let acts = vec![owner("71"), property("na"), task("one"), task("two")];
    record(&*store, 0, decided("d1", acts)).await;
    record(&*store, 0, decided_about("2", "d2", vec![owner("71")])).await;
    let mut seen = Vec::new();
    for seconds in [10, 20, 30, 40] {
        let claims = store.claim(&acme(), &hs(), at(seconds), LEASE, 9).await.unwrap();
        let head = claims.into_iter().find(|claim| claim.lane == "contact:1").unwrap();
        assert!(settle(&*store, seconds, head, Settle::Done).await);
        let stages = recall(&*store, "d1").await.stored.stages;
        seen.push((stages.owner_confirmed, stages.notified));
    }
    let confirmed = Some(at(10));
    let told = (confirmed, Some(at(30)));
    assert_eq!(seen, [(confirmed, None), (confirmed, None), told, told], "the first notice counts");
    let other = recall(&*store, "d2").await.stored.stages;
    assert_eq!((other.decided, other.owner_confirmed), (Some(at(0)), None));
}

pub(crate) async fn what_is_not_needed_takes_the_rest_of_its_decision_along(place: impl Place) {
    use LaneState::{Done, Superseded, Waiting};
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na"), owner("71"), task("one")])).await;
    record(&*store, 0, decided_about("2", "d2", vec![owner("71")])).await;
    record(&*store, 0, decided("d3", vec![property("eu")])).await;
    let mut claims = claim(&*store, 1).await;
    assert!(settle(&*store, 1, claims.remove(0), Settle::Done).await);
    let head = claim_one(&*store, 2).await;
    assert!(settle(&*store, 3, head, Settle::Superseded("somebody active owns it".into())).await);

    assert_eq!(states(&*store, "d1").await, [Done, Superseded, Superseded]);
    let rows = recall(&*store, "d1").await.effects;
    assert_eq!(rows[1].cause.as_deref(), Some("somebody active owns it"));
    assert_eq!((rows[1].attempts, rows[1].at), (0, at(3)));
    assert!(rows[2].cause.is_some());
    assert_eq!(recall(&*store, "d1").await.stored.stages.owner_confirmed, None);
    assert_eq!((states(&*store, "d2").await, states(&*store, "d3").await), (vec![Waiting], vec![Waiting]));
    assert_eq!(ids(&claim(&*store, 4).await), ["d3/0"], "the lane goes on");
}
