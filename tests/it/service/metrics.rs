//! The figures that whoever runs the host watches.

use std::time::Duration;

use rota_domain::access::Role;
use rota_flow::ports::{Arrival, Payload};
use serde_json::{Value, json};

use super::{Service, now, workspace};

async fn figures(service: &Service) -> String {
    let host = service.token("", Role::Host).await;
    let Value::String(text) = service.get("/metrics", &host).await.body else { panic!("no text") };
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_by_route_and_status_and_never_by_what_they_name() {
    let service = Service::start(&[workspace("acme", "")]).await;
    service.get("/health", "").await;
    service.get("/no/such/route", "").await;
    let admin = service.token("acme", Role::Admin).await;
    service.call("DELETE", "/v1/tokens/tok_secretive", &admin, Value::Null).await;
    let text = figures(&service).await;
    for line in [
        "rota_http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 1",
        "rota_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "rota_http_requests_total{method=\"DELETE\",route=\"/v1/tokens/{id}\",status=\"404\"} 1",
        "rota_http_request_duration_seconds_count{method=\"GET\",route=\"/health\"} 1",
        "rota_inbox_waiting{tenant=\"acme\"} 0",
        "rota_outbox_dead{tenant=\"acme\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n") && text.contains("rota_resident_memory_bytes"));
    assert!(!text.contains("secretive"));
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_counted_by_tenant_and_outcome() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let lead = serde_json::from_value(json!({"id": "hs:contact:1"})).expect("a lead");
    let payload = Payload::Lead { lead: Box::new(lead), flow: None };
    let arrival = Arrival { dedupe_key: "1".into(), occurred: now(), payload };
    service.host.store.accept(&"acme".into(), vec![arrival], now()).await.expect("accepted");
    loop {
        let text = figures(&service).await;
        if text.contains("rota_decisions_total{tenant=\"acme\",outcome=\"assign\",error=\"\"} 1") {
            assert!(text.contains("rota_fuel_total{tenant=\"acme\"} "), "{text}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_tokens_are_counted_by_reason() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let viewer = service.token("acme", Role::Viewer).await;
    service.get("/v1/tokens", "").await;
    service.get("/v1/tokens", &viewer).await;
    let text = figures(&service).await;
    assert!(text.contains("rota_tokens_refused_total{reason=\"absent\"} 1"), "{text}");
    assert!(text.contains("rota_tokens_refused_total{reason=\"small-role\"} 1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_admin_reads_no_figures_of_the_host() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    assert_eq!(service.get("/metrics", &admin).await.status, 403);
}
