//! Components and tables by digest, and the counters of flows.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_domain::desk::Counters;
use rota_domain::id::{Digest, FlowId, Seed, TenantId};
use rota_flow::ports::{EntryBody, StoreError};

use super::Place;
use super::values::{acme, at, begin, decided, entry, revision, workspace};

pub(crate) async fn what_is_kept_comes_back_by_its_digest(place: impl Place) {
    let things: Vec<Arc<[u8]>> =
        [0, 9, 1 << 20, (5 << 20) + 1].map(|length| (0..length).map(|n: u32| (n >> 8) as u8).collect()).to_vec();
    let store = place.open().await;
    store.open(&acme(), Seed::from_number(7)).await.unwrap();
    store.keep(&acme(), vec![]).await.unwrap();
    store.keep(&acme(), things[..2].to_vec()).await.unwrap();
    for _ in 0..2 {
        store.keep(&acme(), things.clone()).await.unwrap();
    }
    drop(store);
    let store = place.open().await;
    for thing in things {
        let kept = store.kept(&acme(), &Digest::of(&thing)).await.unwrap();
        assert!(kept.as_deref() == Some(&*thing), "{} bytes", thing.len());
    }
    assert_eq!(store.kept(&acme(), &Digest::of(b"never kept")).await.unwrap(), None);
    assert_eq!(store.kept(&acme(), &Digest::from("no digest")).await.unwrap(), None);
}

pub(crate) async fn a_tenant_reads_only_what_it_has_kept_itself(place: impl Place) {
    let store = place.open().await;
    let other = TenantId::from("other");
    let component: Arc<[u8]> = b"component".as_slice().into();
    for tenant in [&acme(), &other] {
        store.open(tenant, Seed::from_number(7)).await.unwrap();
    }
    store.keep(&acme(), vec![Arc::clone(&component)]).await.unwrap();
    assert_eq!(store.kept(&other, &Digest::of(&component)).await.unwrap(), None);
    store.keep(&other, vec![component]).await.unwrap();
    for tenant in [&acme(), &other] {
        let kept = store.kept(tenant, &Digest::of(b"component")).await.unwrap();
        assert_eq!(kept.as_deref(), Some(b"component".as_slice()));
    }
}

fn counters(all: &[(&str, &str, i32)]) -> Counters {
    let mut counters = Counters::new();
    for (flow, name, value) in all {
        counters.entry(FlowId::from(*flow)).or_default().insert((*name).into(), *value);
    }
    counters
}

fn changes(id: &str, all: &[(&str, &str, i32)]) -> EntryBody {
    let mut recorded = decided(id, vec![]);
    recorded.counters = all.iter().map(|(flow, name, value)| (FlowId::from(*flow), (*name).into(), *value)).collect();
    EntryBody::Decision(Box::new(recorded))
}

fn set(flow: &str, name: &str, value: Option<i32>) -> EntryBody {
    EntryBody::Counter { flow: FlowId::from(flow), name: name.into(), value }
}

pub(crate) async fn counters_are_what_the_last_entry_made_of_them(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    begin(&*store, &TenantId::from("other")).await;
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().counters, BTreeMap::new());

    let bodies = [
        changes("d1", &[("inbound", "leads", 1), ("inbound", "demo", i32::MIN)]),
        changes("d2", &[("inbound", "leads", 2), ("events", "leads", i32::MAX)]),
        set("inbound", "demo", None),
        set("events", "seats", Some(0)),
    ];
    store.record(&acme(), 1, bodies.map(|body| entry(1, body)).to_vec()).await.unwrap();
    let expected = [("inbound", "leads", 2), ("events", "leads", i32::MAX), ("events", "seats", 0)];
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().counters, counters(&expected));

    let newer = revision(workspace(&acme(), 2), vec![]);
    let bodies = [set("inbound", "leads", None), changes("d3", &[("inbound", "leads", 7)]), newer];
    store.record(&acme(), 5, bodies.map(|body| entry(2, body)).to_vec()).await.unwrap();
    let gone = [set("events", "leads", None), set("events", "seats", None), set("events", "never", None)];
    store.record(&acme(), 8, gone.map(|body| entry(3, body)).to_vec()).await.unwrap();
    drop(store);
    let store = place.open().await;
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().counters, counters(&[("inbound", "leads", 7)]));
    assert_eq!(store.load(&TenantId::from("other"), at(0)).await.unwrap().counters, Counters::new());
}

pub(crate) async fn a_conflict_changes_no_counter(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    store.record(&acme(), 1, vec![entry(1, set("inbound", "leads", Some(3)))]).await.unwrap();
    for body in [changes("d1", &[("inbound", "leads", 9)]), set("inbound", "leads", None)] {
        let refused = store.record(&acme(), 1, vec![entry(1, body)]).await;
        assert!(matches!(refused, Err(StoreError::Conflict { seq: 2, .. })), "{refused:?}");
    }
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().counters, counters(&[("inbound", "leads", 3)]));
}
