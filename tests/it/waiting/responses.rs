//! Leads that were given to a rep, and wait for an answer.

use std::sync::Arc;

use rota_domain::decision::Apply;
use rota_domain::id::Seed;
use rota_domain::lead::Lead;
use rota_domain::rule::Mode;
use rota_domain::stages::Stages;
use rota_flow::enrich::{EnrichedLead, Facts, Occasion};
use rota_flow::ledger::Ledger;
use rota_flow::ports::EntryBody;
use serde_json::{Value, json};

use super::{at, decided, lead_with, rep, story, tick};

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

/// The rep's own activity counts once they have the lead, but for what their mailbox sends by itself.
const ACTIVITY: &str = r#"responded = { all = [
    { property = "contacted", since_given = true },
    { not = { property = "activity", in = ["AUTO_REPLY", "OUT_OF_OFFICE"] } },
] }"#;

fn active(at: &str, activity: &str) -> Value {
    lead_with("a", json!({"form": "demo", "contacted": at, "activity": activity}))
}

#[test]
fn an_activity_counts_from_when_the_rep_has_the_lead_and_an_out_of_office_reply_does_not() {
    let told = format!("{ACTIVITY}\n{WORKSPACE}");
    let called = active("2026-03-02T00:01:00Z", "CALL");
    let ends = story(&told, &[(0, active("2026-03-01T23:59:00Z", "CALL")), (70, called), (20_000, tick())]);
    insta::assert_snapshot!(ends, @r"
    0 a created: assign ana
    70 a created: coalesced ana
    ");
    let away = active("2026-03-02T00:01:00Z", "OUT_OF_OFFICE");
    insta::assert_snapshot!(story(&told, &[(0, demo("a")), (70, away), (3600, tick())]), @r"
    0 a created: assign ana
    70 a created: coalesced ana
    3600 a sla-breached: assign bo
    ");
    // What ana did before counts for ana alone.
    let late = active("2026-03-02T00:59:00Z", "CALL");
    let events = [(0, demo("a")), (3600, tick()), (3700, late), (7200, tick())];
    insta::assert_snapshot!(story(&told, &events), @r"
    0 a created: assign ana
    3600 a sla-breached: assign bo
    3700 a created: coalesced bo
    7200 a sla-breached: kept bo
    ");
}

#[test]
fn at_the_deadline_a_record_that_was_answered_meanwhile_is_not_asked_about_again() {
    let told = format!("responded = {{ property = \"status\", is = \"CONNECTED\" }}\n{WORKSPACE}");
    let folder = crate::tenant::workspace(&told, &[]);
    let (bound, rules) = crate::tenant::bound(folder.path());
    let mut ledger = Ledger::new(Seed::from_number(1), bound.workspace.clone(), bound.bindings, Mode::Live);
    let lead = |value: Value| serde_json::from_value::<Lead>(value["lead"].clone()).expect("a lead");
    let arrived = |lead: Lead, occasion: Occasion| EnrichedLead {
        lead: Arc::new(lead),
        facts: Facts::Known,
        occasion,
        flow: None,
        attempt: 1,
        inbox: None,
        apply: Apply::Host,
        stages: Stages::default(),
    };
    ledger.decide(arrived(lead(demo("a")), Occasion::Event), &*rules, at(0));
    let due = ledger.due(at(3600)).remove(0);
    // The CRM told nobody; the record is read when the time has come.
    let read = lead(lead_with("a", json!({"form": "demo", "status": "CONNECTED"})));
    let read = Lead { trigger: due.trigger.into(), ..read };
    let entry = ledger.decide(arrived(read, Occasion::Due(due.wait.entry)), &*rules, at(3600));
    assert!(matches!(entry.body, EntryBody::Responded { .. }), "{:?}", entry.body);
    assert!(ledger.agenda().is_empty());
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
