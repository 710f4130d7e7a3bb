//! Webhooks: what they say, and what happens when nobody listens.

use reqwest::{Method, StatusCode};
use rota_sandbox::{Seed, WebhookSettings};
use serde_json::{Value, json};

use super::{CONTACTS, Receiver, crm, quick};

#[tokio::test]
async fn a_person_and_the_api_are_told_apart_in_webhooks() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(Vec::new(), 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    let id = crm.contact(json!({})).await;
    crm.webhooks("delivered", 1).await;
    let stage = json!({"properties": {"lifecyclestage": "lead", "city": "Bern"}});
    crm.send(Method::PATCH, &format!("{CONTACTS}/{id}"), stage).await;
    crm.webhooks("delivered", 2).await;
    let events = receiver.events();
    assert_eq!(events.len(), 2, "`city` has no subscription");
    assert_eq!(
        (&events[0]["subscriptionType"], &events[0]["changeFlag"]),
        (&json!("contact.creation"), &json!("CREATED"))
    );
    assert_eq!((&events[0]["changeSource"], &events[0]["sourceId"]), (&json!("CRM_UI"), &json!("userId:52530071")));
    assert_eq!((&events[1]["changeSource"], &events[1]["sourceId"]), (&json!("INTEGRATION"), &json!("1234567")));
    assert_eq!(events[1]["objectId"].as_u64().map(|id| id.to_string()), Some(id));
}

#[tokio::test]
async fn a_webhook_carries_both_signatures_and_says_v1() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(Vec::new(), 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    crm.contact(json!({})).await;
    crm.webhooks("delivered", 1).await;
    let (head, _) = receiver.requests().remove(0);
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name} is missing: {head}")).len()
    };
    assert_eq!((header("x-hubspot-signature"), header("x-hubspot-signature-v3")), (64, 44));
    assert!(head.contains("x-hubspot-signature-version: v1\r\n"), "{head}");
    assert_eq!(header("x-hubspot-request-timestamp"), 13);
}

#[tokio::test]
async fn a_refused_webhook_comes_again_and_counts_its_attempts() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(vec![500, 302, 401], 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    crm.contact(json!({})).await;
    let counts = crm.webhooks("delivered", 1).await;
    let attempts: Vec<Value> = receiver.events().iter().map(|event| event["attemptNumber"].clone()).collect();
    assert_eq!(attempts, [0, 1, 2, 3]);
    assert_eq!((&counts["failed_attempts"], &counts["pending"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn no_retry_waits_longer_than_the_longest() {
    let hours = WebhookSettings { retry_base_ms: 3_600_000, retry_longest_ms: 1, ..WebhookSettings::default() };
    let crm = crm(Seed { webhooks: hours, ..Seed::default() }).await;
    let receiver = Receiver::answering(vec![500, 500], 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    crm.contact(json!({})).await;
    assert_eq!(crm.webhooks("delivered", 1).await["failed_attempts"], 2);
}

#[tokio::test]
async fn a_webhook_is_given_up_after_ten_retries() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(vec![503; 20], 0).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    crm.contact(json!({})).await;
    crm.webhooks("given_up", 1).await;
    assert_eq!(receiver.requests().len(), 11);
}

#[tokio::test]
async fn retries_follow_the_receiver_to_another_port() {
    let crm = crm(Seed::default()).await;
    crm.sandbox.set_target("http://127.0.0.1:9/gone").expect("a target");
    crm.contact(json!({})).await;
    crm.webhooks("failed_attempts", 1).await;
    let receiver = Receiver::answering(Vec::new(), 0).await;
    let (status, _) = crm.post("/_sandbox/target", json!({"url": receiver.url})).await;
    assert_eq!(status, StatusCode::OK);
    crm.webhooks("delivered", 1).await;
    assert_eq!(receiver.events().len(), 1);
}

#[tokio::test]
async fn many_events_go_in_batches_of_a_hundred_and_ten_requests_at_once() {
    let crm = crm(quick()).await;
    let receiver = Receiver::answering(Vec::new(), 30).await;
    crm.sandbox.set_target(&receiver.url).expect("a target");
    let many = vec![json!({"properties": {}}); 2_050];
    assert_eq!(crm.post("/_sandbox/contacts", many.into()).await.0, StatusCode::CREATED);
    crm.webhooks("delivered", 2_050).await;
    let sizes: Vec<usize> = receiver.requests().iter().filter_map(|(_, body)| body.as_array().map(Vec::len)).collect();
    assert_eq!((sizes.iter().max(), sizes.len()), (Some(&100), 21));
    assert_eq!(receiver.busiest.lock().expect("no panic").1, 10);
}
