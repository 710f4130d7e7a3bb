//! Records of one person of whom the first waits: whatever becomes of that becomes of the others.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decided, lead_with, rep, story, tick};

/// Records join the decision about the same person for ten minutes.
const WORKSPACE: &str = r#"
[[reps]]
id = "ana"

[[reps]]
id = "bo"

[[pools]]
id = "na"
members = [{ rep = "ana" }, { rep = "bo" }]

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
nobody = "wait"
fallback = { queue = "triage" }
coalesce = "10m"
"#;

fn of(person: &str, id: &str) -> Value {
    lead_with(id, json!({ "email": format!("{person}@big.example") }))
}

fn offered(person: &str, id: &str) -> Value {
    lead_with(id, json!({ "email": format!("{person}@big.example"), "offer": "in-turn" }))
}

fn says(lead: &str, rep: &str, answer: &str) -> Value {
    json!({"kind": "offer", "lead": lead, "rep": rep, "answer": answer})
}

#[test]
fn a_second_record_of_somebody_who_is_offered_is_offered_to_nobody_and_goes_to_who_accepts() {
    let events = [(0, offered("joe", "1")), (5, offered("joe", "2")), (20, says("1", "ana", "accept")), (30, tick())];
    assert_snapshot!(story(WORKSPACE, &events), @r"
    0 1 created: offer ana
    5 2 created: coalesced
    20 1 offer-accepted: assign ana
    20 2 released: coalesced ana
    ");
}

#[test]
fn whoever_accepts_after_others_declined_gets_all_of_the_persons_records() {
    let events = [
        (0, offered("joe", "1")),
        (5, offered("joe", "2")),
        (6, offered("joe", "3")),
        (10, says("1", "ana", "decline")),
        (11, says("2", "bo", "accept")),
        (12, says("1", "bo", "accept")),
        (13, tick()),
    ];
    assert_snapshot!(story(WORKSPACE, &events), @r"
    0 1 created: offer ana
    5 2 created: coalesced
    6 3 created: coalesced
    10 1 offer-declined: offer bo
    12 1 offer-accepted: assign bo
    12 2 released: coalesced bo
    12 3 released: coalesced bo
    ");
}

#[test]
fn where_nobody_accepts_all_of_the_persons_records_go_where_the_offer_says() {
    let events = [(0, offered("joe", "1")), (5, offered("joe", "2")), (200, tick())];
    assert_snapshot!(story(WORKSPACE, &events), @r"
    0 1 created: offer ana
    5 2 created: coalesced
    60 1 offer-expired: offer bo
    120 1 offer-expired: queue unclaimed
    120 2 released: coalesced unclaimed
    ");
}

#[test]
fn records_of_one_person_that_wait_for_a_turn_take_one_and_have_one_owner() {
    let away = |who: &str| (0, rep(who, "away"));
    let events = [
        away("ana"),
        away("bo"),
        (1, of("joe", "1")),
        (2, of("joe", "2")),
        (3, of("eve", "3")),
        (4, of("joe", "2")),
        (60, rep("bo", "back")),
        (61, rep("ana", "back")),
        (62, tick()),
    ];
    assert_snapshot!(story(WORKSPACE, &events), @r"
    1 1 created: queue na
    2 2 created: coalesced na
    3 3 created: queue na
    4 2 created: coalesced na
    60 1 released: assign bo
    60 2 released: coalesced bo
    60 3 released: assign bo
    ");
}

#[test]
fn a_record_goes_on_by_itself_when_the_one_that_it_waits_for_is_closed() {
    let closed = json!({"kind": "closed", "lead": "1"});
    let events = [(0, offered("joe", "1")), (5, offered("joe", "2")), (10, closed), (11, tick())];
    assert_snapshot!(story(WORKSPACE, &events), @r"
    0 1 created: offer ana
    5 2 created: coalesced
    10 2 released: offer ana
    ");
}

#[test]
fn a_record_that_comes_after_the_flows_time_is_offered_by_itself() {
    let workspace = WORKSPACE.replace("coalesce = \"10m\"", "coalesce = \"0\"");
    let events = [(0, offered("joe", "1")), (5, offered("joe", "2")), (6, tick())];
    assert_snapshot!(story(&workspace, &events), @r"
    0 1 created: offer ana
    5 2 created: offer ana
    ");
}

/// What happens in a second: a record of one of three people comes, or a rep comes or goes.
fn happens() -> impl Strategy<Value = Value> {
    let record = (prop::sample::select(&["joe", "eve", "kim"][..]), 0..4_u8);
    let who = (prop::sample::select(&["ana", "bo"][..]), prop::sample::select(&["away", "back"][..]));
    prop_oneof![
        3 => record.prop_map(|(person, n)| of(person, &format!("{person}-{n}"))),
        2 => who.prop_map(|(who, status)| rep(who, status)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_records_of_a_person_have_one_owner_once_somebody_is_there(events in prop::collection::vec(happens(), 1..40)) {
        let mut timed: Vec<(i64, Value)> = (1..).zip(events).collect();
        timed.extend([(100, rep("ana", "back")), (101, rep("bo", "back")), (102, tick())]);
        let mut owners: BTreeMap<String, Option<String>> = BTreeMap::new();
        for decision in decided(WORKSPACE, &timed) {
            owners.insert(decision.lead.to_string(), decision.rep.map(|rep| rep.to_string()));
        }
        for (lead, owner) in &owners {
            prop_assert!(owner.is_some(), "{lead} has nobody: {owners:?}");
            let person = lead.split('-').next();
            let same = owners.iter().filter(|(other, _)| other.split('-').next() == person);
            prop_assert!(same.map(|(_, other)| other).all(|other| other == owner), "{owners:?}");
        }
    }
}
