//! Faults: each does what it says, and no more.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use rota_sandbox::Seed;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{ADA, CONTACTS, Receiver, crm, quick};

#[tokio::test]
async fn a_dropped_connection_hides_whether_the_write_was_applied() {
    for (kind, owner) in [("drop_before", Value::Null), ("drop_after", json!(ADA))] {
        let crm = crm(Seed::default()).await;
        let id = crm.contact(json!({})).await;
        crm.faults(json!([{"kind": kind, "count": 1, "method": "PATCH"}])).await;
        let body = json!({"properties": {"hubspot_owner_id": ADA}});
        let sent = crm.request(Method::PATCH, &format!("{CONTACTS}/{id}")).json(&body).send().await;
        assert!(sent.is_err(), "{kind} answered: {sent:?}");
        assert_eq!(crm.state().await["contacts"][0]["properties"]["hubspot_owner_id"], owner, "{kind}");
    }
}

#[tokio::test]
async fn a_hanging_request_is_never_answered_and_does_not_keep_the_double_from_stopping() {
    let crm = crm(Seed::default()).await;
    crm.faults(json!([{"kind": "hang"}])).await;
    let request = crm.request(Method::GET, "/crm/v3/owners").timeout(Duration::from_millis(200));
    assert!(request.send().await.expect_err("no answer").is_timeout());
    let address = crm.sandbox.address();
    let waiting = tokio::spawn(crm.request(Method::GET, "/crm/v3/owners").send());
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(Duration::from_secs(1), crm.sandbox.stop()).await.expect("it stops");
    assert!(waiting.await.expect("no panic").is_err());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_status_fault_strikes_only_its_path_and_keeps_the_write_from_happening() {
    let crm = crm(Seed::default()).await;
    crm.faults(json!([{"kind": "status", "status": 423, "path": CONTACTS, "count": 1}])).await;
    assert_eq!(crm.get("/crm/v3/owners").await.0, StatusCode::OK);
    let (status, body) = crm.post(CONTACTS, json!({"properties": {}})).await;
    assert_eq!((status, &body["status"]), (StatusCode::LOCKED, &json!("error")));
    assert_eq!(crm.state().await["contacts"], json!([]));
    assert_eq!(crm.post(CONTACTS, json!({"properties": {}})).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn both_bodies_of_a_429_can_be_asked_for() {
    let crm = crm(Seed::default()).await;
    crm.faults(
        json!([{"kind": "rate_limit", "body": "category", "count": 1}, {"kind": "rate_limit", "retry_after_s": 3}]),
    )
    .await;
    let (_, body) = crm.get("/crm/v3/owners").await;
    assert_eq!((&body["category"], &body["policyName"]), (&json!("RATE_LIMITS"), &Value::Null));
    let response = crm.request(Method::GET, "/crm/v3/owners").send().await.expect("an answer");
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"3".parse().expect("digits"))
    );
}

#[tokio::test]
async fn a_refused_batch_write_leaves_single_writes_alone() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({})).await;
    crm.faults(json!([{"kind": "partial"}])).await;
    let properties = json!({"city": "Bern"});
    let batch = json!({"inputs": [{"id": id, "properties": properties}]});
    assert_eq!(crm.post(&format!("{CONTACTS}/batch/update"), batch).await.0, StatusCode::BAD_REQUEST);
    let single = json!({"properties": properties});
    assert_eq!(crm.send(Method::PATCH, &format!("{CONTACTS}/{id}"), single).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_lost_acknowledgement_delivers_an_event_twice() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(Vec::new(), 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    crm.faults(json!({"kind": "webhook_lost_ack", "count": 1})).await;
    crm.contact(json!({})).await;
    crm.webhooks("delivered", 1).await;
    let events = receiver.events();
    assert_eq!((events.len(), &events[1]["attemptNumber"]), (2, &json!(1)));
    assert_eq!(events[0]["eventId"], events[1]["eventId"]);
}

#[tokio::test]
async fn duplicates_and_disorder_lose_no_event() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(Vec::new(), 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    crm.faults(
        json!([{"kind": "webhook_duplicate", "probability": 0.3}, {"kind": "webhook_disorder", "probability": 0.3}]),
    )
    .await;
    crm.post("/_sandbox/contacts", vec![json!({}); 60].into()).await;
    let counts = crm.webhooks("delivered", 61).await;
    let copies = counts["duplicated"].as_u64().expect("a count");
    assert!((1..60).contains(&copies), "{copies}");
    crm.webhooks("delivered", 60 + copies).await;
    let ids: Vec<u64> = receiver.events().iter().filter_map(|event| event["objectId"].as_u64()).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 60);
    assert_eq!(ids.len() as u64, 60 + copies);
    assert!(!ids.is_sorted(), "nothing came out of order");
}
