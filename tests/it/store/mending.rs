//! Many dead effects at once, and messages that are held until their owner is confirmed.

use rota_domain::delivery::Trouble;
use rota_domain::effect::{About, Act, Effect, Urgency};
use rota_domain::id::EffectId;
use rota_domain::workspace::connection_of;
use rota_flow::ports::LaneState::{Dead, Done, Dropped, Held, Superseded, Waiting};
use rota_flow::ports::{Claim, Group, Recorded, Repair, Settle, Sought, Whom};
use rota_store::Database;

use super::Whole;
use super::values::{
    LEASE, acme, at, begin, claim, claim_one, dead, decided_about, hs, ids, owner, property, record, retry, settle,
    states, task,
};

async fn store<P: Whole>() -> (P, Box<dyn Database>) {
    let place = P::new();
    let store = place.whole().await;
    begin(&*store, &acme()).await;
    (place, store)
}

/// A decision that sets an owner, and tells `ops` of it.
fn told(contact: &str, id: &str, acts: Vec<Act>) -> Recorded {
    let mut recorded = decided_about(contact, id, acts);
    let decision = &recorded.decision;
    let about = About {
        decision: decision.id.clone(),
        at: decision.at,
        lead: decision.lead.clone(),
        flow: None,
        outcome: "assign".into(),
        rep: None,
        owner: None,
        queue: None,
        offered: None,
        class: "inbound:demo-request".into(),
        urgency: Urgency::Urgent,
    };
    let act = Act::Notify { destination: "ops".into(), message: "new lead".into(), about: Box::new(about) };
    let effect = Effect {
        id: EffectId::of(&decision.id, recorded.effects.len()),
        connection: connection_of("ops"),
        object: "contact".into(),
        record: contact.into(),
        act,
    };
    recorded.effects.push(effect);
    recorded
}

async fn messages(store: &dyn Database, seconds: i64) -> Vec<Claim> {
    store.claim(&acme(), &connection_of("ops"), at(seconds), LEASE, 100).await.unwrap()
}

fn gone() -> Settle {
    Settle::Dead { trouble: Trouble::NotFound, cause: "404".into(), again: None }
}

/// So many dead properties, every second of them rejected and the others gone.
async fn graveyard(store: &dyn Database, number: usize) {
    for n in 0..number {
        record(store, 0, decided_about(&n.to_string(), &format!("d{n}"), vec![property("na")])).await;
    }
    loop {
        let claims = claim(store, 1).await;
        if claims.is_empty() {
            break;
        }
        for claim in claims {
            let even = claim.effect.record.parse::<usize>().unwrap() % 2 == 0;
            assert!(settle(store, 2, claim, if even { gone() } else { dead(None) }).await);
        }
    }
}

pub(crate) async fn a_message_goes_when_its_owner_is_confirmed_and_not_before<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "d1", vec![owner("71"), task("one")])).await;
    assert_eq!(states(&*store, "d1").await, [Waiting, Waiting, Held]);
    assert!(messages(&*store, 1).await.is_empty());
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 2, head, retry(5)).await);
    assert!(messages(&*store, 3).await.is_empty(), "a retry confirms nothing");
    let head = claim_one(&*store, 5).await;
    assert!(settle(&*store, 6, head, Settle::Done).await);
    let claims = messages(&*store, 6).await;
    assert_eq!(ids(&claims), ["d1/2"]);
    assert!(settle(&*store, 7, claims[0].clone(), Settle::Done).await);
    assert_eq!(states(&*store, "d1").await, [Done, Waiting, Done]);
    assert_eq!(store.backlog(&acme()).await.unwrap().1, 1, "the task is left");
}

pub(crate) async fn a_message_of_a_decision_without_an_owner_goes_at_once<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "d1", vec![property("na")])).await;
    assert_eq!(ids(&messages(&*store, 1).await), ["d1/1"]);
}

pub(crate) async fn whatever_ends_an_owner_ends_its_message<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "superseded", vec![owner("71")])).await;
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 1, head, Settle::Superseded("somebody has it".into())).await);
    record(&*store, 2, told("2", "dead", vec![owner("71")])).await;
    let head = claim_one(&*store, 2).await;
    assert!(settle(&*store, 2, head, dead(None)).await);
    record(&*store, 3, told("3", "dropped", vec![owner("71")])).await;
    assert!(store.repair(&acme(), &"dropped/0".into(), Repair::Drop, at(3)).await.unwrap());
    record(&*store, 4, told("4", "older", vec![owner("71")])).await;
    record(&*store, 4, told("4", "newer", vec![owner("72")])).await;
    let head = claim_one(&*store, 4).await;
    assert_eq!(head.effect.id.as_str(), "newer/0");
    assert!(settle(&*store, 4, head, Settle::Done).await);
    for (id, first) in [("superseded", Superseded), ("dead", Dead), ("dropped", Dropped), ("older", Superseded)] {
        assert_eq!(states(&*store, id).await, [first, Superseded], "{id}");
    }
    assert_eq!(ids(&messages(&*store, 5).await), ["newer/1"]);
}

pub(crate) async fn a_dead_owner_that_is_retried_holds_its_message_again<P: Whole>() {
    for together in [false, true] {
        let (_place, store) = store::<P>().await;
        record(&*store, 0, told("1", "d1", vec![owner("71"), task("one")])).await;
        let head = claim_one(&*store, 1).await;
        assert!(settle(&*store, 1, head, dead(None)).await);
        assert_eq!(states(&*store, "d1").await, [Dead, Superseded, Superseded]);
        if together {
            assert_eq!(store.mend(&acme(), &Group::default(), Repair::Retry, at(2)).await.unwrap(), 1);
        } else {
            assert!(store.repair(&acme(), &"d1/0".into(), Repair::Retry, at(2)).await.unwrap());
        }
        assert_eq!(states(&*store, "d1").await, [Waiting, Waiting, Held], "{together}");
        let head = claim_one(&*store, 3).await;
        assert_eq!(head.attempt, 2);
        assert!(settle(&*store, 3, head, Settle::Done).await);
        assert_eq!(ids(&messages(&*store, 4).await), ["d1/2"]);
    }
}

pub(crate) async fn a_held_message_can_be_dropped_and_not_be_hurried<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "d1", vec![owner("71")])).await;
    assert!(!store.repair(&acme(), &"d1/1".into(), Repair::Retry, at(1)).await.unwrap());
    assert!(store.repair(&acme(), &"d1/1".into(), Repair::Drop, at(1)).await.unwrap());
    assert_eq!(states(&*store, "d1").await, [Waiting, Dropped]);
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 1, head, Settle::Done).await);
    assert!(messages(&*store, 2).await.is_empty());
}

pub(crate) async fn a_held_message_about_an_erased_person_is_dropped<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "d1", vec![owner("71")])).await;
    record(&*store, 0, told("2", "d2", vec![owner("71")])).await;
    let head = claim(&*store, 1).await.remove(0);
    let erased = store.erase(&acme(), &Whom::Lead("hs:contact:1".into()), "ann", at(1), None).await.unwrap();
    assert_eq!(erased.effects, 2);
    assert!(settle(&*store, 2, head, Settle::Done).await, "what was under way comes to its end");
    assert!(messages(&*store, 3).await.is_empty());
    let left = store.list(&acme(), &Sought { limit: 9, ..Sought::default() }).await.unwrap().letters;
    let left: Vec<_> = left.iter().map(|letter| letter.row.effect.id.as_str()).collect();
    assert_eq!(left, ["d2/0", "d2/1"]);
}

pub(crate) async fn a_held_message_to_a_destination_that_is_gone_is_dead<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "d1", vec![owner("71")])).await;
    assert_eq!(store.strand(&acme(), &[hs()], at(1)).await.unwrap(), 1);
    assert_eq!(states(&*store, "d1").await, [Waiting, Dead]);
    let causes = store.causes(&acme()).await.unwrap();
    assert_eq!((causes.len(), causes[0].trouble.code()), (1, "no-connection"));
}

pub(crate) async fn a_list_whose_effects_cannot_be_read_says_where_the_rest_of_it_begins<P: Whole>() {
    let (place, store) = store::<P>().await;
    graveyard(&*store, 3).await;
    place.sql("UPDATE outbox SET trouble = 'none' WHERE id = (SELECT min(id) FROM outbox)").await;
    let asked = Sought { limit: 1, ..Sought::default() };
    let first = store.list(&acme(), &asked).await.unwrap();
    assert!(first.letters.is_empty());
    let after = first.last.expect("there was one");
    let rest = store.list(&acme(), &Sought { after, limit: 9, ..asked }).await.unwrap();
    assert_eq!(rest.letters.len(), 2);
    let after = rest.last.expect("the last");
    let end = store.list(&acme(), &Sought { after, limit: 9, ..Sought::default() }).await.unwrap();
    assert_eq!(end.last, None);
}

pub(crate) async fn dead_effects_are_counted_listed_and_mended_by_cause<P: Whole>() {
    let (_place, store) = store::<P>().await;
    graveyard(&*store, 7).await;
    let counted = async || {
        let causes = store.causes(&acme()).await.unwrap();
        causes.iter().map(|it| (it.trouble.code(), it.effects)).collect::<Vec<_>>()
    };
    assert_eq!(counted().await, [("not-found", 4), ("rejected", 3)]);
    let rejected = Sought { cause: Some("rejected".into()), limit: 2, ..Sought::default() };
    let first = store.list(&acme(), &rejected).await.unwrap().letters;
    let second = store.list(&acme(), &Sought { after: first[1].number, ..rejected }).await.unwrap().letters;
    let names: Vec<_> = first.iter().chain(&second).map(|it| it.row.effect.id.as_str()).collect();
    assert_eq!(names, ["d1/0", "d3/0", "d5/0"]);

    let of = |cause: &str, connection: &str| Group { cause: Some(cause.into()), connection: Some(connection.into()) };
    assert_eq!(store.mend(&acme(), &of("not-found", "sf"), Repair::Drop, at(3)).await.unwrap(), 0);
    assert_eq!(store.mend(&acme(), &of("not-found", "hs"), Repair::Drop, at(3)).await.unwrap(), 4);
    assert_eq!(counted().await, [("rejected", 3)]);
    assert_eq!(store.mend(&acme(), &Group::default(), Repair::Retry, at(4)).await.unwrap(), 3);
    assert!(counted().await.is_empty());
    let again = claim(&*store, 5).await;
    assert_eq!((ids(&again), again[0].attempt), (vec!["d1/0", "d3/0", "d5/0"], 2));
    let load = store.loads(&acme()).await.unwrap();
    assert_eq!((load.len(), load[0].waiting, load[0].dead), (1, 3, 0));
}

pub(crate) async fn more_dead_effects_than_a_commit_takes_are_all_mended<P: Whole>() {
    let (_place, store) = store::<P>().await;
    graveyard(&*store, 1_203).await;
    assert_eq!(store.mend(&acme(), &Group::default(), Repair::Retry, at(4)).await.unwrap(), 1_203);
    assert_eq!(store.backlog(&acme()).await.unwrap().1, 1_203);
    let mut sent = 0;
    loop {
        let claims = claim(&*store, 5).await;
        if claims.is_empty() {
            break;
        }
        for claim in claims {
            assert!(settle(&*store, 6, claim, Settle::Done).await);
            sent += 1;
        }
    }
    assert_eq!((sent, store.backlog(&acme()).await.unwrap().1), (1_203, 0));
}

pub(crate) async fn mending_many_undoes_no_newer_owner<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, decided_about("1", "d1", vec![owner("71")])).await;
    let head = claim_one(&*store, 1).await;
    assert!(settle(&*store, 1, head, dead(None)).await);
    record(&*store, 2, decided_about("1", "d2", vec![owner("72")])).await;
    let head = claim_one(&*store, 2).await;
    assert!(settle(&*store, 2, head, Settle::Done).await);
    assert_eq!(store.mend(&acme(), &Group::default(), Repair::Retry, at(3)).await.unwrap(), 1);
    assert_eq!(states(&*store, "d1").await, [Superseded]);
    assert!(claim(&*store, 4).await.is_empty());
}

pub(crate) async fn what_waits_for_a_connection_can_be_hurried<P: Whole>() {
    let (_place, store) = store::<P>().await;
    for contact in ["1", "2", "3"] {
        record(&*store, 0, decided_about(contact, &format!("d{contact}"), vec![property("na")])).await;
    }
    for head in claim(&*store, 1).await {
        assert!(settle(&*store, 1, head, retry(36_000)).await);
    }
    store.hurry(&acme(), &"sf".into(), at(2)).await.unwrap();
    assert!(claim(&*store, 3).await.is_empty());
    store.hurry(&acme(), &hs(), at(3)).await.unwrap();
    assert_eq!(claim(&*store, 3).await.len(), 3);
}

/// A decision's owner and message, of which the message was stranded: dead, as its destination
/// was gone.
async fn stranded(store: &dyn Database) {
    record(store, 0, told("1", "d1", vec![owner("71")])).await;
    assert_eq!(store.strand(&acme(), &[hs()], at(1)).await.unwrap(), 1);
    assert_eq!(states(store, "d1").await, [Waiting, Dead]);
}

/// Tries it again, alone or with all that is dead.
async fn again(store: &dyn Database, id: &str, together: bool, seconds: i64) {
    if together {
        assert!(store.mend(&acme(), &Group::default(), Repair::Retry, at(seconds)).await.unwrap() > 0);
    } else {
        assert!(store.repair(&acme(), &id.into(), Repair::Retry, at(seconds)).await.unwrap());
    }
}

pub(crate) async fn a_stranded_message_that_is_retried_waits_for_its_owner_again<P: Whole>() {
    for together in [false, true] {
        let (_place, store) = store::<P>().await;
        stranded(&*store).await;
        again(&*store, "d1/1", together, 2).await;
        assert_eq!(states(&*store, "d1").await, [Waiting, Held], "{together}");
        assert!(messages(&*store, 3).await.is_empty(), "nobody is told before the owner is confirmed");
        let head = claim_one(&*store, 3).await;
        assert!(settle(&*store, 3, head, Settle::Done).await);
        let told = messages(&*store, 4).await;
        assert_eq!(ids(&told), ["d1/1"]);
        assert!(settle(&*store, 5, told[0].clone(), Settle::Done).await);
        assert_eq!(store.backlog(&acme()).await.unwrap().1, 0);
    }
}

pub(crate) async fn a_stranded_message_whose_owner_is_confirmed_goes_at_once_when_it_is_retried<P: Whole>() {
    for together in [false, true] {
        let (_place, store) = store::<P>().await;
        stranded(&*store).await;
        let head = claim_one(&*store, 2).await;
        assert!(settle(&*store, 2, head, Settle::Done).await);
        again(&*store, "d1/1", together, 3).await;
        assert_eq!(ids(&messages(&*store, 3).await), ["d1/1"], "{together}");
    }
}

pub(crate) async fn a_stranded_message_whose_owner_is_dead_comes_back_with_the_owner_only<P: Whole>() {
    let (_place, store) = store::<P>().await;
    stranded(&*store).await;
    let head = claim_one(&*store, 2).await;
    assert!(settle(&*store, 2, head, dead(None)).await);
    again(&*store, "d1/1", false, 3).await;
    assert_eq!(states(&*store, "d1").await, [Dead, Superseded]);
    again(&*store, "d1/0", false, 4).await;
    assert_eq!(states(&*store, "d1").await, [Waiting, Held]);
}

pub(crate) async fn a_stranded_message_whose_owner_was_given_up_is_not_sent<P: Whole>() {
    for together in [false, true] {
        let (_place, store) = store::<P>().await;
        stranded(&*store).await;
        assert!(store.repair(&acme(), &"d1/0".into(), Repair::Drop, at(2)).await.unwrap());
        again(&*store, "d1/1", together, 3).await;
        assert_eq!(states(&*store, "d1").await, [Dropped, Superseded], "{together}");
        assert_eq!(store.backlog(&acme()).await.unwrap().1, 0);
    }
}

pub(crate) async fn a_stranded_owner_and_its_message_that_are_retried_together_keep_their_order<P: Whole>() {
    let (_place, store) = store::<P>().await;
    record(&*store, 0, told("1", "d1", vec![owner("71"), task("one")])).await;
    assert_eq!(store.strand(&acme(), &[connection_of("ops")], at(1)).await.unwrap(), 2);
    assert_eq!(states(&*store, "d1").await, [Dead, Dead, Superseded]);
    again(&*store, "d1/1", false, 2).await;
    assert_eq!(states(&*store, "d1").await, [Dead, Superseded, Superseded], "no task without its owner");
    again(&*store, "d1/0", true, 3).await;
    assert_eq!(states(&*store, "d1").await, [Waiting, Waiting, Held]);
    assert_eq!(claim_one(&*store, 4).await.effect.id.as_str(), "d1/0");
}
