//! Owners are state: the newest one wins, and takes what hung on the older one along.

use rota_domain::effect::Act;
use rota_domain::id::{EffectId, RepId};
use rota_flow::ports::LaneState::{Dead, Done, Superseded, Waiting};
use rota_flow::ports::{Claim, RecordRef, Repair, Settle, Settlement};

use super::Place;
use super::values::{
    acme, arrival, at, begin, claim, claim_one, dead, decided, decided_about, hs, ids, owner, property, recall, record,
    retry, settle, states, task,
};

pub(crate) async fn a_newer_owner_supersedes_an_older_one_and_its_tasks(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), property("na"), task("one")])).await;
    record(&*store, 0, decided_about("2", "other", vec![owner("71"), task("other")])).await;
    record(&*store, 1, decided("d2", vec![owner("72"), task("two")])).await;

    let mut claims = claim(&*store, 2).await;
    assert_eq!(ids(&claims), ["d2/0", "other/0"], "the newest owner stands for all of them");
    assert_eq!(states(&*store, "d1").await, [Waiting; 3], "not before the newer one is there");
    assert!(settle(&*store, 3, claims.remove(0), Settle::Done).await);
    assert_eq!(states(&*store, "d1").await, [Superseded; 3]);
    assert!(recall(&*store, "d1").await.effects.iter().all(|row| row.cause.is_some() && row.at == at(3)));
    assert_eq!(recall(&*store, "d1").await.stored.stages.owner_confirmed, None);
    assert_eq!(recall(&*store, "d2").await.stored.stages.owner_confirmed, Some(at(3)));
    assert_eq!(states(&*store, "other").await, [Waiting; 2]);

    let last = claim_one(&*store, 4).await;
    assert_eq!(last.effect.id, EffectId::from("d2/1"));
    assert!(settle(&*store, 5, last, Settle::Done).await);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 2), "only the other record's two");
}

pub(crate) async fn an_owner_is_on_its_way_until_the_crm_has_it_or_it_came_to_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let of = |record: &str, id: &str, rep: &str| {
        let mut decided = decided_about(record, id, vec![owner("71"), task("call")]);
        decided.decision.rep = Some(RepId::from(rep));
        if let Act::Owner { rep: named, .. } = &mut decided.effects[0].act {
            *named = RepId::from(rep);
        }
        decided
    };
    let records = ["1", "2", "3"].map(|id| RecordRef { object: "contact".into(), id: id.into() });
    let coming = async || {
        let coming = store.owners_on_their_way(&acme(), &hs(), &records).await.unwrap();
        coming.into_iter().map(|rep| rep.map_or("-".to_owned(), |rep| rep.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(coming().await, ["-", "-", "-"]);
    record(&*store, 0, of("1", "d1", "ana")).await;
    record(&*store, 0, of("2", "d2", "bo")).await;
    record(&*store, 0, of("2", "d3", "cy")).await;
    assert_eq!(coming().await, ["ana", "cy", "-"], "the newest of a record's");
    let claims = claim(&*store, 2).await;
    assert_eq!(coming().await, ["ana", "cy", "-"], "what is being sent is not there yet");
    for found in claims {
        let end = if found.effect.record == "1" { Settle::Done } else { dead(None) };
        assert!(settle(&*store, 3, found, end).await);
    }
    assert_eq!(coming().await[0], "-");
    assert_ne!(coming().await[1], "cy", "it came to nothing");
}

pub(crate) async fn a_newer_owner_cancels_tasks_of_an_owner_that_was_delivered(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), task("one")])).await;
    let first = claim_one(&*store, 1).await;
    assert!(settle(&*store, 2, first, Settle::Done).await);
    record(&*store, 3, decided("d2", vec![property("eu"), owner("72")])).await;

    let head = claim_one(&*store, 4).await;
    assert_eq!(head.effect.id, EffectId::from("d2/0"), "nobody is told of a lead that is about to go elsewhere");
    assert!(settle(&*store, 5, head, Settle::Done).await);
    assert_eq!(states(&*store, "d1").await, [Done, Waiting]);
    let head = claim_one(&*store, 6).await;
    assert!(settle(&*store, 7, head, Settle::Done).await);
    assert_eq!(states(&*store, "d1").await, [Done, Superseded]);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn a_newer_owner_cancels_nothing_of_a_decision_without_one(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    record(&*store, 1, decided("queued", vec![property("triage")])).await;
    record(&*store, 2, decided("d2", vec![owner("72")])).await;
    for expected in ["queued/0", "d2/0"] {
        let head = claim_one(&*store, 3).await;
        assert_eq!(head.effect.id.as_str(), expected);
        assert!(settle(&*store, 3, head, Settle::Done).await);
    }
    assert_eq!((states(&*store, "d1").await, states(&*store, "queued").await), (vec![Superseded], vec![Done]));
}

pub(crate) async fn a_newer_owner_does_not_wait_for_an_older_ones_retry(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    let first = claim_one(&*store, 1).await;
    assert!(settle(&*store, 2, first, retry(36_000)).await);
    record(&*store, 3, decided("d2", vec![task("two")])).await;
    assert!(claim(&*store, 4).await.is_empty(), "a task waits its turn");
    record(&*store, 5, decided("d3", vec![owner("72")])).await;
    let head = claim_one(&*store, 6).await;
    assert_eq!(head.attempt, 1, "the older one's attempts are not its own");
}

pub(crate) async fn a_newer_owner_that_came_during_a_failing_call_does_not_wait(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71")])).await;
    let first = claim_one(&*store, 1).await;
    record(&*store, 2, decided("d2", vec![owner("72")])).await;
    assert!(claim(&*store, 3).await.is_empty());
    assert!(settle(&*store, 4, first, retry(36_000)).await);
    let head = claim_one(&*store, 5).await;
    assert_eq!(head.effect.id, EffectId::from("d2/0"));
    assert!(settle(&*store, 6, head, retry(7_200)).await);
    assert!(claim(&*store, 7_199).await.is_empty(), "its own waits hold");
}

pub(crate) async fn an_owner_that_is_dead_puts_its_lead_into_the_inbox_again(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![property("na"), owner("71"), task("one")])).await;
    record(&*store, 0, decided("d0", vec![property("eu")])).await;
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 1, head, Settle::Done).await);
    let head = claim_one(&*store, 2).await;
    assert!(settle(&*store, 3, head, dead(Some(arrival("again")))).await);

    assert_eq!(states(&*store, "d1").await, [Done, Dead, Superseded]);
    let waiting = store.waiting(&acme(), 0, 9).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((&waiting[0].payload, waiting[0].received), (&arrival("again").payload, at(3)));
    assert_eq!(ids(&claim(&*store, 4).await), ["d0/0"], "the lane goes on");
    assert_eq!(store.backlog(&acme()).await.unwrap(), (1, 1));
}

pub(crate) async fn owners_that_die_together_come_into_the_inbox_in_the_order_of_their_settling(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    for contact in 0..9 {
        record(&*store, 0, decided_about(&contact.to_string(), &format!("d{contact}"), vec![owner("71")])).await;
    }
    let claims = claim(&*store, 1).await.into_iter().rev();
    let died = |claim: Claim| {
        let again = arrival(claim.effect.id.as_str());
        Settlement { claim, settle: dead(Some(again)), at: at(2) }
    };
    store.settle(claims.map(died).collect()).await.unwrap();
    let waiting = store.waiting(&acme(), 0, 99).await.unwrap();
    let order = (0..9).rev().map(|contact| arrival(&format!("d{contact}/0")).payload);
    assert_eq!(waiting.into_iter().map(|row| row.payload).collect::<Vec<_>>(), order.collect::<Vec<_>>());
}

pub(crate) async fn an_older_owner_is_not_sent_though_the_newer_one_came_to_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    for (contact, end) in [("1", Some(dead(None))), ("2", Some(Settle::Superseded("kept".into()))), ("3", None)] {
        let [old, new] = ["old", "new"].map(|age| format!("{age}{contact}"));
        record(&*store, 0, decided_about(contact, &old, vec![owner("71"), task("one")])).await;
        record(&*store, 1, decided_about(contact, &new, vec![owner("72"), task("two")])).await;
        match end {
            Some(end) => {
                let head = claim_one(&*store, 2).await;
                assert_eq!(head.effect.id.as_str(), format!("{new}/0"));
                assert!(settle(&*store, 3, head, end).await);
            }
            None => {
                let owner = EffectId::from(format!("{new}/0"));
                assert!(store.repair(&acme(), &owner, Repair::Drop, at(3)).await.unwrap());
            }
        }
        assert!(claim(&*store, 9).await.is_empty(), "what is out of date stays out");
        assert_eq!(states(&*store, &old).await, [Superseded; 2]);
        assert_eq!(states(&*store, &new).await[1], Superseded);
    }
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn an_older_owner_is_not_sent_when_what_stood_before_the_newer_one_was_not_needed(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("old", vec![owner("71"), task("one")])).await;
    record(&*store, 1, decided("new", vec![property("na"), owner("72"), task("two")])).await;
    let head = claim_one(&*store, 2).await;
    assert_eq!(head.effect.id, EffectId::from("new/0"));
    assert!(settle(&*store, 3, head, Settle::Superseded("kept".into())).await);
    assert!(claim(&*store, 9).await.is_empty(), "what is out of date stays out");
    assert_eq!(states(&*store, "old").await, [Superseded; 2]);
    assert_eq!(states(&*store, "new").await, [Superseded; 3]);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn a_repaired_owner_brings_back_what_it_took_along(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d0", vec![owner("70"), task("zero")])).await;
    record(&*store, 0, decided("d1", vec![owner("71"), task("one"), property("na")])).await;
    let head = claim_one(&*store, 1).await;
    assert_eq!(head.effect.id, EffectId::from("d1/0"));
    assert!(settle(&*store, 2, head, dead(None)).await);
    assert_eq!(states(&*store, "d1").await, [Dead, Superseded, Superseded]);
    assert!(store.repair(&acme(), &EffectId::from("d1/2"), Repair::Retry, at(3)).await.is_ok_and(|found| !found));

    assert!(store.repair(&acme(), &EffectId::from("d1/0"), Repair::Retry, at(4)).await.unwrap());
    assert_eq!(states(&*store, "d1").await, [Waiting; 3]);
    assert!(recall(&*store, "d1").await.effects.iter().all(|row| row.cause.is_none() && row.at == at(4)));
    assert_eq!(states(&*store, "d0").await, [Superseded; 2], "what a newer owner cancelled stays cancelled");
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 3));
    for expected in [("d1/0", 2), ("d1/1", 1), ("d1/2", 1)] {
        let head = claim_one(&*store, 5).await;
        assert_eq!((head.effect.id.as_str(), head.attempt), expected);
        assert!(settle(&*store, 5, head, Settle::Done).await);
    }
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}

pub(crate) async fn a_repaired_owner_does_not_undo_a_newer_one(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 0, decided("d1", vec![owner("71"), task("one")])).await;
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 1, head, dead(None)).await);
    record(&*store, 2, decided("d2", vec![owner("72")])).await;
    let head = claim_one(&*store, 3).await;
    assert!(settle(&*store, 3, head, Settle::Done).await);

    assert!(store.repair(&acme(), &EffectId::from("d1/0"), Repair::Retry, at(4)).await.unwrap());
    assert_eq!(states(&*store, "d1").await, [Superseded; 2]);
    assert!(claim(&*store, 5).await.is_empty());
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}
