//! A CRM that is down: it costs nobody else anything, is probed by one effect, and loses none.

use rota_domain::access::Role;
use rota_domain::decision::Outcome;
use rota_sandbox::Sandbox;
use serde_json::{Value, json};

use super::workspace::{empty, files};
use super::{Service, connection, double, look, tell, until, workspace};

fn two_crms(a: &Sandbox, b: &Sandbox) -> String {
    let second = connection(b, 2).replace("id = \"hs\"", "id = \"sf\"");
    workspace("acme", &format!("{}{second}", connection(a, 1)))
        .replace("crm = { hs = \"41629779\" }", "crm = { hs = \"41629779\", sf = \"41629779\" }")
}

async fn aim(service: &Service, doubles: &[&Sandbox]) {
    for double in doubles {
        double.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    }
}

fn people(count: usize) -> Value {
    (0..count).map(|n| json!({"properties": {"email": format!("p{n}@x.example")}})).collect()
}

async fn owned(sandbox: &Sandbox) -> usize {
    let state = look(sandbox, "state").await;
    let contacts = state["contacts"].as_array().expect("contacts");
    contacts.iter().filter(|it| it["properties"]["hubspot_owner_id"] == "41629779").count()
}

async fn stand(service: &Service, token: &str, connection: &str) -> Value {
    let answer = service.get("/v1/connections", token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let list = answer.body["items"].as_array().expect("a list").clone();
    list.into_iter().find(|it| it["connection"] == connection).expect("the connection is listed")
}

/// Writes are refused with 503, and reads go on.
fn down() -> Value {
    json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/batch/update"},
           {"kind": "status", "status": 503, "method": "PATCH"}])
}

async fn writes(sandbox: &Sandbox) -> usize {
    let calls = look(sandbox, "calls").await;
    let write = |call: &&Value| {
        call["path"].as_str().is_some_and(|path| path.ends_with("/update")) || call["method"] == "PATCH"
    };
    calls.as_array().expect("calls").iter().filter(write).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_is_down_is_probed_by_one_effect_and_costs_neither_connection_nor_tenant_beside_it() {
    let (a, b, c) = (double(1).await, double(2).await, double(3).await);
    let other = workspace("other", &connection(&c, 3));
    let service = Service::start(&[two_crms(&a, &b), other]).await;
    let token = service.token("acme", Role::Operator).await;
    tell(&a, "faults", down()).await;
    aim(&service, &[&a, &b, &c]).await;
    tell(&a, "contacts", people(40)).await;
    until("an open circuit", async || stand(&service, &token, "hs").await["state"] == "open").await;

    tell(&b, "contacts", people(5)).await;
    tell(&c, "contacts", people(5)).await;
    until("the leads of the others", async || owned(&b).await == 5 && owned(&c).await == 5).await;
    let open = stand(&service, &token, "hs").await;
    assert_eq!((&open["kind"], &open["last_success"]), (&json!("hubspot"), &Value::Null));
    assert!(open["cause"].as_str().is_some_and(|cause| cause.contains("503")), "{open}");
    // An owner is in the CRM before that is settled here.
    until("all settled beside it", async || stand(&service, &token, "sf").await["waiting"] == 0).await;
    let beside = stand(&service, &token, "sf").await;
    assert_eq!((&beside["state"], &beside["cause"], &beside["waiting"]), (&json!("closed"), &Value::Null, &json!(0)));

    // Of ten probes, each is one effect: with a hundred a round it would be hundreds.
    let before = writes(&a).await;
    let causes = service.get("/v1/outbox/causes", &token).await;
    assert_eq!(causes.body["items"][0]["cause"], "unavailable", "{causes:?}");
    until("some probes", async || writes(&a).await >= before + 3).await;
    let rows = service.get("/v1/outbox?connection=hs&limit=1000", &token).await;
    let rows = rows.body["items"].as_array().expect("a list").clone();
    assert!(rows.iter().all(|row| row["attempts"].as_u64().is_some_and(|attempts| attempts <= 2)), "{rows:?}");
    assert!(rows.iter().all(|row| row["state"] == "waiting"));

    tell(&a, "faults", json!([])).await;
    assert_eq!(service.post("/v1/connections/hs/resume", &token, Value::Null).await.status, 204);
    until("the leads of a", async || owned(&a).await == 40).await;
    let closed = stand(&service, &token, "hs").await;
    assert_eq!((&closed["state"], &closed["dead"]), (&json!("closed"), &json!(0)));
    assert!(closed["last_success"].is_string());
    service.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_owner_is_on_its_way_still_is_kept_and_takes_no_second_turn() {
    let sandbox = double(1).await;
    // Nothing is coalesced, as when the second event comes long after the first.
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 1))]).await;
    let token = service.token("acme", Role::Operator).await;
    tell(&sandbox, "faults", down()).await;
    tell(&sandbox, "contacts", people(1)).await;
    let contact = look(&sandbox, "state").await["contacts"][0]["id"].clone();
    let asked = json!({ "ref": { "connection": "hs", "object": "contact", "id": contact } });
    let first = service.post("/v1/route", &token, asked.clone()).await.body;
    assert_eq!((&first["outcome"], &first["rep"]), (&json!("assign"), &json!("ada")), "{first}");
    let second = service.post("/v1/route", &token, asked.clone()).await.body;
    assert_eq!((&second["outcome"], &second["rep"]), (&json!("kept"), &json!("ada")), "{second}");

    tell(&sandbox, "faults", json!([])).await;
    assert_eq!(service.post("/v1/connections/hs/resume", &token, Value::Null).await.status, 204);
    until("the owner", async || owned(&sandbox).await == 1).await;
    let third = service.post("/v1/route", &token, asked).await.body;
    assert_eq!((&third["outcome"], &third["rep"]), (&json!("kept"), &json!("ada")), "{third}");
    let turns = service.get("/v1/pools/all", &token).await.body;
    assert_eq!(turns["turns"], 1, "{turns}");
    service.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_of_a_connection_that_is_removed_ends_in_the_log_and_holds_up_nothing() {
    let (a, b) = (double(1).await, double(2).await);
    let (service, admin) = empty().await;
    let both = service.post("/v1/workspace/apply", &admin, files(&two_crms(&a, &b))).await;
    assert_eq!(both.status, 200, "{both:?}");
    aim(&service, &[&a, &b]).await;
    tell(&a, "faults", json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/batch/read"}])).await;
    tell(&a, "contacts", people(3)).await;
    let acme = "acme".into();
    let waiting = async || service.host.store.backlog(&acme).await.expect("a backlog").0;
    until("leads that wait", async || waiting().await == 3).await;

    let one = connection(&b, 2).replace("id = \"hs\"", "id = \"sf\"");
    let one = workspace("acme", &one).replace("crm = { hs", "crm = { sf");
    let removed = service.post("/v1/workspace/apply", &admin, files(&one)).await;
    assert_eq!(removed.status, 200, "{removed:?}");
    until("an empty inbox", async || waiting().await == 0).await;
    let log = service.host.store.log(&acme, 0, 10).await.expect("the log");
    assert_eq!(log.len(), 3);
    for stored in log {
        let reason = &stored.decision.reason;
        assert_eq!((stored.decision.outcome, reason.code.as_str()), (Outcome::Pass, "no-connection"));
        assert!(reason.detail.contains("`hs`"), "{}", reason.detail);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_operator_resumes_and_only_what_is_there() {
    let a = double(1).await;
    let service = Service::start(&[workspace("acme", &connection(&a, 1))]).await;
    let viewer = service.token("acme", Role::Viewer).await;
    assert_eq!(stand(&service, &viewer, "hs").await["state"], "closed");
    assert_eq!(service.post("/v1/connections/hs/resume", &viewer, Value::Null).await.status, 403);
    let operator = service.token("acme", Role::Operator).await;
    assert_eq!(service.post("/v1/connections/nobody/resume", &operator, Value::Null).await.status, 404);
    assert_eq!(service.post("/v1/connections/hs/resume", &operator, Value::Null).await.status, 204);
}
