//! Leads that a program routes while it waits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rota_domain::access::Role;
use rota_flow::ports::Stored;
use rota_sandbox::Sandbox;
use rota_tests::http;
use serde_json::{Value, json};

use super::{Answer, Service, connection, double, workspace};

/// A service with one tenant, and its operator's token.
async fn acme(more: &str) -> (Service, String) {
    let service = Service::start(&[workspace("acme", more)]).await;
    let token = service.token("acme", Role::Operator).await;
    (service, token)
}

async fn log(service: &Service) -> Vec<Stored> {
    service.host.store.log(&"acme".into(), 0, 1_000).await.expect("the log")
}

/// A decision without the word that it was given before.
fn but_repeated(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().expect("a decision").remove("repeated");
    body
}

async fn faults(sandbox: &Sandbox, faults: Value) {
    let url = format!("http://{}/_sandbox/faults", sandbox.address());
    let answer = http().post(url).json(&faults).send().await.expect("an answer");
    assert!(answer.status().is_success());
}

async fn contact(sandbox: &Sandbox) -> String {
    let url = format!("http://{}/_sandbox/contacts", sandbox.address());
    let people = json!([{"properties": {"email": "joe@big.example"}}]);
    let made: Value = http().post(url).json(&people).send().await.expect("an answer").json().await.expect("JSON");
    let id = &made["ids"][0];
    id.as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn kind(answer: &Answer) -> (u16, &str) {
    let kind = answer.body["type"].as_str().unwrap_or_default();
    (answer.status, kind.trim_start_matches("urn:rota:problem:"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_with_the_decision_that_the_log_has() {
    let (service, token) = acme("").await;
    let answer = service.post("/v1/route", &token, json!({"lead": {"id": "web:1"}})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.body["outcome"], &answer.body["rep"]), (&json!("assign"), &json!("ada")));
    assert_eq!((&answer.body["repeated"], &answer.body["trigger"]), (&json!(false), &json!("manual")));
    let log = log(&service).await;
    assert_eq!(log.len(), 1);
    assert_eq!(serde_json::to_value(&log[0].decision).expect("JSON"), answer.body);
    let stages = log[0].stages;
    assert!(stages.received.is_some() && stages.enriched.is_some() && stages.decided.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_same_decision_and_takes_no_second_turn() {
    let (service, token) = acme("").await;
    let call = json!({"lead": {"id": "web:1", "properties": {"email": "joe@big.example"}}, "idempotency_key": "k1"});
    let first = service.post("/v1/route", &token, call.clone()).await;
    let again = service.post("/v1/route", &token, call).await;
    assert_eq!((first.status, again.status), (200, 200), "{again:?}");
    assert_eq!((&first.body["repeated"], &again.body["repeated"]), (&json!(false), &json!(true)));
    assert_eq!(but_repeated(&first), but_repeated(&again));
    assert_eq!(log(&service).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_used_for_another_question_is_refused() {
    let (service, token) = acme("").await;
    let call = |id: &str| json!({"lead": {"id": id}, "idempotency_key": "k1"});
    assert_eq!(service.post("/v1/route", &token, call("web:1")).await.status, 200);
    let other = service.post("/v1/route", &token, call("web:2")).await;
    assert_eq!(kind(&other), (409, "other-question"));
    assert_eq!(log(&service).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_with_one_key_at_the_same_time_lead_to_one_decision() {
    let (service, token) = acme("").await;
    let call = json!({"lead": {"id": "web:1"}, "idempotency_key": "k1"});
    let service = Arc::new(service);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (service, token, call) = (service.clone(), token.clone(), call.clone());
        asked.spawn(async move { service.post("/v1/route", &token, call).await });
    }
    let mut answers = BTreeSet::new();
    for answer in asked.join_all().await {
        assert_eq!(answer.status, 200, "{answer:?}");
        answers.insert(but_repeated(&answer).to_string());
    }
    assert_eq!(answers.len(), 1);
    assert_eq!(log(&service).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_to_the_caller_is_told_in_full_at_every_repeat_and_nothing_is_sent() {
    let sandbox = double(1).await;
    let (service, token) = acme(&connection(&sandbox, 1)).await;
    let call = json!({"lead": {"id": "hs:contact:7"}, "apply": "caller", "idempotency_key": "k1"});
    let first = service.post("/v1/route", &token, call.clone()).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!((&first.body["apply"], &first.body["effects"]), (&json!("caller"), &json!([{"kind": "owner"}])));
    let id = first.body["decision"].as_str().expect("an id");
    let owner = json!({"effect": format!("{id}/1"), "kind": "owner", "rep": "ada", "owner": "41629779", "keep": true, "attempt": 1});
    assert_eq!(first.body["to_apply"], json!([owner]));
    let again = service.post("/v1/route", &token, call).await;
    assert_eq!(but_repeated(&first), but_repeated(&again));
    assert_eq!(service.host.store.backlog(&"acme".into()).await.expect("a backlog"), (0, 0));
    assert!(service.host.store.outbox(&"acme".into(), false, 9).await.expect("the outbox").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_named_is_read_before_it_is_decided_about() {
    let sandbox = double(1).await;
    let (service, token) = acme(&connection(&sandbox, 1)).await;
    let id = contact(&sandbox).await;
    let call = json!({"ref": {"connection": "hs", "object": "contact", "id": id}, "flow": "inbound"});
    let answer = service.post("/v1/route", &token, call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.body["lead"], &answer.body["owner"]), (&json!(format!("hs:contact:{id}")), &json!("41629779")));
    let decision = answer.body["decision"].as_str().expect("an id").into();
    let recalled =
        service.host.store.decision(&"acme".into(), &decision).await.expect("the store").expect("a decision");
    let lead = recalled.private.expect("a lead").lead.expect("a lead");
    assert_eq!(lead.property("email"), Some("joe@big.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_now_is_a_problem_and_nothing_is_recorded() {
    let sandbox = double(1).await;
    let (service, token) = acme(&connection(&sandbox, 1)).await;
    let id = contact(&sandbox).await;
    faults(&sandbox, json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects"}])).await;
    let call = json!({"ref": {"connection": "hs", "object": "contact", "id": id}, "idempotency_key": "k1"});
    let down = service.post("/v1/route", &token, call.clone()).await;
    assert_eq!(kind(&down), (503, "unreadable-record"));
    assert!(log(&service).await.is_empty());
    faults(&sandbox, json!([])).await;
    let answer = service.post("/v1/route", &token, call).await;
    assert_eq!(answer.body["repeated"], json!(false), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_before_its_turn_is_withdrawn() {
    let sandbox = double(1).await;
    let (service, token) = acme(&connection(&sandbox, 1)).await;
    let id = contact(&sandbox).await;
    faults(&sandbox, json!([{"kind": "latency", "latency_ms": 800, "path": "/crm/v3/objects"}])).await;
    let call = json!({"ref": {"connection": "hs", "object": "contact", "id": id}, "timeout_ms": 100});
    assert_eq!(kind(&service.post("/v1/route", &token, call).await), (504, "timeout"));
    // Others are not held up by that CRM meanwhile.
    let other = service.post("/v1/route", &token, json!({"lead": {"id": "web:1"}, "timeout_ms": 700})).await;
    assert_eq!(other.status, 200, "{other:?}");
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(log(&service).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_make_no_sense_are_refused_with_what_to_do() {
    let (service, token) = acme("").await;
    let many: serde_json::Map<String, Value> = (0..2_001).map(|n| (format!("p{n}"), json!("v"))).collect();
    let calls = [
        json!({}),
        json!({"lead": {"id": "web:1"}, "ref": {"connection": "hs", "object": "contact", "id": "1"}}),
        json!({"lead": {"id": ""}}),
        json!({"lead": {"id": "joe@big.example"}}),
        json!({"lead": {"id": "x".repeat(257)}}),
        json!({"lead": {"id": "web:1", "trigger": "joe@big.example"}}),
        json!({"lead": {"id": "web:1", "properties": many}}),
        json!({"lead": {"id": "web:1", "properties": {"p": "v".repeat(300_000)}}}),
        json!({"lead": {"id": "web:1"}, "timeout_ms": 30_001}),
        json!({"lead": {"id": "web:1"}, "idempotency_key": ""}),
        json!({"lead": {"id": "web:1"}, "flow": "inbond"}),
        json!({"ref": {"connection": "hs", "object": "contact", "id": "1"}}),
    ];
    let mut said = Vec::new();
    for call in calls {
        let answer = service.post("/v1/route", &token, call).await;
        let text = |key: &str| answer.body[key].as_str().unwrap_or_default().to_owned();
        said.push(format!("{} {} {}", answer.status, text("detail"), text("mend")));
    }
    insta::assert_snapshot!(said.join("\n"));
    assert!(log(&service).await.is_empty());
}
