//! Leads that reps were given, where that is counted.

use rota_domain::id::{LeadId, RepId};
use rota_domain::load::LeadKind;
use rota_flow::ports::{EntryBody, Given, InHand};

use super::Place;
use super::values::{acme, at, begin, decided, decided_about, entry};

fn of(record: &str, id: &str, rep: &str, in_hand: InHand) -> EntryBody {
    let mut recorded = if record == "1" { decided(id, vec![]) } else { decided_about(record, id, vec![]) };
    recorded.decision.rep = Some(RepId::from(rep));
    recorded.in_hand = in_hand;
    EntryBody::Decision(Box::new(recorded))
}

pub(crate) async fn what_reps_have_in_hand_comes_back(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let gives =
        |kinds: &[&str]| InHand { given: Some(kinds.iter().copied().map(LeadKind::from).collect()), ended: None };
    let given = |entry: u64, second: i64, rep: &str, lead: &str, kinds: &[&str], open: bool| Given {
        entry,
        at: at(second),
        rep: RepId::from(rep),
        lead: LeadId::from(lead),
        kinds: kinds.iter().copied().map(LeadKind::from).collect(),
        open,
    };
    let bodies = [
        of("1", "d1", "ana", gives(&["big", "german"])),
        of("2", "d2", "bo", gives(&[])),
        of("3", "d3", "cy", InHand::default()),
        // It goes from ana to bo.
        of("1", "d4", "bo", InHand { ended: Some(2), ..gives(&["big"]) }),
        EntryBody::Closed { lead: LeadId::from("hs:contact:2"), given: Some(3) },
        EntryBody::Closed { lead: LeadId::from("hs:contact:9"), given: None },
    ];
    let entries = (10..).zip(bodies).map(|(second, body)| entry(second, body)).collect();
    store.record(&acme(), 1, entries).await.unwrap();
    let snapshot = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!(snapshot.seq, 7);
    let known = [
        given(2, 10, "ana", "hs:contact:1", &["big", "german"], false),
        given(3, 11, "bo", "hs:contact:2", &[], false),
        given(5, 13, "bo", "hs:contact:1", &["big"], true),
    ];
    assert_eq!(snapshot.given, known);
}
