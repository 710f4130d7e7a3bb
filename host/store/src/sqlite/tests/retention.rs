//! What is past goes, piece by piece, and the file grows no further.

use jiff::Timestamp;
use rota_domain::id::{DecisionId, EffectId, Seed};
use rota_flow::ports::{
    Arrival, Entry, EntryBody, LetGo, Payload, Repair, Retention as _, Settle, Settlement, Store as _, Swept,
};
use serde_json::json;

use super::super::SqliteStore;
use super::{acme, at, claim, filled, lead, open, raw, recorded};

/// Sweeps to the end, and says what went.
async fn sweep(store: &SqliteStore, before: Timestamp) -> LetGo {
    let (mut sum, mut from) = (LetGo::default(), Some(Swept::default()));
    while let Some(swept) = from {
        let gone = store.let_go(&acme(), Some(before), Some(before), swept).await.unwrap();
        sum.decisions += gone.decisions;
        sum.effects += gone.effects;
        sum.arrivals += gone.arrivals;
        from = gone.next;
    }
    sum
}

/// How many rows each table has that retention empties, and the pages of the file.
async fn rows(folder: &std::path::Path) -> ([i64; 3], i64) {
    let mut connection = raw(folder).await;
    let mut counts = [0; 3];
    for (count, sql) in counts.iter_mut().zip([
        "SELECT count(*) FROM private",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM inbox",
    ]) {
        *count = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    }
    (counts, sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut connection).await.unwrap())
}

#[tokio::test]
async fn of_a_decision_that_is_past_the_facts_stay_and_they_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    assert_eq!(sweep(&store, at(99)).await, LetGo::default(), "something of it waits, and something is dead");
    deliver(&store, 50).await;
    assert_eq!(sweep(&store, at(99)).await, LetGo::default(), "one is dead, and a person has to look at it");
    assert!(store.repair(&acme(), &EffectId::from("d1/0"), Repair::Drop, at(2)).await.unwrap());
    assert_eq!(sweep(&store, at(0)).await, LetGo::default(), "it is not older than that");
    assert_eq!(sweep(&store, at(99)).await, LetGo { decisions: 1, effects: 4, ..LetGo::default() });
    assert_eq!(sweep(&store, at(99)).await, LetGo::default(), "it goes once");
    let recalled = store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap();
    assert_eq!((recalled.private, recalled.erased, recalled.effects), (None, None, vec![]));
    let reason = recalled.stored.decision.reason;
    assert_eq!((reason.code.as_str(), reason.detail.as_str()), ("r", "no longer kept"));
    assert_eq!(store.log(&acme(), 0, 9).await.unwrap().len(), 1);
    assert_eq!(store.waiting(&acme(), 0, 9).await.unwrap().len(), 1, "what waits is not past");
    store.close().await;
}

/// A round of leads, each taken in, decided, delivered.
async fn round(store: &SqliteStore, round: i64, seq: &mut u64) {
    const LEADS: i64 = 200;
    let id = |n: i64| format!("web:{}", round * LEADS + n);
    let arrival = |n: i64| {
        let lead = Box::new(lead(&id(n), &format!("{}@big.example", id(n).replace(':', "-"))));
        Arrival { dedupe_key: id(n), occurred: at(round), payload: Payload::Lead { lead, flow: None } }
    };
    store.accept(&acme(), (0..LEADS).map(arrival).collect(), at(round)).await.unwrap();
    let waiting = store.waiting(&acme(), 0, 999).await.unwrap();
    let entry = |n: i64, inbox: i64| {
        let mut recorded = recorded();
        recorded.person = rota_domain::person::PersonKey::of(&lead(&id(n), &format!("{n}-{round}@big.example")));
        recorded.decision.id = DecisionId::from(format!("d{}", id(n)));
        recorded.decision.at = at(round);
        recorded.decision.lead = id(n).into();
        recorded.effects.truncate(2);
        for (nth, effect) in recorded.effects.iter_mut().enumerate() {
            effect.id = EffectId::of(&recorded.decision.id, nth);
            effect.record = id(n);
        }
        let settles = Some(rota_flow::ports::Settles::Row(inbox));
        Entry { at: at(round), inbox: settles, body: EntryBody::Decision(Box::new(recorded)) }
    };
    let entries: Vec<Entry> = (0..LEADS).zip(&waiting).map(|(n, row)| entry(n, row.id)).collect();
    let number = u64::try_from(entries.len()).unwrap();
    store.record(&acme(), *seq, entries).await.unwrap();
    *seq += number;
    deliver(store, round + 1).await;
}

/// Delivers all that waits.
async fn deliver(store: &SqliteStore, seconds: i64) {
    loop {
        let claims = claim(store, seconds).await;
        if claims.is_empty() {
            return;
        }
        let settled = claims.into_iter().map(|claim| Settlement { claim, settle: Settle::Done, at: at(seconds) });
        store.settle(settled.collect()).await.unwrap();
    }
}

#[tokio::test]
async fn however_many_rounds_of_leads_come_what_retention_empties_does_not_grow() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.open(&acme(), Seed::from_number(1)).await.unwrap();
    let workspace = std::sync::Arc::new(serde_json::from_value(json!({"workspace": "acme"})).unwrap());
    let revision = EntryBody::Workspace { workspace, rotations: vec![], origin: None };
    store.record(&acme(), 0, vec![Entry { at: at(0), inbox: None, body: revision }]).await.unwrap();
    let (mut seq, mut kept) = (1, Vec::new());
    for n in 0..12 {
        round(&store, n, &mut seq).await;
        // Two rounds are kept.
        let gone = sweep(&store, at(n - 1)).await;
        if n >= 2 {
            assert_eq!((gone.decisions, gone.effects, gone.arrivals), (200, 400, 200), "round {n}");
        }
        kept.push(rows(folder.path()).await);
    }
    let rows: Vec<[i64; 3]> = kept.iter().map(|(rows, _)| *rows).collect();
    assert!(rows[2..].iter().all(|of| *of == rows[2]), "{rows:?}");
    // What still grows is the log with its facts: less than half of what comes.
    let pages: Vec<i64> = kept.iter().map(|(_, pages)| *pages).collect();
    let (first, later) = (pages[1] - pages[0], (pages[11] - pages[2]) / 9);
    assert!(later * 2 < first, "pages of a round at first and later: {pages:?}");
    store.close().await;
}
