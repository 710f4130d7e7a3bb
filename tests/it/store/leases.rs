//! Hosts that share a database: who is there, who decides for whom, and calls that one leaves to
//! another. None of it makes a decision right; the suite of the log does.

use rota_domain::decision::Apply;
use rota_domain::id::{Digest, HostId, TenantId};
use rota_flow::ports::{Accepted, Earlier, Entry, EntryBody, Keyed, Payload, Posted, Settles, StoreError};

use super::Place;
use super::values::{acme, arrival, at, begin, decided, lead};

fn host(name: &str) -> HostId {
    HostId::from(name)
}

pub(crate) async fn a_lease_is_taken_where_nobody_who_is_there_has_it(place: impl Place) {
    let (store, leases, other) = (place.open().await, place.host().await, place.host().await);
    begin(&*store, &acme()).await;
    let (one, two) = (host("one"), host("two"));
    leases.begin(at(0)).await.unwrap();
    leases.stay(&one, at(5)).await.unwrap();
    assert!(leases.take(&one, &acme(), at(0)).await.unwrap(), "nobody has it");
    assert!(leases.take(&one, &acme(), at(1)).await.unwrap(), "it is its own");
    other.stay(&two, at(6)).await.unwrap();
    assert!(!other.take(&two, &acme(), at(4)).await.unwrap(), "the first is there");
    let leased = other.leased().await.unwrap();
    assert_eq!(leased.holders.get(&acme()), Some(&one));

    leases.stay(&one, at(7)).await.unwrap();
    assert!(!other.take(&two, &acme(), at(6)).await.unwrap(), "it said so again");
    assert!(other.take(&two, &acme(), at(7)).await.unwrap(), "its time is over");
    let hosts = other.hosts().await.unwrap();
    assert_eq!(hosts.into_iter().collect::<Vec<_>>(), [(one.clone(), at(7)), (two.clone(), at(6))]);
    assert!(leases.take(&one, &acme(), at(7)).await.unwrap(), "the second did not say that it is there");
    let error = leases.take(&one, &TenantId::from("nobody"), at(7)).await;
    assert!(error.is_err(), "no such tenant");

    leases.begin(at(7)).await.unwrap();
    assert!(leases.hosts().await.unwrap().is_empty(), "whose time is over is forgotten when a host begins");
}

pub(crate) async fn a_host_that_goes_or_gives_up_leaves_its_leases_free(place: impl Place) {
    let (store, leases) = (place.open().await, place.host().await);
    let birch = TenantId::from("birch");
    begin(&*store, &acme()).await;
    begin(&*store, &birch).await;
    let (one, two) = (host("one"), host("two"));
    for host in [&one, &two] {
        leases.stay(host, at(9)).await.unwrap();
    }
    for tenant in [&acme(), &birch] {
        assert!(leases.take(&one, tenant, at(0)).await.unwrap());
    }
    leases.give_up(&two, &[acme(), birch.clone()]).await.unwrap();
    assert!(!leases.take(&two, &acme(), at(0)).await.unwrap(), "nobody gives up what is another's");
    leases.give_up(&one, &[acme()]).await.unwrap();
    assert!(leases.take(&two, &acme(), at(0)).await.unwrap());
    assert!(!leases.take(&two, &birch, at(0)).await.unwrap());
    leases.leave(&one).await.unwrap();
    assert!(leases.take(&two, &birch, at(0)).await.unwrap());
    assert_eq!(leases.hosts().await.unwrap().into_keys().collect::<Vec<_>>(), [two]);
}

pub(crate) async fn whom_something_waits_for_is_told(place: impl Place) {
    let (store, leases) = (place.open().await, place.host().await);
    assert!(leases.leased().await.unwrap().waiting.is_empty());
    for name in ["acme", "birch", "cobalt"] {
        begin(&*store, &TenantId::from(name)).await;
    }
    store.accept(&acme(), vec![arrival("a"), arrival("b")], at(1)).await.unwrap();
    store.accept(&TenantId::from("cobalt"), vec![arrival("a")], at(1)).await.unwrap();
    let waiting = leases.leased().await.unwrap().waiting;
    assert_eq!(waiting.iter().map(TenantId::as_str).collect::<Vec<_>>(), ["acme", "cobalt"]);
    let rows = store.waiting(&acme(), 0, 9).await.unwrap();
    let entries = rows.iter().zip(["d1", "d2"]).map(|(row, id)| settles(row.id, id)).collect();
    store.record(&acme(), 1, entries).await.unwrap();
    let waiting = leases.leased().await.unwrap().waiting;
    assert_eq!(waiting.iter().map(TenantId::as_str).collect::<Vec<_>>(), ["cobalt"]);
}

fn settles(row: i64, id: &str) -> Entry {
    let body = EntryBody::Decision(Box::new(decided(id, vec![])));
    Entry { at: at(2), inbox: Some(Settles::Row(row)), body }
}

fn keyed(key: &str, asked: &str) -> Keyed {
    Keyed { key: key.into(), asked: Digest::of(asked.as_bytes()), received: at(1) }
}

fn posted(key: &str) -> Posted {
    let about = Payload::Lead { lead: Box::new(lead("web:1", "joe@big.example")), flow: None };
    let payload = Payload::Call { about: Box::new(about), flow: Some("inbound".into()), apply: Apply::Caller };
    Posted { call: keyed(key, "x"), payload }
}

pub(crate) async fn a_posted_call_waits_once_and_its_key_finds_the_decision(place: impl Place) {
    use Accepted::{Duplicate, New};
    let (store, leases) = (place.open().await, place.host().await);
    begin(&*store, &acme()).await;
    assert_eq!(leases.post(&acme(), vec![posted("a"), posted("b"), posted("a")]).await.unwrap(), [New, New, Duplicate]);
    let rows = store.waiting(&acme(), 0, 9).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.payload.clone()).collect::<Vec<_>>(),
        ["a", "b"].map(|key| posted(key).payload)
    );
    assert_eq!((rows[0].occurred, rows[0].received), (at(1), at(1)));
    let keys = [keyed("a", "x"), keyed("a", "other"), keyed("b", "x"), keyed("c", "x")];
    let found = store.answered(&acme(), &keys).await.unwrap();
    assert_eq!(found, [Some(Earlier::Waiting), Some(Earlier::OtherQuestion), Some(Earlier::Waiting), None]);

    // A host that did not know of it, and decided the same call, is refused.
    let late = Entry { inbox: Some(Settles::Call(Box::new(keys[0].clone()))), ..settles(0, "late") };
    let refused = place.open().await.record(&acme(), 1, vec![late]).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");

    store.record(&acme(), 1, vec![settles(rows[0].id, "d1")]).await.unwrap();
    let found = store.answered(&acme(), &keys).await.unwrap();
    assert!(matches!(&found[0], Some(Earlier::Answered(decision, _)) if decision.id.as_str() == "d1"), "{found:?}");
    assert_eq!(found[1..3], [Some(Earlier::OtherQuestion), Some(Earlier::Waiting)]);
    assert_eq!(leases.post(&acme(), vec![posted("a")]).await.unwrap(), [Duplicate], "it is known still");
    assert_eq!(
        store.accept(&acme(), vec![arrival("a")], at(3)).await.unwrap(),
        [New],
        "an event's key is another thing"
    );
}
