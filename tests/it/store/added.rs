//! Rows that the log adds to dated tables.

use rota_domain::id::TenantId;
use rota_domain::table::{Added, DatedRow, RowChange};
use rota_flow::ports::EntryBody;

use super::Place;
use super::values::{acme, at, begin, decided, entry};

fn change(table: &str, id: &str, row: Option<(&str, &str)>) -> RowChange {
    let row = row.map(|(key, value)| DatedRow { key: key.into(), at: "2026-03-02".into(), value: value.into() });
    RowChange { table: table.into(), id: id.into(), row }
}

fn by_decision(id: &str, changes: &[RowChange]) -> EntryBody {
    let mut recorded = decided(id, vec![]);
    recorded.rows = changes.to_vec();
    EntryBody::Decision(Box::new(recorded))
}

pub(crate) async fn rows_of_dated_tables_are_what_the_last_entry_made_of_them(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    begin(&*store, &TenantId::from("other")).await;
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().added, Added::default());
    let bodies = [
        EntryBody::Rows(vec![change("won", "1", Some(("ana", "5"))), change("won", "2", Some(("bo", "6")))]),
        by_decision("d1", &[change("won", "1", None), change("won", "hs:deal:7", Some(("hs:41", "12.5")))]),
        EntryBody::Rows(vec![change("lost", "1", Some(("ana", "9"))), change("won", "2", Some(("bo", "7")))]),
        EntryBody::Rows(vec![change("won", "never", None)]),
    ];
    store.record(&acme(), 1, bodies.map(|body| entry(1, body)).to_vec()).await.unwrap();
    drop(store);
    let store = place.open().await;
    let mut expected = Added::default();
    for left in [
        change("won", "2", Some(("bo", "7"))),
        change("won", "hs:deal:7", Some(("hs:41", "12.5"))),
        change("lost", "1", Some(("ana", "9"))),
    ] {
        expected.change(left);
    }
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().added, expected);
    assert_eq!(store.load(&TenantId::from("other"), at(0)).await.unwrap().added, Added::default());
}
