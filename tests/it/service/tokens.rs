//! Who gets in, and how far.

use std::time::Duration;

use jiff::SignedDuration;
use rota_domain::access::Role;
use rota_flow::ports::Access;
use serde_json::{Value, json};

use super::{Service, now, on_each, workspace};

on_each! {
    a_token_is_shown_once_lets_its_holder_in_and_ends_when_it_is_revoked,
    a_token_that_another_process_revoked_opens_nothing_soon,
    when_a_token_was_used_is_known_to_the_minute_after_a_stop,
    the_operators_tokens_are_made_and_revoked_by_the_operator_alone,
    the_command_line_makes_lists_and_revokes_on_the_file_and_through_the_server,
}

async fn a_token_is_shown_once_lets_its_holder_in_and_ends_when_it_is_revoked() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let made = service.post("/v1/tokens", &admin, json!({"role": "admin", "name": "ci"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.body["token"].as_str().expect("a token").to_owned();
    let list = service.get("/v1/tokens", &token).await;
    assert_eq!(list.status, 200);
    assert_eq!(list.body["items"].as_array().expect("a list").len(), 2);
    assert!(!list.body.to_string().contains(&token));
    let id = made.body["id"].as_str().expect("an id");
    assert_eq!(service.call("DELETE", &format!("/v1/tokens/{id}"), &admin, Value::Null).await.status, 204);
    assert_eq!(service.get("/v1/tokens", &token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_role_makes_no_tokens() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let operator = service.token("acme", Role::Operator).await;
    let refused = service.post("/v1/tokens", &operator, json!({"role": "viewer", "name": "x"})).await;
    assert_eq!((refused.status, &refused.body["type"]), (403, &json!("urn:rota:problem:small-role")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_at_its_end() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let past = json!({"role": "viewer", "name": "x", "expires": "2020-01-01T00:00:00Z"});
    assert_eq!(service.post("/v1/tokens", &admin, past).await.status, 422);
    let end = now() + SignedDuration::from_millis(300);
    let made = service.post("/v1/tokens", &admin, json!({"role": "admin", "name": "x", "expires": end})).await;
    let token = made.body["token"].as_str().expect("a token").to_owned();
    // It was let in, and is kept in mind; its end holds all the same.
    while service.get("/v1/tokens", &token).await.status != 401 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(now() >= end);
}

async fn a_token_that_another_process_revoked_opens_nothing_soon() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    assert_eq!(service.get("/v1/tokens", &admin).await.status, 200);
    let store = service.database().await;
    let acme = "acme".into();
    let grant = Access::grants(&*store, Some(&acme)).await.expect("tokens").remove(0);
    assert!(store.revoke(Some(&acme), &grant.id, now()).await.expect("revoked"));
    while service.get("/v1/tokens", &admin).await.status != 401 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn when_a_token_was_used_is_known_to_the_minute_after_a_stop() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let before = now();
    assert_eq!(service.get("/v1/tokens", &admin).await.status, 200);
    let Service { host, folder, .. } = service;
    host.stop().await;
    let store = super::places::open(folder.path()).await;
    let grant = Access::grants(&*store, Some(&"acme".into())).await.expect("tokens").remove(0);
    let used = grant.used.expect("it was used");
    assert_eq!(used.as_second() % 60, 0);
    assert!(used <= now() && used > before - SignedDuration::from_secs(61));
}

async fn the_operators_tokens_are_made_and_revoked_by_the_operator_alone() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let (host, admin) = (service.token("", Role::Host).await, service.token("acme", Role::Admin).await);
    assert_eq!(service.post("/v1/host/tokens", &admin, json!({"name": "x"})).await.status, 403);
    let made = service.post("/v1/host/tokens", &host, json!({"name": "scraper"})).await;
    let (id, token) = (made.body["id"].as_str().expect("an id"), made.body["token"].as_str().expect("a token"));
    assert_eq!(service.get("/metrics", token).await.status, 200);
    assert_eq!(service.call("DELETE", &format!("/v1/tokens/{id}"), &admin, Value::Null).await.status, 404);
    assert_eq!(service.call("DELETE", &format!("/v1/host/tokens/{id}"), &host, Value::Null).await.status, 204);
    assert_eq!(service.get("/metrics", token).await.status, 401);
}

async fn the_command_line_makes_lists_and_revokes_on_the_file_and_through_the_server() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let made = service.rota(&["token", "new", "--tenant", "acme", "--role", "admin", "--json"]).json();
    let admin = made["token"].as_str().expect("a token").to_owned();
    let remote = |rest: &[&str]| service.rota(&[rest, &["--server", &service.url, "--token", &admin]].concat());
    let made = remote(&["token", "new", "--role", "viewer", "--name", "far", "--json"]);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    for list in [remote(&["token", "list", "--json"]), service.rota(&["token", "list", "--tenant", "acme", "--json"])] {
        assert!(list.lines().iter().any(|grant| grant["id"] == id && grant["name"] == "far"), "{}", list.out);
    }
    assert_eq!(remote(&["token", "revoke", &id]).code, 0);
    assert_eq!(remote(&["token", "revoke", &id]).code, 2);
    assert!(remote(&["audit", "--json"]).lines().iter().any(|change| change["action"] == "token.revoked"));
    let away = service.rota(&["token", "list", "--server", "http://127.0.0.1:9", "--token", &admin]);
    assert_eq!(away.code, 3, "{}", away.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_no_text_is_refused_in_the_form_of_all_errors() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let refused = service.call("DELETE", "/v1/tokens/%FF", &admin, Value::Null).await;
    assert_eq!((refused.status, &refused.body["type"]), (400, &json!("urn:rota:problem:unreadable-request")));
}
