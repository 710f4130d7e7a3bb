//! What leads wait for after their decisions.

use rota_domain::agenda::{For, Line, Wait};
use rota_domain::id::{LeadId, RepId};
use rota_flow::ports::{EntryBody, LogEnd, WaitChange};

use super::Place;
use super::values::{acme, at, begin, decided_about, entry};

fn response(entry: u64, rep: &str) -> Wait {
    let what = For::Response { rep: rep.into(), due: Some(at(900)) };
    Wait { entry, ..Wait::first(entry, format!("d{entry}").as_str().into(), at(1), "inbound".into(), what) }
}

fn turn(entry: u64) -> Wait {
    let line = Line { pool: "na".into(), among: vec![RepId::from("ana")], kinds: vec!["big".into()] };
    let what = For::Turn { line, worth: 70 };
    Wait { entry, tried: vec![RepId::from("bo")], ..Wait::first(entry, "d".into(), at(2), "inbound".into(), what) }
}

fn behind(entry: u64, other: &str) -> Wait {
    Wait { what: For::Lead(lead(other)), ..response(entry, "nobody") }
}

fn decides(record: &str, id: &str, waits: WaitChange) -> EntryBody {
    EntryBody::Decision(Box::new(rota_flow::ports::Recorded { waits, ..decided_about(record, id, vec![]) }))
}

fn starts(wait: Wait) -> WaitChange {
    WaitChange::For(Box::new(wait))
}

fn lead(record: &str) -> LeadId {
    LeadId::from(format!("hs:contact:{record}"))
}

pub(crate) async fn what_leads_wait_for_comes_back_as_the_last_entry_about_each_left_it(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    assert_eq!(store.progress(&acme()).await.unwrap(), LogEnd { seq: 1, waits: false });
    let bodies = [
        decides("1", "d2", starts(response(2, "ana"))),
        decides("2", "d3", starts(turn(3))),
        // Two about one lead in one commit: the later one counts.
        decides("1", "d4", starts(response(4, "bo"))),
        decides("2", "d5", WaitChange::AsBefore),
        decides("3", "d6", starts(response(6, "ana"))),
        decides("4", "d7", starts(response(7, "ana"))),
        decides("5", "d8", starts(behind(8, "2"))),
    ];
    let entries = (10..).zip(bodies).map(|(second, body)| entry(second, body)).collect();
    store.record(&acme(), 1, entries).await.unwrap();
    let known = vec![
        (lead("2"), turn(3)),
        (lead("1"), response(4, "bo")),
        (lead("3"), response(6, "ana")),
        (lead("4"), response(7, "ana")),
        (lead("5"), behind(8, "2")),
    ];
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().waits, known);
    assert_eq!(store.agenda(&acme(), Some(&lead("3"))).await.unwrap(), known[2..3]);

    let declined = Wait { entry: 10, ..turn(10) };
    let bodies = [
        EntryBody::Responded { lead: lead("1") },
        EntryBody::Declined { lead: lead("2"), rep: "ana".into(), wait: Box::new(declined.clone()) },
        EntryBody::Closed { lead: lead("3"), given: None },
        decides("4", "d12", WaitChange::Ended),
        decides("5", "d13", WaitChange::Ended),
        EntryBody::Lapsed { lead: lead("2"), what: "released".into() },
    ];
    let entries = (20..).zip(bodies).map(|(second, body)| entry(second, body)).collect();
    store.record(&acme(), 8, entries).await.unwrap();
    assert_eq!(store.agenda(&acme(), None).await.unwrap(), [(lead("2"), declined)]);
    assert_eq!(store.progress(&acme()).await.unwrap(), LogEnd { seq: 14, waits: true });
}
