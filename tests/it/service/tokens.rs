//! Who gets in, and how far.

use rota_domain::access::Role;
use serde_json::{Value, json};

use super::{Service, workspace};

#[tokio::test(flavor = "multi_thread")]
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
