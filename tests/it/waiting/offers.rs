//! Leads that reps are asked to take.

use serde_json::{Value, json};

use super::{lead_with, rep, story, tick};

const WORKSPACE: &str = r#"
[[reps]]
id = "ana"

[[reps]]
id = "bo"

[[reps]]
id = "cy"

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
fallback = { queue = "triage" }

[[pools]]
id = "na"
"#;

fn offer(id: &str, order: &str) -> Value {
    lead_with(id, json!({ "offer": order }))
}

fn says(rep: &str, answer: &str) -> Value {
    json!({"kind": "offer", "lead": "a", "rep": rep, "answer": answer})
}

#[test]
fn one_rep_is_asked_after_the_other_and_each_has_the_whole_time() {
    let events = [(0, offer("a", "in-turn")), (59, tick()), (60, tick()), (300, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana
    60 a offer-expired: offer bo
    120 a offer-expired: offer cy
    180 a offer-expired: queue unclaimed
    ");
}

#[test]
fn who_accepts_gets_the_lead_and_nobody_is_asked_any_more() {
    let events = [(0, offer("a", "in-turn")), (70, says("bo", "accept")), (71, says("bo", "accept")), (900, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana
    60 a offer-expired: offer bo
    70 a offer-accepted: assign bo
    ");
}

#[test]
fn who_declines_is_not_asked_again_and_the_next_one_is_at_once() {
    let events = [(0, offer("a", "in-turn")), (5, says("ana", "decline")), (6, says("ana", "accept")), (7, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana
    5 a offer-declined: offer bo
    ");
}

#[test]
fn only_who_was_asked_can_accept_and_only_in_time() {
    let events = [(0, offer("a", "in-turn")), (1, says("bo", "accept")), (60, says("ana", "accept")), (61, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana
    60 a offer-expired: offer bo
    ");
}

#[test]
fn of_several_who_are_asked_at_once_the_first_who_accepts_gets_it() {
    let events = [
        (0, offer("a", "at-once")),
        (3, says("ana", "decline")),
        (4, says("cy", "accept")),
        (4, says("bo", "accept")),
        (900, tick()),
    ];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana+bo+cy
    4 a offer-accepted: assign cy
    ");
}

#[test]
fn staggered_reps_are_asked_one_by_one_while_the_first_still_think() {
    let staggered = lead_with("a", json!({"offer": "at-once", "stagger": "20"}));
    let events = [(0, staggered), (45, says("ana", "accept"))];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana
    20 a offer-next: offer ana+bo
    40 a offer-next: offer ana+bo+cy
    45 a offer-accepted: assign ana
    ");
}

#[test]
fn when_all_who_were_asked_declined_the_lead_goes_where_the_offer_says() {
    let no = |rep: &str| says(rep, "decline");
    let events = [(0, offer("a", "at-once")), (1, no("ana")), (2, no("bo")), (3, no("cy")), (4, tick())];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    0 a created: offer ana+bo+cy
    3 a offer-declined: queue unclaimed
    ");
}

#[test]
fn a_rep_who_has_left_is_not_asked_and_cannot_accept() {
    let events = [
        (0, rep("bo", "left")),
        (1, offer("a", "in-turn")),
        (2, rep("ana", "left")),
        (3, says("ana", "accept")),
        (61, tick()),
    ];
    insta::assert_snapshot!(story(WORKSPACE, &events), @r"
    1 a created: offer ana
    61 a offer-expired: offer cy
    ");
}
