//! Leads that wait for a turn.

use serde_json::json;

use super::{lead, lead_with, rep, story, tick};

const WORKSPACE: &str = r#"
[[reps]]
id = "ana"

[[reps]]
id = "bo"

[[pools]]
id = "na"
members = [{ rep = "ana" }]

[[pools]]
id = "emea"
members = [{ rep = "bo" }]

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
nobody = "wait"
fallback = { queue = "triage" }
"#;

#[test]
fn what_waited_longest_is_decided_first_when_a_rep_returns_and_before_any_newer_lead() {
    let events = [(0, rep("ana", "away")), (1, lead("a")), (2, lead("b")), (10, rep("ana", "back")), (10, lead("c"))];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    1 a created: queue na
    2 b created: queue na
    10 a released: assign ana
    10 b released: assign ana
    10 c created: assign ana
    ");
}

#[test]
fn a_slot_that_is_freed_goes_to_who_waited_longest() {
    let small = WORKSPACE.replace("id = \"ana\"\n\n", "id = \"ana\"\ncapacity = 1\n\n");
    let closed = |lead: &str| json!({"kind": "closed", "lead": lead});
    let events = [
        (1, lead("a")),
        (2, lead("b")),
        (3, lead("c")),
        (9, closed("a")),
        (9, lead("d")),
        (12, closed("b")),
        (13, tick()),
    ];
    insta::assert_snapshot!(story(&small, &events), @r"
    1 a created: assign ana
    2 b created: queue na
    3 c created: queue na
    9 b released: assign ana
    9 d created: queue na
    12 c released: assign ana
    ");
}

#[test]
fn what_waits_for_a_cap_of_its_kind_holds_nothing_else_up_and_has_the_next_place() {
    let kind = "caps = [{ leads = 1, open = true, when = { property = \"segment\", is = \"enterprise\" } }]";
    let small = WORKSPACE.replace("id = \"ana\"\n\n", &format!("id = \"ana\"\n{kind}\n\n"));
    let big = |id: &str| lead_with(id, json!({ "segment": "enterprise" }));
    let closed = |lead: &str| json!({"kind": "closed", "lead": lead});
    let events = [
        (1, big("a")),
        (2, big("b")),
        (3, lead("c")),
        (4, big("d")),
        (9, closed("c")),
        (10, closed("a")),
        (10, big("e")),
        (11, lead("f")),
        (12, rep("ana", "away")),
        (13, lead("g")),
        (14, closed("b")),
        (15, rep("ana", "back")),
        (15, lead("h")),
        (16, tick()),
    ];
    insta::assert_snapshot!(story(&small, &events), @r"
    1 a created: assign ana
    2 b created: queue na
    3 c created: assign ana
    4 d created: queue na
    10 b released: assign ana
    10 e created: queue na
    11 f created: assign ana
    13 g created: queue na
    15 d released: assign ana
    15 g released: assign ana
    15 h created: assign ana
    ");
}

#[test]
fn what_is_most_worth_goes_first_where_the_pool_says_by_what() {
    let valued = WORKSPACE.replace("id = \"na\"\n", "id = \"na\"\nqueue = { value = \"amount\" }\n");
    let worth = |id: &str, amount: &str| lead_with(id, json!({ "amount": amount }));
    let events = [
        (0, rep("ana", "away")),
        (1, worth("small", "10")),
        (2, lead("none")),
        (3, worth("big", "900.50")),
        (4, worth("odd", "many")),
        (10, rep("ana", "back")),
        (10, tick()),
    ];
    insta::assert_snapshot!(story(&valued, &events).lines().skip(4).collect::<Vec<_>>().join("\n"), @r"
    10 big released: assign ana
    10 small released: assign ana
    10 none released: assign ana
    10 odd released: assign ana
    ");
}

#[test]
fn leads_held_overnight_are_let_go_one_by_one_from_the_minute_of_opening() {
    let night = WORKSPACE.replace("id = \"na\"\n", "id = \"na\"\ncalendar = \"day\"\nqueue = { stagger = 30 }\n")
        + "[[calendars]]\nid = \"day\"\nhours = { mon = [\"01:00-17:00\"] }\n";
    let events = [(1, lead("a")), (2, lead("b")), (3, lead("c")), (3630, lead("d")), (3700, tick())];
    insta::assert_snapshot!(story(&night, &events), @r"
    1 a created: queue na
    2 b created: queue na
    3 c created: queue na
    3600 a released: assign ana
    3630 b released: assign ana
    3630 d created: queue na
    3660 c released: assign ana
    3690 d released: assign ana
    ");
}

#[test]
fn a_lead_that_comes_again_keeps_its_place() {
    let events = [
        (0, rep("ana", "away")),
        (1, lead("a")),
        (2, lead("b")),
        // Long after what joins the first decision.
        (2000, lead("a")),
        (3000, rep("ana", "back")),
        (3000, tick()),
    ];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    1 a created: queue na
    2 b created: queue na
    2000 a created: queue na
    3000 a released: assign ana
    3000 b released: assign ana
    ");
}

#[test]
fn where_nobody_is_there_the_turn_is_another_pools_if_the_flow_says_so() {
    let handed = WORKSPACE.replace("nobody = \"wait\"", "nobody = { pool = \"emea\" }");
    let events = [(0, rep("ana", "away")), (1, lead("a")), (2, rep("bo", "away")), (3, lead("b"))];
    insta::assert_snapshot!(story(&handed, &events), @r"
    1 a created: assign bo
    3 b created: pass triage
    ");
}

#[test]
fn a_record_that_is_closed_when_it_comes_waits_for_nobody() {
    let told = format!("closed = {{ property = \"status\", is = \"LOST\" }}\n{WORKSPACE}");
    let lost = lead_with("a", json!({"status": "LOST"}));
    let events = [(0, rep("ana", "away")), (1, lost), (9, rep("ana", "back")), (9, tick())];
    insta::assert_snapshot!(story(&told, &events), @"1 a created: queue na");
}

#[test]
fn a_lead_that_is_closed_while_it_waits_is_not_given_to_anybody() {
    let closed = json!({"kind": "closed", "lead": "a"});
    let events = [(0, rep("ana", "away")), (1, lead("a")), (5, closed), (9, rep("ana", "back")), (9, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @"1 a created: queue na");
}
