//! Arrivals: once each, in order, until the log settles them.

use rota_domain::decision::Apply;
use rota_domain::id::{Digest, Seed, TenantId};
use rota_flow::ports::{Accepted, Earlier, Entry, EntryBody, Keyed, Payload, Recorded, Settles, StoreError, Waiting};

use super::Place;
use super::values::{acme, arrival, arrival_of, at, begin, decided, lead, task};

pub(crate) async fn a_repeated_arrival_is_a_duplicate(place: impl Place) {
    use Accepted::{Duplicate, New};
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let other = TenantId::from("other");
    store.open(&other, Seed::from_number(8)).await.unwrap();

    let answers = store.accept(&acme(), vec![arrival("a"), arrival("b"), arrival("a")], at(1)).await.unwrap();
    assert_eq!(answers, [New, New, Duplicate], "also within one commit");
    let changed = arrival_of("b", lead("hs:contact:9", "joe@big.example"));
    assert_eq!(store.accept(&acme(), vec![changed, arrival("c")], at(2)).await.unwrap(), [Duplicate, New]);
    assert_eq!(store.accept(&other, vec![arrival("a")], at(2)).await.unwrap(), [New], "another tenant's");

    let waiting = store.waiting(&acme(), 0, 10).await.unwrap();
    let payloads: Vec<Payload> = waiting.into_iter().map(|waiting| waiting.payload).collect();
    assert_eq!(payloads, ["a", "b", "c"].map(|key| arrival(key).payload), "the first of a key is kept");
}

pub(crate) async fn arrivals_wait_in_the_order_in_which_they_came(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let whole = arrival_of("whole", lead("web:1", "Joe@Big.example"));
    store.accept(&acme(), vec![arrival("z"), whole.clone()], at(1)).await.unwrap();
    store.accept(&acme(), vec![arrival("a")], at(2)).await.unwrap();

    let waiting = store.waiting(&acme(), 0, 10).await.unwrap();
    let all: Vec<Payload> = waiting.iter().map(|waiting| waiting.payload.clone()).collect();
    assert_eq!(all, [arrival("z").payload, whole.payload, arrival("a").payload]);
    assert!(waiting.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(waiting[2].occurred, at(0));
    assert_eq!(waiting.iter().map(|row| row.received).collect::<Vec<_>>(), [at(1), at(1), at(2)]);

    assert_eq!(store.waiting(&acme(), 0, 2).await.unwrap(), waiting[..2], "a page");
    assert_eq!(store.waiting(&acme(), waiting[1].id, 2).await.unwrap(), waiting[2..], "the next page");
}

pub(crate) async fn a_settled_arrival_waits_no_more_and_is_still_known(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let whole = arrival_of("whole", lead("web:1", "joe@big.example"));
    store.accept(&acme(), vec![whole.clone(), arrival("b"), arrival("c")], at(1)).await.unwrap();
    let waiting: Vec<Waiting> = store.waiting(&acme(), 0, 10).await.unwrap();

    let entries = [("d1", waiting[0].id), ("d2", waiting[1].id)].map(|(id, inbox)| Entry {
        at: at(2),
        inbox: Some(Settles::Row(inbox)),
        body: EntryBody::Decision(Box::new(decided(id, vec![]))),
    });
    store.record(&acme(), 1, entries.to_vec()).await.unwrap();

    assert_eq!(store.waiting(&acme(), 0, 10).await.unwrap(), waiting[2..]);
    let answers = store.accept(&acme(), vec![whole, arrival("b")], at(3)).await.unwrap();
    assert_eq!(answers, [Accepted::Duplicate, Accepted::Duplicate]);
}

fn keyed(key: &str, asked: &str) -> Keyed {
    Keyed { key: key.into(), asked: Digest::of(asked.as_bytes()), received: at(1) }
}

fn answers(key: &Keyed, recorded: Recorded) -> Entry {
    let inbox = Some(Settles::Call(Box::new(key.clone())));
    Entry { at: at(2), inbox, body: EntryBody::Decision(Box::new(recorded)) }
}

pub(crate) async fn a_call_is_written_with_its_answer_and_found_by_its_key(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let (host, mut caller) = (decided("d1", vec![]), decided("d2", vec![]));
    caller.decision.apply = Apply::Caller;
    caller.private.acts = vec![task("left to the caller")];
    let keys = [keyed("a", "x"), keyed("b", "y"), keyed("a", "other"), keyed("new", "x")];
    let entries = vec![answers(&keys[0], host.clone()), answers(&keys[1], caller.clone())];
    store.record(&acme(), 1, entries).await.unwrap();

    let earlier = store.answered(&acme(), &keys).await.unwrap();
    let found = |recorded: &Recorded| {
        Some(Earlier::Answered(Box::new(recorded.decision.clone()), recorded.private.acts.clone()))
    };
    assert_eq!(earlier, [found(&host), found(&caller), Some(Earlier::OtherQuestion), None]);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0), "it waits for nothing");
    let other = TenantId::from("other");
    begin(&*store, &other).await;
    assert_eq!(store.answered(&other, &keys[..1]).await.unwrap(), [None], "another tenant's key");
    let event = store.accept(&acme(), vec![arrival("a")], at(3)).await.unwrap();
    assert_eq!(event, [Accepted::New], "an event's key is another thing");
}

pub(crate) async fn a_key_that_is_there_is_a_conflict_and_changes_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let key = keyed("a", "x");
    store.record(&acme(), 1, vec![answers(&key, decided("d1", vec![]))]).await.unwrap();
    let twice = vec![answers(&keyed("b", "x"), decided("d2", vec![])), answers(&key, decided("d3", vec![task("t")]))];
    let refused = store.record(&acme(), 2, twice).await;
    assert!(matches!(refused, Err(StoreError::Conflict { seq: 2, .. })), "{refused:?}");
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().seq, 2);
    assert_eq!(store.answered(&acme(), &[keyed("b", "x")]).await.unwrap(), [None]);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}
