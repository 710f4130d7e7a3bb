//! A rep with a capacity, over HTTP: full, and free again when a lead is closed.

use rota_domain::access::Role;
use serde_json::{Value, json};

use super::{Service, until, workspace};

fn small() -> String {
    let closed = "workspace = \"acme\"\nclosed = { property = \"status\", is = \"done\" }\n";
    workspace("acme", "").replace("workspace = \"acme\"\n", closed).replace(
        "name = \"Ada\"\n",
        "name = \"Ada\"\ncapacity = 1\ncaps = [{ leads = 9, per = \"day\", rolling = true }]\n",
    )
}

async fn route(service: &Service, token: &str, lead: Value) -> Value {
    let answer = service.post("/v1/route", token, json!({ "lead": lead })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_rep_gets_no_lead_before_one_is_closed_also_after_a_restart() {
    let service = Service::start(&[small()]).await;
    let token = service.token("acme", Role::Operator).await;
    assert_eq!(route(&service, &token, json!({"id": "web:1"})).await["rep"], "ada");
    let second = route(&service, &token, json!({"id": "web:2"})).await;
    assert_eq!((&second["queue"], &second["rep"]), (&json!("triage"), &Value::Null));
    let ada = &service.get("/v1/reps", &token).await.body["items"][0];
    assert_eq!((&ada["availability"], &ada["open"], &ada["until"]), (&json!("capped"), &json!(1), &Value::Null));
    assert_eq!(ada["caps"], json!([{"leads": 9, "per": "day", "rolling": true, "left": 8}]));

    let folder = service.stop().await;
    let plan = super::plan(folder.path(), &[small()]);
    let service = Service::with(folder, plan).await;
    let third = route(&service, &token, json!({"id": "web:3"})).await;
    assert_eq!(third["queue"], "triage", "{third}");
    let closed = service.post("/v1/leads/closed", &token, json!({"lead": "web:1"})).await;
    assert_eq!(closed.status, 202, "{closed:?}");
    let free = async || service.get("/v1/pools/all", &token).await.body["members"][0]["availability"] == "available";
    until("a free place", free).await;
    assert_eq!(route(&service, &token, json!({"id": "web:4"})).await["rep"], "ada");
    let nobody = service.post("/v1/leads/closed", &token, json!({"lead": ""})).await;
    assert_eq!((nobody.status, &nobody.body["type"]), (422, &json!("urn:rota:problem:bad-lead")));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_says_it_is_closed_frees_the_place_and_so_does_another_owner() {
    let service = Service::start(&[small()]).await;
    let token = service.token("acme", Role::Operator).await;
    let lead = |id: &str, status: &str| json!({"id": id, "properties": {"status": status}});
    assert_eq!(route(&service, &token, lead("web:1", "new")).await["rep"], "ada");
    assert_eq!(route(&service, &token, lead("web:2", "new")).await["queue"], "triage");
    // It comes again, and says so: the rule is asked about it, and nobody is there.
    assert_eq!(route(&service, &token, lead("web:1", "done")).await["queue"], "triage");
    assert_eq!(route(&service, &token, lead("web:3", "new")).await["rep"], "ada");
    let taken = json!({"id": "web:3", "owner": "hs:900"});
    assert_eq!(route(&service, &token, taken).await["outcome"], "kept");
    assert_eq!(route(&service, &token, lead("web:4", "new")).await["rep"], "ada");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fallback_gives_counts_though_every_flow_passed() {
    let text = small().replace("plugin = \"next-in-line\"\nsettings = { pool = \"all\" }", "plugin = \"territory\"");
    let text = text
        .replace("fallback = { queue = \"triage\" }", "settings = { territories = [] }\nfallback = { rep = \"ada\" }");
    let service = Service::start(&[text]).await;
    let token = service.token("acme", Role::Operator).await;
    let first = route(&service, &token, json!({"id": "web:1"})).await;
    assert_eq!((&first["outcome"], &first["rep"]), (&json!("pass"), &json!("ada")), "{first}");
    assert_eq!(service.get("/v1/reps", &token).await.body["items"][0]["open"], 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_says_of_a_full_rep_that_they_have_as_many_as_allowed() {
    let text = small().replace("members = [{ rep = \"ada\" }]", "members = [{ rep = \"ada\" }, { rep = \"bo\" }]");
    let text = text.replace("[[pools]]", "[[reps]]\nid = \"bo\"\n[[pools]]");
    let service = Service::start(&[text]).await;
    let token = service.token("acme", Role::Operator).await;
    let first = route(&service, &token, json!({"id": "web:1"})).await;
    assert_eq!(first["rep"], "ada");
    let second = route(&service, &token, json!({"id": "web:2"})).await;
    assert_eq!(second["rep"], "bo");
    let third = route(&service, &token, json!({"id": "web:3"})).await;
    assert_eq!(third["rep"], "bo");
    let why = service.get(&format!("/v1/why/{}", third["decision"].as_str().expect("an id")), &token).await.body;
    let ada = why["reps"].as_array().expect("reps").iter().find(|rep| rep["rep"] == "ada").expect("ada").clone();
    assert_eq!(ada["why"], "capped", "{why}");
    service.stop().await;
}
