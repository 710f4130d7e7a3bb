//! Numbers that weights of a pool come from, as they are sent and as a CRM's records are: a deal that is
//! won counts for its owner from the next decision on.

use rota_domain::access::Role;
use rota_sandbox::Sandbox;
use rota_tests::http;
use serde_json::{Value, json};

use super::{Service, connection, double_with, on_each, tell, until};

on_each! {
    a_row_that_is_sent_weighs_until_it_is_taken_back_also_after_a_restart,
    a_deal_that_is_won_counts_for_its_owner_until_it_is_lost_or_given_away,
}

const PORTAL: u64 = 4242;

fn workspace(table: &str, more: &str) -> String {
    format!(
        r#"workspace = "acme"
[[reps]]
id = "ada"
crm = {{ hs = "41" }}
[[reps]]
id = "bo"
crm = {{ hs = "42" }}
[[pools]]
id = "all"
members = [{{ rep = "ada" }}, {{ rep = "bo" }}]
weights = {{ metric = "won", days = 30, floor = 100 }}
[[tables]]
id = "won"
match = "dated"
{table}
[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = {{ pool = "all" }}
fallback = {{ queue = "triage" }}
coalesce = "0"
{more}"#
    )
}

/// A file without rows, beside the workspace that `Service::start` will read.
async fn with_a_file() -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("workspace-0")).expect("a folder");
    std::fs::write(folder.path().join("workspace-0/won.csv"), "key,at,value\n").expect("a file");
    let plan = super::plan(folder.path(), &[workspace("file = \"won.csv\"", "")]);
    Service::with(folder, plan).await
}

/// What each of them has won.
async fn won(service: &Service, token: &str) -> Vec<String> {
    let pool = service.get("/v1/pools/all", token).await.body;
    let members = pool["members"].as_array().expect("members");
    members.iter().map(|member| member["amount"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn until_won(service: &Service, token: &str, expected: [&str; 2]) {
    until(&format!("{expected:?}"), async || won(service, token).await == expected).await;
}

/// To whom so many leads go.
async fn leads(service: &Service, token: &str, count: usize) -> String {
    let mut reps = Vec::new();
    for n in 0..count {
        let lead = json!({ "lead": { "id": format!("web:{n}") } });
        let answer = service.post("/v1/route", token, lead).await;
        reps.push(answer.body["rep"].as_str().expect("a rep").to_owned());
    }
    reps.join(" ")
}

async fn a_row_that_is_sent_weighs_until_it_is_taken_back_also_after_a_restart() {
    let service = with_a_file().await;
    let token = service.token("acme", Role::Operator).await;
    assert_eq!(won(&service, &token).await, ["0", "0"]);
    let row = |key: &str, value: Value| json!({ "key": key, "at": super::now(), "value": value });
    let put = async |service: &Service, name: &str, row: Value| {
        service.call("PUT", &format!("/v1/tables/won/rows/{name}"), &token, row).await
    };
    assert_eq!(put(&service, "sale-1", row("ada", json!(100))).await.status, 202);
    assert_eq!(put(&service, "sale-2", row("hs:42", json!(299.5))).await.status, 202);
    until_won(&service, &token, ["100", "299.5"]).await;
    // The same name again takes the place of the first.
    assert_eq!(put(&service, "sale-2", row("hs:42", json!(300))).await.status, 202);
    until_won(&service, &token, ["100", "300"]).await;
    assert_eq!(leads(&service, &token, 8).await.matches("bo").count(), 6, "three times as much, three times the leads");
    let looked = service.get("/v1/tables/won/look-up?key=ada", &token).await.body;
    assert_eq!(looked["value"], "100", "a rule finds what was added, too");

    let folder = service.stop().await;
    let plan = super::plan(folder.path(), &[workspace("file = \"won.csv\"", "")]);
    let service = Service::with(folder, plan).await;
    assert_eq!(won(&service, &token).await, ["100", "300"]);
    let listed = service.get("/v1/tables/won/rows", &token).await.body;
    let names: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|row| &row["row"]).collect();
    assert_eq!(names, ["sale-1", "sale-2"]);
    assert_eq!(service.call("DELETE", "/v1/tables/won/rows/sale-2", &token, Value::Null).await.status, 202);
    until_won(&service, &token, ["100", "0"]).await;

    for bad in [row("ada", json!(0.00001)), row("", json!(1)), json!({"key": "ada", "at": "soon", "value": 1})] {
        let refused = put(&service, "sale-3", bad.clone()).await;
        assert_eq!((refused.status, &refused.body["type"]), (422, &json!("urn:rota:problem:bad-row")), "{bad}");
    }
    let nowhere = service.call("PUT", "/v1/tables/lost/rows/1", &token, row("ada", json!(1))).await;
    assert_eq!(nowhere.status, 404, "{nowhere:?}");
    service.stop().await;
}

const DEALS: &str = r#"records = { connection = "hs", object = "deal", value = "amount", at = "closedate", when = { property = "dealstage", is = "closedwon" } }"#;

/// A double whose deals are told of.
async fn crm() -> Sandbox {
    let told = |property: &str| json!({ "subscription_type": "deal.propertyChange", "property_name": property });
    let subscriptions = ["dealstage", "amount", "hubspot_owner_id"].map(told).to_vec();
    let owners = [41, 42].map(|id| json!({ "id": id, "user_id": id + 100 }));
    let seed = json!({ "portal_id": PORTAL, "owners": owners, "subscriptions": subscriptions });
    double_with(seed).await
}

/// A person changes a deal.
async fn change(crm: &Sandbox, deal: &str, property: &str, value: &str) {
    let url = format!("http://{}/_sandbox/deals/{deal}", crm.address());
    let properties = json!({ "properties": { property: value } });
    let answer = http().patch(url).json(&properties).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
}

async fn a_deal_that_is_won_counts_for_its_owner_until_it_is_lost_or_given_away() {
    let crm = crm().await;
    let text = workspace(DEALS, &connection(&crm, PORTAL));
    let service = Service::start(std::slice::from_ref(&text)).await;
    crm.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    let token = service.token("acme", Role::Operator).await;
    let deal = json!({ "properties": {
        "dealname": "Acme", "amount": "900.50", "closedate": super::now().to_string(),
        "dealstage": "contractsent", "hubspot_owner_id": "41",
    } });
    let made = tell(&crm, "deals", deal).await;
    let deal = made["ids"][0].as_str().map_or_else(|| made["ids"][0].to_string(), str::to_owned);
    change(&crm, &deal, "amount", "900").await;
    change(&crm, &deal, "dealstage", "closedwon").await;
    until_won(&service, &token, ["900", "0"]).await;
    assert_eq!(leads(&service, &token, 10).await.matches("ada").count(), 9);

    let folder = service.stop().await;
    let plan = super::plan(folder.path(), &[text]);
    let service = Service::with(folder, plan).await;
    crm.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    assert_eq!(won(&service, &token).await, ["900", "0"]);
    change(&crm, &deal, "hubspot_owner_id", "42").await;
    until_won(&service, &token, ["0", "900"]).await;
    change(&crm, &deal, "dealstage", "closedlost").await;
    until_won(&service, &token, ["0", "0"]).await;
    // A deal is no lead: no flow takes it, and the log says so.
    let about = service.get(&format!("/v1/decisions?lead=hs:deal:{deal}"), &token).await.body;
    assert!(about["items"].as_array().expect("items").iter().all(|one| one["reason"]["code"] == "not-enrolled"));
    service.stop().await;
}
