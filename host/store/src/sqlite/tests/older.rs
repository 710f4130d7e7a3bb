//! Databases of earlier versions are taken over whole.

use rota_domain::desk::Counters;
use rota_domain::fairness::Candidate;
use rota_domain::id::DecisionId;
use rota_flow::ports::Store as _;
use sqlx::Connection as _;

use super::{acme, at, claim, open, raw, recorded};

/// A file as Rota wrote it with the first schema.
async fn first(folder: &std::path::Path) {
    std::fs::File::create(folder.join("rota.db")).unwrap();
    let mut connection = raw(folder).await;
    sqlx::raw_sql(include_str!("../../../migrations/sqlite/0001_first.sql")).execute(&mut connection).await.unwrap();
    sqlx::raw_sql(include_str!("first.sql")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_version_opens_with_its_decisions_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    first(folder.path()).await;
    for _ in 0..2 {
        let store = open(folder.path()).await;
        let recalled = store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap();
        assert_eq!(recalled.stored.decision, recorded().decision);
        assert_eq!(recalled.private.unwrap().transcript, "[\"lead.text\",[\"country\"],{\"Ok\":\"US\"}]\n");
        let weights = |candidate: &Candidate| (candidate.rep.to_string(), candidate.weight);
        let turn = recalled.stored.turn.unwrap();
        assert_eq!(turn.candidates.iter().map(weights).collect::<Vec<_>>(), [("ana".into(), 3), ("ben".into(), 1)]);
        assert_eq!(store.log(&acme(), 0, 9).await.unwrap().len(), 1);
        assert_eq!(store.load(&acme(), at(-9)).await.unwrap().counters, Counters::new());
        assert_eq!(store.backlog(&acme()).await.unwrap(), (1, 3));
        store.close().await;
    }
    let store = open(folder.path()).await;
    let mut entry = recorded();
    entry.decision.id = DecisionId::from("d2");
    entry.effects.clear();
    let body = rota_flow::ports::EntryBody::Decision(Box::new(entry));
    store.record(&acme(), 2, vec![rota_flow::ports::Entry { at: at(1), inbox: None, body }]).await.unwrap();
    store.keep(&acme(), vec![b"component".as_slice().into()]).await.unwrap();
    assert_eq!(store.log(&acme(), 0, 9).await.unwrap().len(), 2);
    assert_eq!(claim(&store, 9).await.len(), 1);
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut raw(folder.path()).await).await.unwrap();
    assert_eq!(version, 3);
}
