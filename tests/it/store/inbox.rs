//! Arrivals: once each, in order, until the log settles them.

use rota_domain::id::{Seed, TenantId};
use rota_flow::ports::{Accepted, Entry, EntryBody, Payload, Settles, Waiting};

use super::Place;
use super::values::{acme, arrival, arrival_of, at, begin, decided, lead};

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
