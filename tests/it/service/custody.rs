//! Where a secret may go: to the CRM itself, and to where whoever set its value said.

use rota::custody::Lent;
use rota_domain::access::Role;
use rota_domain::id::Seed;
use rota_sandbox::Sandbox;
use serde_json::{Value, json};

use super::workspace::{empty, files};
use super::{Answer, Service, connection, double, look, plan, workspace};

/// A server whose environment lends `acme` nothing.
async fn unlent() -> (Service, String) {
    lending(None).await
}

/// A server whose environment lends `acme` this.
async fn lending(lent: Option<Lent>) -> (Service, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[]);
    plan.keeper.env = lent.map(|lent| ("acme".into(), lent)).into_iter().collect();
    let service = Service::with(folder, plan).await;
    service.host.store.open(&"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let admin = service.token("acme", Role::Admin).await;
    (service, admin)
}

/// The bundle of a workspace with a connection to this double, and a value of its token.
fn bundle(sandbox: &Sandbox, token: Option<&str>) -> Value {
    let mut bundle = files(&workspace("acme", &connection(sandbox, 7)));
    if let Some(token) = token {
        bundle["secrets"] = json!({ "TOKEN": token });
    }
    bundle
}

async fn apply(service: &Service, token: &str, bundle: Value) -> Answer {
    service.post("/v1/workspace/apply", token, bundle).await
}

async fn audit(service: &Service, admin: &str) -> Vec<String> {
    let changes = service.get("/v1/audit?limit=200", admin).await.body;
    let told = |change: &Value| format!("{} {} {}", change["action"], change["thing"], change["detail"]);
    changes
        .as_array()
        .expect("a list")
        .iter()
        .map(told)
        .collect::<Vec<_>>()
        .iter()
        .map(|it| it.replace('"', ""))
        .collect()
}

/// Nobody has called this double.
async fn assert_uncalled(sandbox: &Sandbox) {
    let calls = look(sandbox, "calls").await;
    let calls = calls.as_array().or_else(|| calls["calls"].as_array()).expect("calls");
    assert!(calls.is_empty(), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_nowhere_but_where_its_value_was_set_for() {
    let (service, admin) = unlent().await;
    let (own, other) = (double(7).await, double(7).await);
    let first = apply(&service, &admin, bundle(&own, Some("pat-sandbox"))).await;
    assert_eq!(first.status, 200, "{first:?}");
    let there = format!("http://{}", own.address());
    let listed = service.get("/v1/secrets", &admin).await.body;
    assert_eq!((&listed[0]["name"], &listed[0]["sent_to"]), (&json!("TOKEN"), &json!([there])));

    let elsewhere = format!("http://{}", other.address());
    let planned = service.post("/v1/workspace/plan", &admin, bundle(&other, None)).await.body;
    let refused = apply(&service, &admin, bundle(&other, None)).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    for errors in [&planned["errors"], &refused.body["errors"]] {
        let reason = errors[0]["reason"].as_str().expect("a reason");
        assert_eq!((errors.as_array().map(Vec::len), &errors[0]["line"]), (Some(1), &json!(20)), "{errors}");
        for told in ["connection `hs`", &elsewhere, &there, "set it again", "rota secret set TOKEN --for"] {
            assert!(reason.contains(told), "{told}: {reason}");
        }
    }
    assert_uncalled(&other).await;
    assert!(audit(&service, &admin).await.contains(&format!("secret.withheld TOKEN from {elsewhere}")));

    // Whoever sends the value along knows it already.
    let mut with = bundle(&other, None);
    with["sending"] = json!(["TOKEN"]);
    assert_eq!(service.post("/v1/workspace/plan", &admin, with).await.body["errors"], json!([]));
    assert_eq!(apply(&service, &admin, bundle(&other, Some("pat-sandbox"))).await.status, 200);
    let back = json!({ "revision": first.body["revision"] });
    let back = service.post("/v1/workspace/rollback", &admin, back).await;
    assert_eq!(back.status, 422, "the value is for the other address by now: {back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_set_alone_goes_to_the_crm_itself_unless_its_setter_says_more() {
    let (service, admin) = unlent().await;
    let sandbox = double(7).await;
    let set = service.call("PUT", "/v1/secrets/TOKEN", &admin, json!({ "value": "pat-sandbox" })).await;
    assert_eq!(set.body, json!({ "connected": false }));
    let refused = apply(&service, &admin, bundle(&sandbox, None)).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_uncalled(&sandbox).await;

    let place = format!("http://{}", sandbox.address());
    let more = json!({ "value": "pat-sandbox", "sent_to": [format!("{place}/crm")] });
    let set = service.call("PUT", "/v1/secrets/TOKEN", &admin, more).await;
    assert_eq!(set.body, json!({ "sent_to": [place], "connected": false }));
    assert_eq!(apply(&service, &admin, bundle(&sandbox, None)).await.status, 200);
    // From then on it is the workspace's word, unless the setter has another.
    let again = service.call("PUT", "/v1/secrets/TOKEN", &admin, json!({ "value": "pat-sandbox" })).await;
    assert_eq!(again.body, json!({ "sent_to": [place], "connected": true }));
    assert!(audit(&service, &admin).await.contains(&format!("secret.set TOKEN may be sent to {place}")));
    let wrong = json!({ "value": "pat-telltale", "sent_to": ["crm.acme.example"] });
    let wrong = service.call("PUT", "/v1/secrets/TOKEN", &admin, wrong).await;
    assert_eq!((wrong.status, &wrong.body["type"]), (422, &json!("urn:rota:problem:bad-secret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_messages_are_signed_with_is_sent_to_nobody_as_a_token() {
    let (service, admin) = unlent().await;
    let sandbox = double(7).await;
    let signs = "[[destinations]]\nid = \"ops\"\nurl = \"https://hooks.example/rota\"\nsecret = { env = \"WHSEC\" }\n";
    let mut first = files(&workspace("acme", signs));
    first["secrets"] = json!({ "WHSEC": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    let first = apply(&service, &admin, first).await;
    assert_eq!(first.status, 200, "{first:?}");
    let text = workspace("acme", &connection(&sandbox, 7)).replace("\"TOKEN\"", "\"WHSEC\"");
    let refused = apply(&service, &admin, files(&text)).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_uncalled(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_of_the_servers_goes_where_the_operator_said_and_to_the_crm_itself() {
    let sandbox = double(7).await;
    let names = ["TOKEN".to_owned()].into();
    let (service, admin) = lending(Some(Lent { names, places: Vec::new() })).await;
    let refused = apply(&service, &admin, bundle(&sandbox, None)).await;
    let reason = refused.body["errors"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("env_hosts of [tenants.acme]") && !reason.contains("pat-"), "{reason}");
    assert_uncalled(&sandbox).await;
    service.host.stop().await;

    // The usual server of these tests lends its variables to every port of this machine.
    let (service, admin) = empty().await;
    assert_eq!(apply(&service, &admin, bundle(&sandbox, None)).await.status, 200);
}
