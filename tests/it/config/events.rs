//! Files of events.

use rota::config;
use rota_domain::event::{Happening, Status};
use rota_domain::workspace::Workspace;

fn workspace() -> Workspace {
    toml::from_str(
        "workspace = \"acme\"\nreps = [{ id = \"ana\" }, { id = \"bo\" }]\npools = [{ id = \"na\" }]\n\
         tables = [{ id = \"won\", file = \"won.csv\", match = \"dated\" }, { id = \"postal\", file = \"postal.csv\" }]\n\
         flows = [{ id = \"inbound\", plugin = \"territory\", fallback = { queue = \"triage\" } }]",
    )
    .unwrap()
}

#[test]
fn events_are_read_with_their_lines_and_empty_lines_are_passed_over() {
    let text = "\u{feff}\n{\"at\":\"2026-03-02T09:00:00Z\",\"kind\":\"rep\",\"rep\":\"ana\",\"status\":\"away\"}\r\n\n  \n\
        {\"at\":\"2026-03-02T09:00:00Z\",\"kind\":\"lead\",\"lead\":{\"id\":\"1\",\"properties\":{\"country\":null}},\"flow\":\"inbound\"}";
    let events = config::read_events("leads.jsonl", text.as_bytes(), &workspace()).unwrap();
    assert_eq!(events.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(events[0].1.what, Happening::Rep { rep: "ana".into(), status: Status::Away });
}

#[test]
fn the_lead_of_the_format_reads_as_an_event() {
    let lead = r#"{"id":"hs:contact:101","object":"contact","properties":{"email":"joe@big.example","country":"US","numberofemployees":"1200"},"owner":null,"company":{"id":"hs:company:9","domain":"big.example","name":"Big","owner":"ana","properties":{}},"history":[{"kind":"outbound","rep":"bo","at":"2026-03-01T10:00:00Z"}],"trigger":"created"}"#;
    let line = format!(r#"{{"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{lead}}}"#);
    let events = config::read_events("leads.jsonl", line.as_bytes(), &workspace()).unwrap();
    let Happening::Lead { lead, flow: None } = &events[0].1.what else { panic!("{events:?}") };
    assert_eq!((lead.id.as_str(), lead.history.len()), ("hs:contact:101", 1));
}

/// What is said of a line that follows a good one.
#[track_caller]
fn told(line: &str, expected: &str) {
    let text = format!("{{\"at\":\"2026-03-02T09:00:00Z\",\"kind\":\"tick\"}}\n{line}\n");
    let error = config::read_events("leads.jsonl", text.as_bytes(), &workspace()).unwrap_err();
    assert_eq!(error.to_string(), format!("leads.jsonl:2: {expected}"));
}

#[test]
fn a_line_that_is_no_json_is_told() {
    told("{\"at\"", "this is not JSON: EOF while parsing an object");
}

#[test]
fn an_owner_who_was_given_by_hand_is_a_rep_of_the_workspace() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"owner","lead":"1","rep":"boo","by":"crm"}"#,
        "the workspace has no rep `boo`; did you mean `bo`?",
    );
}

#[test]
fn an_unknown_kind_is_told_with_the_nearest() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"membr","pool":"na"}"#,
        "there is no event of the kind `membr`; did you mean `member`?",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"xyz"}"#,
        "there is no event of the kind `xyz`; use `lead`, `rep`, `member`, `closed`, `responded`, `offer`, `metric`, `owner` or `tick`",
    );
}

#[test]
fn an_unknown_key_of_an_event_or_a_lead_is_told_with_the_nearest() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"rep","rep":"ana","statis":"away"}"#,
        "unknown key `statis` in an event of the kind `rep`; did you mean `status`?",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1","propertys":{}}}"#,
        "unknown key `propertys` in `lead`; did you mean `properties`?",
    );
}

#[test]
fn a_key_that_an_event_must_have_is_asked_for() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"member","pool":"na","rep":"ana"}"#,
        "an event of the kind `member` must have the key `weight`; add it",
    );
}

#[test]
fn a_number_among_properties_is_told_with_its_name_and_what_to_write() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1","properties":{"numberofemployees":1200}}}"#,
        "`lead.properties.numberofemployees` is no text; properties arrive as text from CRMs: write \"1200\"",
    );
}

#[test]
fn numbers_of_a_metric_are_of_reps_and_for_a_table_that_keeps_them() {
    let line = |rest: &str| format!(r#"{{"at":"2026-03-02T10:00:00Z","kind":"metric",{rest}}}"#);
    told(&line(r#""name":"wonn","values":{"ana":1}"#), "the workspace has no table `wonn`; did you mean `won`?");
    told(
        &line(r#""name":"postal","values":{"ana":1}"#),
        "the table `postal` keeps no dated numbers; say match = \"dated\" in its [[tables]] entry",
    );
    told(&line(r#""name":"won","values":{"anna":1}"#), "the workspace has no rep `anna`; did you mean `ana`?");
    told(
        &line(r#""name":"won","values":{"ana":"1"}"#),
        "the number of `ana` cannot be \"1\"; write it without quotes, as in 120000",
    );
    told(
        &line(r#""name":"won","values":{"ana":0.123456}"#),
        "of `ana`: `0.123456` is no number; write up to 15 digits, and up to 4 after a point, as in 120000 or 3.5",
    );
    told(
        &line(r#""name":"won","values":7"#),
        r#"`values` cannot be 7; write the number of each rep, as in {"ana": 120000}"#,
    );
}

#[test]
fn time_that_goes_backwards_is_told_with_both_times() {
    told(
        r#"{"at":"2026-03-02T08:59:59Z","kind":"tick"}"#,
        "time goes backwards: 2026-03-02T08:59:59Z comes after 2026-03-02T09:00:00Z in line 1; sort the lines by `at`",
    );
}

#[test]
fn names_that_the_workspace_does_not_have_are_told_with_the_nearest() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"rep","rep":"anna","status":"away"}"#,
        "the workspace has no rep `anna`; did you mean `ana`?",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"member","pool":"emea","rep":"ana","weight":null}"#,
        "the workspace has no pool `emea`; it has `na`",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1"},"flow":"inbond"}"#,
        "the workspace has no flow `inbond`; did you mean `inbound`?",
    );
}

#[test]
fn a_bare_lead_is_told_how_to_become_an_event() {
    told(
        r#"{"id":"1","properties":{}}"#,
        r#"this is a bare lead; put it into an event, as in {"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{"id":"1","properties":{"country":"US"}}}"#,
    );
}

#[test]
fn wrong_values_in_an_event_are_told_in_words() {
    told(r#"{"at":"soon","kind":"tick"}"#, "`at` is missing or is no time; write it as in \"2026-03-02T09:00:00Z\"");
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"rep","rep":"ana","status":"ill"}"#,
        "`ill` is not known here; use `available`, `away`, `back`, `paused` or `left`",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"member","pool":"na","rep":"ana","weight":"3"}"#,
        "`weight` cannot be \"3\"; write a whole number from 0 to 1000000, or null to take the rep out",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1","owner":5}}"#,
        "a value in `lead` is the number 5; write text, in quotes",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"object":"contact"}}"#,
        "`id` is missing in `lead`; add it",
    );
}

#[test]
fn an_empty_file_of_events_is_told_what_a_line_looks_like() {
    let error = config::read_events("leads.jsonl", b"\n \n", &workspace()).unwrap_err().to_string();
    assert!(error.starts_with("leads.jsonl: there are no events in this file; a line looks like {\"at\":"), "{error}");
}
