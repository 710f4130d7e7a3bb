//! The control calls and the seed: a typing error is told by its key.

use reqwest::StatusCode;
use rota_sandbox::Seed;
use serde_json::json;

use super::{CONTACTS, crm};

#[tokio::test]
async fn a_bad_control_body_is_refused_by_its_key() {
    let crm = crm(Seed::default()).await;
    for (path, body, named) in [
        ("/_sandbox/contacts", json!([{"propertees": {}}]), "propertees"),
        ("/_sandbox/contacts", json!({"properties": {"no_such": "x"}}), "no_such"),
        ("/_sandbox/faults", json!([{"kind": "status"}]), "`status`"),
        ("/_sandbox/faults", json!([{"kind": "explode"}]), "explode"),
        ("/_sandbox/clock", json!({}), "`advance_ms`"),
        ("/_sandbox/target", json!({"url": "nowhere"}), "`url`"),
    ] {
        let (status, answer) = crm.post(path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(named)), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_typing_error_in_a_seed_is_refused() {
    let wrong = serde_json::from_value::<Seed>(json!({"owner_rulez": {}})).expect_err("no such key");
    assert!(wrong.to_string().contains("owner_rulez"), "{wrong}");
}

#[tokio::test]
async fn records_follow_the_clock_of_the_double() {
    let crm = crm(Seed::default()).await;
    crm.post("/_sandbox/clock", json!({"at": "2031-05-06T07:08:09Z"})).await;
    let id = crm.contact(json!({})).await;
    let (_, read) = crm.get(&format!("{CONTACTS}/{id}")).await;
    assert!(read["createdAt"].as_str().is_some_and(|at| at.starts_with("2031-05-06T07:08:")), "{read}");
}
