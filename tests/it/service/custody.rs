//! Where a secret may go: to the CRM itself, and to where whoever set its value said.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rota::custody::Lent;
use rota_domain::access::Role;
use rota_domain::id::Seed;
use rota_flow::ports::{KeptSecret, SecretValue};
use rota_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

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
    let page = service.get("/v1/audit", admin).await.body;
    let text = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let told = |change: &Value| {
        let words = ["action", "thing", "detail"].map(|key| text(change, key));
        words.join(" ").trim_end().to_owned()
    };
    page["items"].as_array().expect("a list").iter().map(told).collect()
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
    assert_eq!((&listed["items"][0]["name"], &listed["items"][0]["sent_to"]), (&json!("TOKEN"), &json!([there])));

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

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_come_with_a_refused_workspace_are_not_kept() {
    let (service, admin) = unlent().await;
    let another = double(8).await;
    let refused = apply(&service, &admin, bundle(&another, Some("pat-sandbox"))).await;
    assert_eq!(refused.status, 422, "its account is another: {refused:?}");
    assert!(refused.body.to_string().contains("belongs to the account 8"), "the value was tried: {refused:?}");
    assert_eq!(service.get("/v1/secrets", &admin).await.body, json!({"items": []}));
    assert!(!audit(&service, &admin).await.iter().any(|change| change.starts_with("secret.set")));
}

/// A way to a double that lets nobody through at first.
struct Gate {
    address: SocketAddr,
    /// Told when somebody comes.
    came: Arc<Notify>,
    /// As many as there are may pass.
    open: Arc<Semaphore>,
}

impl Gate {
    async fn to(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (came, open, behind) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)), sandbox.address());
        let (tells, opened) = (came.clone(), open.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                tells.notify_one();
                let opened = opened.clone();
                tokio::spawn(async move {
                    let _pass = opened.acquire().await.expect("it stays open");
                    let mut far = TcpStream::connect(behind).await.expect("the double is there");
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        });
        Self { address, came, open }
    }
}

/// Applies a workspace with a token, and this while its account is asked.
async fn overtaken(service: &Service, admin: &str, sandbox: &Sandbox, meanwhile: impl Future<Output = ()>) -> Answer {
    let gate = Gate::to(sandbox).await;
    let text = workspace("acme", &connection(sandbox, 7));
    let mut late = files(&text.replace(&sandbox.address().to_string(), &gate.address.to_string()));
    late["secrets"] = json!({ "TOKEN": "pat-sandbox" });
    let first = async {
        gate.came.notified().await;
        meanwhile.await;
        gate.open.add_permits(99);
    };
    tokio::join!(apply(service, admin, late), first).0
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_an_apply_that_another_forestalled_are_as_they_were_before() {
    let (service, admin) = unlent().await;
    let sandbox = double(7).await;
    assert_eq!(apply(&service, &admin, files(&workspace("acme", ""))).await.status, 200);
    let set = service.call("PUT", "/v1/secrets/TOKEN", &admin, json!({ "value": "pat-before" })).await;
    assert_eq!(set.status, 200, "{set:?}");
    let before = service.get("/v1/secrets", &admin).await.body;
    let other = files(&workspace("acme", "").replace("triage", "later"));
    let meanwhile = async { assert_eq!(apply(&service, &admin, other).await.status, 200) };
    let late = overtaken(&service, &admin, &sandbox, meanwhile).await;
    assert_eq!(late.status, 409, "{late:?}");
    assert_eq!(service.get("/v1/secrets", &admin).await.body, before);
    let kept = service.database().await.secret(&"acme".into(), "TOKEN").await.expect("it opens");
    let (kept, _) = kept.expect("it is there");
    assert_eq!(kept.value.expose(), "pat-before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_of_an_apply_that_fails_is_taken_away_again_and_that_is_noted() {
    let (service, admin) = unlent().await;
    let sandbox = double(7).await;
    service.host.store.open(&"birch".into(), Seed::from_number(2)).await.expect("a tenant");
    let birch = service.token("birch", Role::Admin).await;
    let mut theirs = files(&workspace("birch", &connection(&sandbox, 7)));
    theirs["secrets"] = json!({ "TOKEN": "pat-sandbox" });
    // The account is birch's by the time that acme's apply has asked it.
    let meanwhile = async { assert_eq!(apply(&service, &birch, theirs).await.status, 200) };
    let late = overtaken(&service, &admin, &sandbox, meanwhile).await;
    assert_eq!(late.status, 422, "{late:?}");
    assert_eq!(service.get("/v1/secrets", &admin).await.body["items"], json!([]));
    let noted = audit(&service, &admin).await;
    assert!(noted.iter().any(|change| change.starts_with("secret.put-back TOKEN")), "{noted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_come_with_a_workspace_are_judged_and_noted_like_all_others() {
    let (service, admin) = unlent().await;
    let sandbox = double(7).await;
    for value in [" ", &"telltale".repeat(4_000)] {
        let refused = apply(&service, &admin, bundle(&sandbox, Some(value))).await;
        assert_eq!(refused.status, 422, "{}", refused.status);
        assert!(!refused.body.to_string().contains("telltale"));
    }
    assert_uncalled(&sandbox).await;
    let applied = apply(&service, &admin, bundle(&sandbox, Some("pat-sandbox"))).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    let changes = audit(&service, &admin).await;
    let noted =
        changes.iter().position(|it| *it == format!("secret.set TOKEN may be sent to http://{}", sandbox.address()));
    let entered = changes.iter().position(|it| it.starts_with("workspace.applied"));
    assert!(noted.is_some() && noted < entered, "{changes:?}");
    assert!(!changes.iter().any(|change| change.contains("pat-sandbox")), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_no_more_secrets_than_its_plan_grants() {
    let (folder, sandbox) = (tempfile::tempdir().expect("a folder"), double(7).await);
    let mut plan = plan(folder.path(), &[]);
    plan.keeper.env.clear();
    let granted = rota_domain::plan::Plan { secrets: Some(1), ..rota_domain::plan::Plan::default() };
    plan.plans.tenants.insert("acme".into(), granted);
    let service = Service::with(folder, plan).await;
    service.host.store.open(&"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let admin = service.token("acme", Role::Admin).await;
    let set = async |name: &str| {
        service.call("PUT", &format!("/v1/secrets/{name}"), &admin, json!({ "value": "pat-sandbox" })).await
    };
    assert_eq!((set("FIRST").await.status, set("FIRST").await.status), (200, 200));
    let refused = set("SECOND").await;
    assert_eq!((refused.status, &refused.body["type"]), (422, &json!("urn:rota:problem:quota")), "{refused:?}");
    let refused = apply(&service, &admin, bundle(&sandbox, Some("pat-sandbox"))).await;
    assert!(refused.body["errors"].to_string().contains("has 1 secrets"), "{refused:?}");
    assert_eq!(service.call("DELETE", "/v1/secrets/FIRST", &admin, Value::Null).await.status, 204);
    assert_eq!(apply(&service, &admin, bundle(&sandbox, Some("pat-sandbox"))).await.status, 200);

    // As after a plan that granted more.
    let more = KeptSecret { value: SecretValue::new("pat-old".into()), sent_to: BTreeSet::new() };
    let set_directly = service.database().await;
    let acme = "acme".into();
    let done = set_directly.set_secret(&acme, "SECOND", &more, 2, "a test", jiff::Timestamp::UNIX_EPOCH).await;
    assert!(done.expect("it is set"));
    assert_eq!(set("SECOND").await.status, 200, "what is there can be changed");
    assert_eq!(apply(&service, &admin, bundle(&sandbox, Some("pat-sandbox"))).await.status, 200);
    assert_eq!(set("THIRD").await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_s_secret_is_named_as_such_and_refused_when_nothing_can_be_signed_with_it() {
    let (service, admin) = unlent().await;
    let signs = "[[destinations]]\nid = \"ops\"\nurl = \"https://hooks.example/rota\"\nsecret = { env = \"WHSEC\" }\n";
    let mut bundle = files(&workspace("acme", signs));
    let missing = apply(&service, &admin, bundle.clone()).await.body["errors"].to_string();
    assert!(missing.contains("the secret WHSEC of the destination `ops` is not there"), "{missing}");

    // No workspace names it yet, so that it is taken; its first use tells.
    let wrong = json!({ "value": "whsec_telltale" });
    assert_eq!(service.call("PUT", "/v1/secrets/WHSEC", &admin, wrong.clone()).await.status, 200);
    let planned = service.post("/v1/workspace/plan", &admin, bundle.clone()).await.body;
    let refused = apply(&service, &admin, bundle.clone()).await;
    for errors in [&planned["errors"], &refused.body["errors"]] {
        let reason = errors[0]["reason"].as_str().expect("a reason");
        assert!(reason.contains("destination `ops`") && reason.contains("24 to 64 random bytes"), "{reason}");
        assert!(!reason.contains("telltale"), "{reason}");
    }
    bundle["secrets"] = json!({ "WHSEC": "whsec_telltale" });
    assert_eq!(apply(&service, &admin, bundle.clone()).await.status, 422);

    bundle["secrets"] = json!({ "WHSEC": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    assert_eq!(apply(&service, &admin, bundle).await.status, 200);
    let refused = service.call("PUT", "/v1/secrets/WHSEC", &admin, wrong).await;
    assert_eq!((refused.status, &refused.body["type"]), (422, &json!("urn:rota:problem:bad-secret")), "{refused:?}");
}
