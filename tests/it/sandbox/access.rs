//! Who is let in, how often, and what is recorded of it.

use reqwest::{Method, StatusCode};
use rota_sandbox::{Limits, Seed, Token};
use serde_json::{Value, json};

use super::{CONTACTS, answer, crm};

#[tokio::test]
async fn a_token_is_needed_and_must_have_the_scope() {
    let scopes = Some(vec!["crm.objects.contacts.read".to_owned()]);
    let token = Token { token: "pat-sandbox".to_owned(), scopes, expires_at: None };
    let crm = crm(Seed { tokens: vec![token], ..Seed::default() }).await;
    let url = format!("http://{}{CONTACTS}/1", crm.sandbox.address());
    let (status, body) = answer(crm.client.get(&url)).await;
    assert_eq!((status, &body["category"]), (StatusCode::UNAUTHORIZED, &json!("INVALID_AUTHENTICATION")));
    let (status, body) = answer(crm.client.get(&url).bearer_auth("garbage")).await;
    assert_eq!((status, &body["category"]), (StatusCode::UNAUTHORIZED, &json!("EXPIRED_AUTHENTICATION")));
    let (status, body) = crm.post(CONTACTS, json!({"properties": {}})).await;
    assert_eq!((status, &body["category"]), (StatusCode::FORBIDDEN, &json!("MISSING_SCOPES")));
    let needed = &body["errors"][0]["context"]["requiredGranularScopes"];
    assert_eq!(needed, &json!(["crm.objects.contacts.write"]));
}

#[tokio::test]
async fn a_burst_is_refused_until_the_clock_has_moved_on() {
    let crm = crm(Seed { limits: Limits { per_10s: 2, per_day: 0 }, ..Seed::default() }).await;
    for _ in 0..2 {
        assert_eq!(crm.get("/crm/v3/owners").await.0, StatusCode::OK);
    }
    let response = crm.request(Method::GET, "/crm/v3/owners").send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["x-hubspot-ratelimit-remaining"], "0");
    let correlation_id = response.headers()["x-hubspot-correlation-id"].clone();
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["correlationId"], correlation_id.to_str().expect("text"));
    assert_eq!((&body["policyName"], &body["errorType"]), (&json!("TEN_SECONDLY_ROLLING"), &json!("RATE_LIMIT")));
    crm.post("/_sandbox/clock", json!({"advance_ms": 10_000})).await;
    assert_eq!(crm.get("/crm/v3/owners").await.0, StatusCode::OK);
}

#[tokio::test]
async fn calls_are_recorded_without_the_token() {
    let crm = crm(Seed::default()).await;
    crm.get("/crm/v3/owners?limit=1").await;
    crm.get("/crm/nowhere").await;
    let (_, calls) = crm.get("/_sandbox/calls").await;
    assert_eq!((&calls[0]["path"], &calls[0]["status"]), (&json!("/crm/v3/owners?limit=1"), &json!(200)));
    assert_eq!(calls[0]["headers"]["authorization"], "Bearer [redacted]");
    assert_eq!((&calls[1]["status"], &calls[2]), (&json!(404), &Value::Null));
}
