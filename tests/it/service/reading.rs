//! What programs read of a tenant, and the few things that an operator changes there.

use std::time::Duration;

use rota_domain::access::Role;
use rota_flow::ports::Access;
use rota_tests::http;
use serde_json::{Value, json};

use super::{Service, on_each, workspace};
use crate::command::rota;

on_each! {
    decisions_are_read_piece_by_piece_and_by_lead,
    why_and_fairness_over_http_are_what_the_command_line_prints,
}

/// Two more reps, a pool of three, and a flow for it that is asked by name.
const THREE: &str = "\
[[reps]]\nid = \"ben\"\nname = \"Ben\"\n[[reps]]\nid = \"cy\"\n\
[[pools]]\nid = \"three\"\nmembers = [{ rep = \"ada\", weight = 2 }, { rep = \"ben\" }, { rep = \"cy\" }]\n\
[[flows]]\nid = \"shared\"\nplugin = \"next-in-line\"\nsettings = { pool = \"three\" }\n\
fallback = { queue = \"triage\" }\ncoalesce = \"0\"\n";

impl Service {
    /// Takes these leads in, and waits until as many more decisions are in the log.
    pub(super) async fn decides(&self, token: &str, ids: &[&str], asked: &str) -> Vec<Value> {
        let before = self.decisions(token).await.len();
        let leads: String = ids.iter().map(|id| format!("{}\n", json!({ "id": id }))).collect();
        let path = format!("/v1/leads?import=test-{before}{asked}");
        let taken = self.send(&path, token, "application/jsonl", leads).await;
        assert_eq!(taken["accepted"], ids.len(), "{taken}");
        self.decided(token, before + ids.len()).await.split_off(before)
    }

    /// Waits until there are as many decisions, and gives them.
    pub(super) async fn decided(&self, token: &str, number: usize) -> Vec<Value> {
        for _ in 0..500 {
            let decisions = self.decisions(token).await;
            if decisions.len() >= number {
                return decisions;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("there were never {number} decisions");
    }

    /// Sends a file, and gives the answer.
    pub(super) async fn send(&self, path: &str, token: &str, media: &str, body: String) -> Value {
        let request = http().post(format!("{}{path}", self.url)).bearer_auth(token).header("content-type", media);
        request.body(body).send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn decisions(&self, token: &str) -> Vec<Value> {
        let page = self.get("/v1/decisions?limit=1000", token).await;
        page.body["items"].as_array().unwrap_or_else(|| panic!("{page:?}")).clone()
    }

    async fn file(&self, path: &str, token: &str) -> (String, String, String) {
        let answer = http().get(format!("{}{path}", self.url)).bearer_auth(token).send().await.expect("an answer");
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        let (media, name) = (header("content-type"), header("content-disposition"));
        (media, name, answer.text().await.expect("text"))
    }
}

async fn decisions_are_read_piece_by_piece_and_by_lead() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let all = service.decides(&token, &["1", "2", "3"], "").await;
    service.decides(&token, &["2"], "").await;
    let first = service.get("/v1/decisions?limit=2", &token).await.body;
    assert_eq!(first["items"], json!(all[..2]));
    let next = first["next"].as_str().expect("a cursor");
    let second = service.get(&format!("/v1/log?limit=2&after={next}"), &token).await.body;
    assert_eq!((&second["items"][0], &second["next"]), (&all[2], &Value::Null));
    let of_two = service.get("/v1/decisions?lead=2", &token).await.body;
    let of_two: Vec<&Value> = of_two["items"].as_array().expect("a list").iter().map(|one| &one["lead"]).collect();
    assert_eq!(of_two, ["2", "2"]);
    let id = all[1]["decision"].as_str().expect("an id");
    assert_eq!(service.get(&format!("/v1/decisions/{id}"), &token).await.body, all[1]);
    assert_eq!(service.get("/v1/decisions/nobody", &token).await.status, 404);
    assert_eq!(service.get("/v1/decisions?after=x", &token).await.status, 400);
    assert_eq!(service.get("/v1/decisions?leed=1", &token).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_a_file_of_json_lines_or_a_table_without_formulas_and_the_command_line_writes_the_same() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let all = service.decides(&token, &["=1+1", "-2", "3,\"4\""], "").await;
    let (media, name, lines) = service.file("/v1/log?format=jsonl", &token).await;
    assert_eq!((media.as_str(), name.as_str()), ("application/jsonl", "attachment; filename=\"acme-log.jsonl\""));
    let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(read, all);
    let (media, name, table) = service.file("/v1/log?format=csv", &token).await;
    assert_eq!(media, "text/csv; charset=utf-8");
    assert_eq!(name, "attachment; filename=\"acme-log.csv\"");
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("seq,decision,lead,at,flow,"), "{table}");
    for (row, lead) in rows[1..].iter().zip([",'=1+1,", ",'-2,", ",\"3,\"\"4\"\"\","]) {
        assert!(row.contains(lead), "{row}");
    }
    let folder = service.folder.path();
    assert_eq!(rota(folder, &["log", "--jsonl"]).out, lines);
    assert_eq!(rota(folder, &["log", "--csv"]).out, table);
    let (_, _, two) = service.file("/v1/log?format=csv&limit=2", &token).await;
    assert_eq!(two.lines().count(), 3);
}

async fn why_and_fairness_over_http_are_what_the_command_line_prints() {
    let service = Service::start(&[workspace("acme", THREE)]).await;
    let token = service.token("acme", Role::Operator).await;
    let all = service.decides(&token, &["1", "2", "3", "4"], "&flow=shared").await;
    let id = all[2]["decision"].as_str().expect("an id");
    let why = service.get(&format!("/v1/why/{id}"), &token).await.body;
    assert_eq!(why["decision"], all[2]);
    assert_eq!(why["reps"].as_array().map(Vec::len), Some(3));
    assert_eq!(service.get("/v1/why/3", &token).await.body, why);
    assert_eq!(service.rota(&["why", "3", "--json"]).json(), why);
    let fairness = service.get("/v1/fairness", &token).await.body;
    assert_eq!((&fairness["ok"], &fairness["pools"][0]["picks"]), (&json!(true), &json!(4)));
    assert_eq!(service.rota(&["fairness", "--json"]).json(), fairness);
    assert_eq!(service.get("/v1/why/9", &token).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_says_whose_turn_is_next_and_what_each_is_owed() {
    let service = Service::start(&[workspace("acme", THREE)]).await;
    let token = service.token("acme", Role::Operator).await;
    for n in 0..5 {
        let pool = service.get("/v1/pools/three", &token).await.body;
        assert_eq!(pool["turns"], n);
        let owed: f64 = pool["members"].as_array().expect("members").iter().filter_map(|m| m["credit"].as_f64()).sum();
        assert!(owed.abs() < 1e-5, "{pool}");
        let decided = service.decides(&token, &[&format!("lead-{n}")], "&flow=shared").await;
        assert_eq!(decided[0]["rep"], pool["next"], "{pool}");
    }
    let pools = service.get("/v1/pools", &token).await.body;
    let ids: Vec<&Value> = pools["items"].as_array().expect("a list").iter().map(|pool| &pool["id"]).collect();
    assert_eq!(ids, ["all", "three"]);
    assert_eq!(service.get("/v1/pools/four", &token).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_who_is_said_to_be_away_gets_no_lead_until_they_are_back() {
    let service = Service::start(&[workspace("acme", THREE)]).await;
    let token = service.token("acme", Role::Operator).await;
    let status = |status: &str| json!({ "status": status });
    let away = service.post("/v1/reps/ada/status", &token, status("away")).await;
    assert_eq!((away.status, &away.body["availability"]), (200, &json!("away")), "{away:?}");
    let reps = |decided: Vec<Value>| decided.iter().map(|one| one["rep"].clone()).collect::<Vec<_>>();
    let without = reps(service.decides(&token, &["1", "2", "3", "4"], "&flow=shared").await);
    assert!(!without.contains(&json!("ada")), "{without:?}");
    assert_eq!(service.get("/v1/pools/all", &token).await.body["next"], Value::Null);
    for _ in 0..2 {
        assert_eq!(service.post("/v1/reps/ada/status", &token, status("back")).await.status, 200);
    }
    let with = reps(service.decides(&token, &["5", "6", "7", "8"], "&flow=shared").await);
    assert!(with.contains(&json!("ada")), "{with:?}");
    assert_eq!(service.post("/v1/reps/nobody/status", &token, status("away")).await.status, 404);
    assert_eq!(service.post("/v1/reps/ada/status", &token, status("asleep")).await.status, 400);
    let listed = service.get("/v1/reps?limit=1&after=ada", &token).await.body;
    assert_eq!((&listed["items"][0]["id"], &listed["next"]), (&json!("ben"), &json!("ben")));
    let noted = noted(&service, "rep.status").await;
    assert_eq!(noted, [("ada".to_owned(), Some("away".to_owned())), ("ada".to_owned(), Some("back".to_owned()))]);
}

/// The things that were changed in this way, with what was noted of each.
async fn noted(service: &Service, action: &str) -> Vec<(String, Option<String>)> {
    let store = rota_tests::open(&service.folder.path().join("rota.db")).await.expect("the database");
    let changes = Access::changes(&store, Some(&"acme".into()), 0, 100).await.expect("changes");
    let changes = changes.into_iter().map(|(_, change)| change).filter(|change| change.action == action);
    changes.map(|change| (change.thing, change.detail)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_tells_its_plugin_settings_and_counters_which_an_operator_sets() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let counter = "/v1/flows/inbound/counters/na";
    let set = service.call("PUT", counter, &token, json!({ "value": -7 })).await;
    assert_eq!((set.status, &set.body["before"]), (200, &Value::Null), "{set:?}");
    let set = service.call("PUT", counter, &token, json!({ "value": 8 })).await;
    assert_eq!((&set.body["before"], &set.body["value"]), (&json!(-7), &json!(8)));
    let flow = service.get("/v1/flows", &token).await.body["items"][0].clone();
    assert_eq!((&flow["counters"], &flow["settings"]), (&json!({ "na": 8 }), &json!({ "pool": "all" })));
    assert_eq!((&flow["asks"]["name"], &flow["fallback"]), (&json!("next-in-line"), &json!({ "queue": "triage" })));
    assert_eq!(service.call("DELETE", counter, &token, Value::Null).await.status, 204);
    assert_eq!(service.call("DELETE", counter, &token, Value::Null).await.status, 404);
    let other = service.call("PUT", "/v1/flows/outbound/counters/na", &token, json!({ "value": 1 })).await;
    assert_eq!(other.status, 404, "{other:?}");
    assert!(other.body["detail"].as_str().is_some_and(|detail| detail.contains("`inbound`")), "{other:?}");
    assert_eq!(noted(&service, "counter.set").await.len(), 2);
    assert_eq!(noted(&service, "counter.unset").await, [("inbound/na".to_owned(), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_given_back_byte_for_byte_and_answers_as_it_would_a_rule() {
    let file = "from,to,value\n1000,1999,=north\n2000,2999,south\n";
    let folder = tempfile::tempdir().expect("a folder");
    let tables = "[[tables]]\nid = \"postal\"\nfile = \"postal.csv\"\nmatch = \"range\"\n";
    std::fs::create_dir_all(folder.path().join("workspace-0")).expect("a folder");
    std::fs::write(folder.path().join("workspace-0/postal.csv"), file).expect("a table");
    let plan = super::plan(folder.path(), &[workspace("acme", tables)]);
    let service = Service::with(folder, plan).await;
    let token = service.token("acme", Role::Viewer).await;
    let table = service.get("/v1/tables", &token).await.body["items"][0].clone();
    assert_eq!((&table["rows"], &table["match"]), (&json!(2), &json!("range")));
    assert_eq!(service.get("/v1/tables/postal", &token).await.body, table);
    let (media, name, given) = service.file("/v1/tables/postal/file", &token).await;
    assert_eq!((media.as_str(), given.as_str()), ("text/csv; charset=utf-8", file));
    assert_eq!(name, "attachment; filename=\"postal.csv\"");
    let value = async |key: &str| {
        let found = service.get(&format!("/v1/tables/postal/look-up?key={key}"), &token).await;
        found.body["value"].clone()
    };
    assert_eq!(value("1500").await, "=north");
    assert_eq!(value("3000").await, Value::Null);
    assert_eq!(service.get("/v1/tables/other", &token).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_a_workspace_is_told_so() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let host = service.token("", Role::Host).await;
    let client = http();
    for path in ["/v1/pools", "/v1/reps", "/v1/flows", "/v1/tables"] {
        let request = client.get(format!("{}{path}", service.url)).bearer_auth(&host).header("x-rota-tenant", "birch");
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["type"], "urn:rota:problem:no-workspace", "{path}");
    }
}
