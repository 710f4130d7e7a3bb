//! Leads that were given to a rep, and wait for an answer.

use serde_json::{Value, json};

use super::{decided, lead_with, rep, story, tick};

const WORKSPACE: &str = r#"
[[reps]]
id = "ana"

[[reps]]
id = "bo"

[[pools]]
id = "na"
members = [{ rep = "ana" }, { rep = "bo" }]

[[sources]]
class = "inbound:demo-request"
when = { property = "form", is = "demo" }

[[targets]]
class = "inbound:demo-request"

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
ask_again = ["sla-breached", "rep-left"]
fallback = { queue = "triage" }
"#;

fn demo(id: &str) -> Value {
    lead_with(id, json!({"form": "demo"}))
}

#[test]
fn at_the_deadline_the_rule_is_asked_again_and_who_let_it_pass_gets_no_turn_for_it() {
    let events = [(0, demo("a")), (3599, tick()), (3600, tick()), (20_000, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: assign ana
    3600 a sla-breached: assign bo
    7200 a sla-breached: kept bo
    ");
}

#[test]
fn an_answer_in_time_ends_the_wait() {
    let events = [(0, demo("a")), (60, json!({"kind": "responded", "lead": "a"})), (20_000, tick())];
    assert_eq!(story(WORKSPACE, &events), "0 a created: assign ana\n");
}

#[test]
fn a_record_that_says_it_was_answered_ends_the_wait() {
    let told = format!("responded = {{ property = \"status\", is = \"CONNECTED\" }}\n{WORKSPACE}");
    let answered = lead_with("a", json!({"form": "demo", "status": "CONNECTED"}));
    let events = [(0, demo("a")), (60, answered), (20_000, tick())];
    insta::assert_snapshot!(story(&told, &events), @r"
    0 a created: assign ana
    60 a created: coalesced ana
    ");
}

#[test]
fn what_a_rep_had_who_leaves_is_asked_about_again() {
    let events = [(0, demo("a")), (60, rep("ana", "left")), (61, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: assign ana
    60 a rep-left: assign bo
    ");
}

#[test]
fn without_a_wish_of_the_flow_nothing_is_asked_again() {
    let silent = WORKSPACE.replace("ask_again = [\"sla-breached\", \"rep-left\"]\n", "");
    let events = [(0, demo("a")), (60, rep("ana", "left")), (20_000, tick())];
    assert_eq!(story(&silent, &events), "0 a created: assign ana\n");
}

#[test]
fn the_decision_says_who_was_passed_over() {
    let decisions = decided(WORKSPACE, &[(0, demo("a")), (3600, tick())]);
    assert_eq!(decisions[0].passed_over, []);
    assert_eq!(decisions[1].passed_over, ["ana".into()]);
}
