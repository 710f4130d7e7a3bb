//! Traces: a collector gets the spans of a lead, under the trace of whoever asked.

use std::fs;

use rota_domain::access::Role;
use rota_sandbox::{Receiver, receive};
use rota_tests::http;
use serde_json::{Value, json};

use crate::command::Running;
use crate::service::{connection, double, look, tell, token, until, workspace};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Every span that came.
fn spans(collector: &Receiver) -> Vec<Value> {
    let messages = collector.messages().into_iter();
    let of = |message: Value| message["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned();
    messages.filter_map(|message| of(message.body)).flatten().collect()
}

/// The span of this name in this trace.
fn named(spans: &[Value], trace: &str, name: &str) -> Option<Value> {
    spans.iter().find(|span| span["traceId"] == trace && span["name"] == name).cloned()
}

fn attribute(span: &Value, key: &str) -> Value {
    let attributes = span["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    found.unwrap_or_else(|| panic!("{key} is not in {span}"))["value"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calls_trace_goes_on_through_deciding_to_the_write_to_the_crm() {
    let (folder, sandbox) = (tempfile::tempdir().expect("a folder"), double(1).await);
    let collector = receive("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz").await.expect("a receiver");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("workspace.toml"), workspace("acme", &connection(&sandbox, 1))).expect("written");
    let server = "workspaces = [\".\"]\n[apps.main]\nclient_secret = { env = \"SECRET\" }\n";
    fs::write(file("rota.toml"), server).expect("written");
    let serve = ["serve", "--config", "rota.toml", "--listen", "127.0.0.1:0", "--db", "rota.db"];
    let endpoint = collector.url();
    let environment = [
        ("TOKEN", "pat-sandbox"),
        ("SECRET", "secret"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()),
        ("OTEL_SERVICE_NAME", "leads"),
    ];
    let server = Running::start(folder.path(), &serve, &environment);
    let operator = token(&file("rota.db"), "acme", Role::Operator).await;
    tell(&sandbox, "contacts", json!([{"properties": {"email": "zaphod@x.example"}}])).await;
    let contact = look(&sandbox, "state").await["contacts"][0]["id"].clone();

    let call = http().post(format!("{}/v1/route", server.url)).bearer_auth(&operator);
    let call = call.header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let asked = json!({"ref": {"connection": "hs", "object": "contact", "id": contact}});
    let answer = call.json(&asked).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{:?}", answer.text().await);
    let decision: Value = answer.json().await.expect("a decision");

    until("the write's span", async || named(&spans(&collector), TRACE, "apply").is_some()).await;
    let all = spans(&collector);
    let span = |name: &str| named(&all, TRACE, name).unwrap_or_else(|| panic!("no span {name} in {all:?}"));
    let [request, lead] = ["POST /v1/route", "lead"].map(span);
    assert_eq!((&request["parentSpanId"], &request["kind"]), (&json!(CALLER), &json!(2)));
    assert_eq!(lead["parentSpanId"], request["spanId"]);
    for name in ["enrich", "decide", "record", "apply"] {
        assert_eq!(span(name)["parentSpanId"], lead["spanId"], "{name}");
    }
    assert_eq!(attribute(&lead, "rota.decision")["stringValue"], decision["decision"]);
    assert_eq!(attribute(&span("decide"), "rota.fuel")["intValue"], decision["fuel"].to_string());
    assert_eq!(attribute(&span("apply"), "rota.state")["stringValue"], "done");
    let told = format!("{:?}", collector.messages());
    assert!(told.contains("leads") && !told.contains("zaphod") && !told.contains("pat-sandbox"));

    // Who does not record their trace does not get one of ours.
    let quiet = "11111111111111111111111111111111";
    let call = http().post(format!("{}/v1/route", server.url)).bearer_auth(&operator);
    let call = call.header("traceparent", format!("00-{quiet}-{CALLER}-00"));
    call.json(&json!({"lead": {"id": "web:1"}})).send().await.expect("an answer");
    let call = http().get(format!("{}/v1/pools", server.url)).bearer_auth(&operator);
    call.header("traceparent", format!("00-{}-{CALLER}-01", "2".repeat(32))).send().await.expect("an answer");
    until("the next span", async || named(&spans(&collector), &"2".repeat(32), "GET /v1/pools").is_some()).await;
    assert!(spans(&collector).iter().all(|span| span["traceId"] != quiet));
}
