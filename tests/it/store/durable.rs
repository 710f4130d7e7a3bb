//! What was answered stays; many callers at once; many rows at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rota_domain::id::{EffectId, Seed, TenantId};
use rota_flow::ports::{Accepted, Entry, EntryBody, Settle, Settlement, Settles, StoreError};

use super::Place;
use super::values::{
    LEASE, acme, arrival, at, begin, claim, claim_one, decided, decided_about, entry, hs, owner, property, record,
    settle, task,
};

pub(crate) async fn nothing_answered_is_lost_when_the_store_is_dropped(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    drop(store);
    for round in 0..5_i64 {
        let store = place.open().await;
        store.accept(&acme(), vec![arrival(&round.to_string())], at(round)).await.unwrap();
        drop(store);
        let store = place.open().await;
        record(&*store, round, decided(&format!("d{round}"), vec![property("na")])).await;
        drop(store);
        let store = place.open().await;
        let head = claim_one(&*store, round).await;
        drop(store);
        let store = place.open().await;
        assert!(settle(&*store, round, head, Settle::Done).await);
        drop(store);
    }
    let store = place.open().await;
    let state = store.load(&acme(), at(-9)).await.unwrap();
    assert_eq!((state.seed, state.seq), (Seed::from_number(7), 6));
    assert_eq!(store.log(&acme(), 0, 99).await.unwrap().len(), 5);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (5, 0));
}

pub(crate) async fn a_unit_that_fails_leaves_its_neighbours_alone(place: impl Place) {
    let store = place.open().await;
    let tenants: Vec<TenantId> = (0..48).map(|n| TenantId::from(format!("t{n:02}"))).collect();
    for tenant in &tenants {
        begin(&*store, tenant).await;
    }
    // Every third expects the wrong number; all are asked at once, so that they share commits.
    let asked = tenants.iter().enumerate().map(|(n, tenant)| {
        let (store, tenant) = (Arc::clone(&store), tenant.clone());
        tokio::spawn(async move {
            let body = EntryBody::Decision(Box::new(decided("d1", vec![owner("71"), task("one")])));
            let expected = if n % 3 == 0 { 9 } else { 1 };
            store.record(&tenant, expected, vec![entry(1, body)]).await
        })
    });
    for (n, asked) in asked.collect::<Vec<_>>().into_iter().enumerate() {
        let tenant = &tenants[n];
        let answer = asked.await.unwrap();
        let (state, backlog) = (store.load(tenant, at(0)).await.unwrap(), store.backlog(tenant).await.unwrap());
        if n % 3 == 0 {
            assert!(matches!(answer, Err(StoreError::Conflict { seq: 1, .. })), "{answer:?}");
            assert_eq!((state.seq, backlog), (1, (0, 0)));
        } else {
            answer.unwrap();
            assert_eq!((state.seq, backlog), (2, (0, 2)));
        }
    }
}

pub(crate) async fn a_hundred_rows_of_everything_commit_together(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let arrivals = (0..100).map(|n| arrival(&n.to_string())).collect();
    assert_eq!(store.accept(&acme(), arrivals, at(1)).await.unwrap(), [Accepted::New; 100]);
    let waiting = store.waiting(&acme(), 0, 1_000).await.unwrap();
    let entries = waiting.iter().enumerate().map(|(n, row)| {
        let acts = vec![owner("71"), property("na"), task("one")];
        let body = EntryBody::Decision(Box::new(decided_about(&n.to_string(), &format!("d{n}"), acts)));
        Entry { at: at(2), inbox: Some(Settles::Row(row.id)), body }
    });
    store.record(&acme(), 1, entries.collect()).await.unwrap();
    assert_eq!(store.load(&acme(), at(-9)).await.unwrap().recent.len(), 100);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 300));

    for left in [200, 100, 0] {
        let claims = claim(&*store, 3).await;
        let settlements = claims.into_iter().map(|claim| Settlement { claim, settle: Settle::Done, at: at(4) });
        assert_eq!(store.settle(settlements.collect()).await.unwrap(), [true; 100]);
        assert_eq!(store.backlog(&acme()).await.unwrap(), (0, left));
        // The next heads may be sent from the time at which these were settled.
        let early = store.claim(&acme(), &hs(), at(3), LEASE, 1).await.unwrap();
        assert!(early.is_empty());
        if left > 0 {
            let claims = store.claim(&acme(), &hs(), at(4), LEASE, 100).await.unwrap();
            let back = claims.into_iter().map(|claim| Settlement {
                claim,
                settle: Settle::Retry { at: at(3), counts: false, trouble: None, cause: String::new() },
                at: at(3),
            });
            assert_eq!(store.settle(back.collect()).await.unwrap(), [true; 100]);
        }
    }
}

pub(crate) async fn many_workers_deliver_what_many_writers_record_once_and_in_order(place: impl Place) {
    const WRITERS: usize = 4;
    const ROUNDS: usize = 25;
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let id = format!("w{writer}-{round:02}");
                // All writers write to the same three records.
                let recorded = decided_about(&(round % 3).to_string(), &id, vec![property("a"), property("b")]);
                let body = EntryBody::Decision(Box::new(recorded));
                loop {
                    let seq = store.load(&acme(), at(1_000)).await.unwrap().seq;
                    match store.record(&acme(), seq, vec![entry(0, body.clone())]).await {
                        Ok(()) => break,
                        Err(StoreError::Conflict { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        })
    });
    let delivered: Arc<Mutex<BTreeMap<String, Vec<EffectId>>>> = Arc::default();
    let workers = (0..3).map(|_| {
        let (store, delivered) = (Arc::clone(&store), Arc::clone(&delivered));
        tokio::spawn(async move {
            let total = |all: &BTreeMap<String, Vec<EffectId>>| all.values().map(Vec::len).sum::<usize>();
            while total(&delivered.lock().unwrap()) < WRITERS * ROUNDS * 2 {
                for claim in store.claim(&acme(), &hs(), at(1), LEASE, 2).await.unwrap() {
                    let (lane, effect) = (claim.lane.clone(), claim.effect.id.clone());
                    // Noted before it is settled, as a call is made before it is settled.
                    delivered.lock().unwrap().entry(lane).or_default().push(effect);
                    assert!(settle(&*store, 1, claim, Settle::Done).await);
                }
            }
        })
    });
    let all: Vec<_> = writers.chain(workers).collect();
    for task in all {
        task.await.unwrap();
    }
    let log = store.log(&acme(), 0, 1_000).await.unwrap();
    for (lane, sent) in &*delivered.lock().unwrap() {
        let in_lane = log.iter().filter(|stored| format!("contact:{}", &stored.decision.lead.as_str()[11..]) == *lane);
        let expected: Vec<EffectId> =
            in_lane.flat_map(|stored| [0, 1].map(|n| EffectId::of(&stored.decision.id, n))).collect();
        assert_eq!(*sent, expected, "lane {lane}");
    }
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 0));
}
