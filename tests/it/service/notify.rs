//! Messages to destinations, from the rule to the receiver.

use rota::config::{Directory, load_workspace};
use rota_domain::access::Role;
use rota_sandbox::{Receiver, Refusal, Sandbox, receive};
use rota_tests::guest::Guest;
use serde_json::{Value, json};

use super::waiting::offers;
use super::workspace::{empty, files};
use super::{Service, connection, double, look, plan, tell, until, workspace};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A rule that gives the lead to the next of `na`, and tells `ops`.
fn tells() -> Guest {
    Guest::new(
        r#"(data (i32.const 4096) "opsnew lead")
        (func $decide (result i32)
          (call $effects.notify (i32.const 4096) (i32.const 3) (i32.const 4099) (i32.const 8) (global.get $back))
          (call $assign (call $next (i32.const 1024) (i32.const 2))))"#,
    )
}

async fn service(sandbox: &Sandbox, receiver: &Receiver) -> Service {
    let team = "[[reps]]\nid = \"ada\"\ncrm = { hs = \"41629779\" }\n\
                [[pools]]\nid = \"na\"\nmembers = [{ rep = \"ada\" }]\n";
    serving(sandbox, receiver, team, tells()).await
}

/// With these reps and pools, and this rule.
async fn serving(sandbox: &Sandbox, receiver: &Receiver, team: &str, rule: Guest) -> Service {
    let lines = format!(
        "{team}{}[[destinations]]\nid = \"ops\"\nurl = \"{}\"\nsecret = {{ env = \"WHSEC\" }}\n",
        connection(sandbox, 1),
        receiver.url()
    );
    let files = crate::tenant::workspace(&lines, &[rule]);
    let loaded = load_workspace(&Directory::open(files.path()).expect("a folder")).expect("a workspace");
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[]);
    plan.workspaces = vec![loaded];
    plan.secrets = std::sync::Arc::new(|name| {
        Some(match name {
            "WHSEC" => SECRET.to_owned(),
            "SECRET" => "secret".into(),
            _ => "pat-sandbox".into(),
        })
    });
    let service = Service::with(folder, plan).await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    service
}

async fn arrives(sandbox: &Sandbox) {
    tell(sandbox, "contacts", json!([{"properties": {"email": "joe@big.example"}}])).await;
}

async fn rows(service: &Service, token: &str, state: &str) -> Vec<Value> {
    let answer = service.get(&format!("/v1/outbox?connection=notify:ops&state={state}"), token).await;
    answer.body["items"].as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_told_once_and_after_the_owner_is_right() {
    let (sandbox, receiver) = (double(1).await, receive(SECRET).await.expect("a receiver"));
    let service = service(&sandbox, &receiver).await;
    let token = service.token("acme", Role::Viewer).await;
    let owner = json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/batch/update"},
                       {"kind": "status", "status": 503, "method": "PATCH"}]);
    tell(&sandbox, "faults", owner).await;
    arrives(&sandbox).await;
    until("a held message", async || rows(&service, &token, "held").await.len() == 1).await;
    assert!(receiver.messages().is_empty());
    tell(&sandbox, "faults", json!([])).await;
    until("the message", async || rows(&service, &token, "done").await.len() == 1).await;

    let messages = receiver.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].verified);
    let (body, row) = (&messages[0].body, &rows(&service, &token, "done").await[0]);
    assert_eq!((&body["type"], &json!(messages[0].id)), (&json!("lead.decided"), &row["effect"]));
    let contact = look(&sandbox, "state").await["contacts"][0].clone();
    assert_eq!(contact["properties"]["hubspot_owner_id"], "41629779");
    let lead = format!("hs:contact:{}", contact["id"].as_str().expect("an id"));
    assert_eq!((&body["data"]["lead"], &body["data"]["message"]), (&json!(lead), &json!("new lead")));
    assert_eq!((&body["data"]["rep"], &body["data"]["owner"]), (&json!("ada"), &json!("41629779")));
    assert_eq!(body["data"]["decision"], row["decision"]);
    assert_eq!((&body["data"]["class"], &body["data"]["urgency"]), (&json!("unclassified"), &json!("usual")));
    service.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_to_take_a_lead_gets_a_link_with_which_they_do() {
    let (sandbox, receiver) = (double(1).await, receive(SECRET).await.expect("a receiver"));
    let team = "offers = \"ops\"\nreps = [{ id = \"ada\" }, { id = \"bo\" }, { id = \"cy\" }]\n\
                [[pools]]\nid = \"na\"\nmembers = [{ rep = \"ada\" }, { rep = \"bo\" }, { rep = \"cy\" }]\n";
    let service = serving(&sandbox, &receiver, team, offers(0, 600)).await;
    let token = service.token("acme", Role::Operator).await;
    let lead = json!({ "id": "web:1", "properties": { "email": "joe@big.example", "firstname": "Joe" } });
    let routed = service.post("/v1/route", &token, json!({ "lead": lead })).await;
    assert_eq!(routed.body["outcome"], "offer", "{routed:?}");
    until("the message", async || !receiver.messages().is_empty()).await;
    let asked = receiver.messages()[0].body["data"]["offered"].clone();
    assert_eq!((&asked["rep"], &asked["until"]), (&json!("ada"), &routed.body["offered"][0]["until"]), "{asked}");
    let open = service.get("/v1/offers", &token).await.body["items"][0]["asked"][0]["link"].clone();
    assert_eq!(asked["link"], open, "the same as operators see");
    let link = asked["link"].as_str().expect("a link");
    let shown = reqwest::get(link).await.expect("an answer").text().await.expect("a page");
    assert!(shown.contains("Joe"), "{shown}");
    let pressed = reqwest::Client::new().post(format!("{link}?answer=accept")).send().await.expect("an answer");
    assert_eq!(pressed.status().as_u16(), 200);
    let why = service.get("/v1/why/web:1", &token).await.body;
    assert_eq!((&why["decision"]["trigger"], &why["decision"]["rep"]), (&json!("offer-accepted"), &json!("ada")));
    service.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_busy_gets_the_same_message_again_and_one_that_is_gone_does_not() {
    let (sandbox, receiver) = (double(1).await, receive(SECRET).await.expect("a receiver"));
    let service = service(&sandbox, &receiver).await;
    let token = service.token("acme", Role::Viewer).await;
    receiver.refuse([Refusal { status: 500, retry_after_s: None }, Refusal { status: 429, retry_after_s: Some(1) }]);
    arrives(&sandbox).await;
    until("the message", async || rows(&service, &token, "done").await.len() == 1).await;
    let messages = receiver.messages();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|it| it.verified && it.id == messages[0].id && it.body == messages[0].body));

    receiver.refuse([Refusal { status: 410, retry_after_s: None }]);
    tell(&sandbox, "contacts", json!([{"properties": {"email": "ann@big.example"}}])).await;
    until("a dead message", async || rows(&service, &token, "dead").await.len() == 1).await;
    let dead = &rows(&service, &token, "dead").await[0];
    assert_eq!((&dead["cause"], &dead["attempts"]), (&json!("not-found"), &json!(1)));
    let list = service.get("/v1/connections", &token).await.body;
    let one = list["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["connection"] == "notify:ops")
        .expect("it is there");
    assert_eq!((&one["kind"], &one["dead"]), (&json!("webhook"), &json!(1)));
    service.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_applied_is_planned_with_its_secret_and_never_a_private_address() {
    let (service, admin) = empty().await;
    let text = |url: &str| {
        workspace("acme", &format!("[[destinations]]\nid = \"ops\"\nurl = \"{url}\"\nsecret = {{ env = \"WHSEC\" }}\n"))
    };
    for url in ["https://10.0.0.7/rota", "http://hooks.example/rota", "https://[::ffff:10.0.0.7]/"] {
        let planned = service.post("/v1/workspace/plan", &admin, files(&text(url))).await.body;
        let error = &planned["errors"][0];
        assert_eq!((&error["file"], &error["line"]), (&json!("workspace.toml"), &json!(17)), "{planned}");
        assert!(error["reason"].as_str().is_some_and(|told| told.contains("destination `ops`")), "{error}");
        let mut bundle = files(&text(url));
        bundle["secrets"] = json!({ "WHSEC": SECRET });
        let refused = service.post("/v1/workspace/apply", &admin, bundle).await;
        assert_eq!((refused.status, &refused.body["errors"][0]), (422, error), "{refused:?}");
    }
    let mut bundle = files(&text("https://hooks.example/rota"));
    let planned = service.post("/v1/workspace/plan", &admin, bundle.clone()).await.body;
    let need = json!({ "name": "WHSEC", "connection": "notify:ops", "there": false });
    assert_eq!(planned["secrets"], json!([need]), "{planned}");
    let changes = planned["changes"].as_array().expect("changes");
    assert!(changes.iter().any(|it| it["kind"] == "destinations" && it["id"] == "ops" && it["mark"] == "added"));
    bundle["secrets"] = json!({ "WHSEC": SECRET });
    let applied = service.post("/v1/workspace/apply", &admin, bundle).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    let list = service.get("/v1/connections", &admin).await.body;
    let one = &list["items"][0];
    assert_eq!((&one["connection"], &one["state"]), (&json!("notify:ops"), &json!("closed")), "{list}");
    let listed = service.get("/v1/secrets", &admin).await.body.to_string();
    assert!(listed.contains("WHSEC") && !listed.contains(SECRET), "{listed}");
}
