//! A server that is killed in mid-stream, and started again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use rota_tests::{http, root};
use serde_json::{Value, json};

use crate::command::{Running, rota};

const LEADS: usize = 400;
const SECRETS: [(&str, &str); 2] = [("ACME_HUBSPOT_TOKEN", "pat-test"), ("APP_SECRET", "app-secret")];

/// The demonstration's workspace in a folder, connected to a double at this address.
pub(crate) fn lay_out(folder: &Path, crm: &str) {
    let demo = root().join("host/server/demo");
    fs::create_dir_all(folder.join("settings")).expect("settings");
    for entry in fs::read_dir(demo.join("settings")).expect("settings") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, folder.join("settings").join(path.file_name().expect("a name"))).expect("copied");
    }
    let text = fs::read_to_string(demo.join("workspace.toml")).expect("workspace.toml");
    let mut workspace: toml::Table = text.parse().expect("TOML");
    let connection = &mut workspace["connections"][0];
    let connection = connection.as_table_mut().expect("a connection");
    connection.insert("base_url".into(), crm.into());
    connection.insert(
        "token".into(),
        toml::Value::Table(toml::Table::from_iter([("env".into(), "ACME_HUBSPOT_TOKEN".into())])),
    );
    fs::write(folder.join("workspace.toml"), workspace.to_string()).expect("workspace.toml");
    let server = "workspaces = [\".\"]\n[apps.main]\nclient_secret = { env = \"APP_SECRET\" }\n";
    fs::write(folder.join("rota.toml"), server).expect("rota.toml");
}

/// The demonstration's server.
pub(crate) fn serve(folder: &Path, listen: &str) -> Running {
    Running::start(folder, &["serve", "--config", "rota.toml", "--listen", listen, "--db", "rota.db"], &SECRETS)
}

/// What the double holds.
pub(crate) async fn state(http: &reqwest::Client, crm: &str) -> Value {
    http.get(format!("{crm}/_sandbox/state")).send().await.expect("the double answers").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_mid_stream_decides_every_lead_once_and_every_owner_is_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = rota::config::load_workspace(&rota::demo::WORKSPACE).expect("the demo's workspace").workspace;
    let data = rota::demo::Data::generate(11, LEADS, &workspace);
    fs::write(folder.path().join("seed.json"), data.seed_file(4242, "pat-test", 11).to_string()).expect("seed.json");
    let sandbox =
        Running::start(folder.path(), &["sandbox", "--seed-file", "seed.json", "--client-secret", "app-secret"], &[]);
    let client = http();
    lay_out(folder.path(), &sandbox.url);
    let mut server = serve(folder.path(), "127.0.0.1:0");
    let listen = server.url.trim_start_matches("http://").to_owned();
    let target = json!({ "url": format!("{}/v1/hubspot/main/webhook", server.url) });
    let post = |what: &str, body: Value| client.post(format!("{}/_sandbox/{what}", sandbox.url)).json(&body).send();
    assert!(post("target", target).await.expect("an answer").status().is_success());
    for (n, people) in data.contacts.chunks(40).enumerate() {
        assert!(post("contacts", json!(people)).await.expect("an answer").status().is_success());
        tokio::time::sleep(Duration::from_millis(40)).await;
        if n % 3 == 1 {
            server.kill();
            server = serve(folder.path(), &listen);
        }
    }
    let mut quiet = false;
    for _ in 0..600 {
        let pending = state(&client, &sandbox.url).await["webhooks"]["pending"].as_u64();
        let outbox = rota(folder.path(), &["outbox", "list", "--db", "rota.db", "--json"]);
        let decided = rota(folder.path(), &["log", "--db", "rota.db", "--json"]).lines().len();
        quiet = pending == Some(0) && outbox.out.is_empty() && decided >= LEADS;
        if quiet {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(quiet, "everything that was sent is decided and delivered in the end");
    let log = rota(folder.path(), &["log", "--db", "rota.db", "--json"]).lines();
    check(&log, &state(&client, &sandbox.url).await, LEADS);
    let fairness = rota(folder.path(), &["fairness", "--db", "rota.db", "--json"]);
    assert_eq!(fairness.code, 0, "{}", fairness.out);
    drop(server);
}

/// Each lead took at most one turn, the last word about each is its owner in the CRM, and no
/// task was created twice.
pub(crate) fn check(log: &[Value], state: &Value, leads: usize) {
    let mut decided: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    for decision in log {
        let lead = decision["lead"].as_str().expect("a lead");
        decided.insert(lead, decision);
        *turns.entry(lead).or_default() += usize::from(decision["outcome"] == "assign");
    }
    assert!(turns.values().all(|count| *count <= 1), "nobody is assigned twice");
    let contacts = state["contacts"].as_array().expect("contacts");
    assert_eq!(contacts.len(), leads);
    for contact in contacts {
        let id = format!("hs:contact:{}", contact["id"].as_str().expect("an id"));
        let decision = decided.get(id.as_str()).unwrap_or_else(|| panic!("nothing was decided about {id}"));
        let owner = contact["properties"]["hubspot_owner_id"].as_str().filter(|owner| !owner.is_empty());
        assert_eq!(owner, decision["owner"].as_str(), "{decision}");
    }
    let tasks = state["tasks"].as_array().expect("tasks");
    let bodies: BTreeSet<&str> = tasks.iter().filter_map(|task| task["properties"]["hs_task_body"].as_str()).collect();
    assert_eq!(bodies.len(), tasks.len(), "each task names its effect, and none is there twice");
}

/// Calls with keys until the server is killed under them; gives what was answered.
async fn call_until_killed(server: Running, token: &str, calls: usize) -> BTreeMap<usize, Value> {
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..calls {
        asked.spawn(route(server.url.clone(), token.to_owned(), n));
    }
    let mut answered = BTreeMap::new();
    // Some have their answer by then, and of others the decision is under way.
    while answered.len() < calls / 4
        && let Some(Ok((n, answer))) = asked.join_next().await
    {
        answered.extend(answer.map(|answer| (n, answer)));
    }
    server.kill();
    while let Some(Ok((n, answer))) = asked.join_next().await {
        answered.extend(answer.map(|answer| (n, answer)));
    }
    answered
}

/// The decision about lead `n`, if it is answered.
async fn route(url: String, token: String, n: usize) -> (usize, Option<Value>) {
    let call = json!({"lead": {"id": format!("web:{n}")}, "idempotency_key": format!("k{n}")});
    let request = http().post(format!("{url}/v1/route")).bearer_auth(token).json(&call);
    let Ok(answer) = request.send().await else { return (n, None) };
    if !answer.status().is_success() {
        return (n, None);
    }
    (n, answer.json().await.ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_repeated_after_a_kill_has_the_decision_that_was_answered_or_one_that_is_new() {
    const CALLS: usize = 120;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), crate::service::workspace("acme", "")).expect("workspace.toml");
    fs::write(folder.path().join("rota.toml"), "workspaces = [\".\"]\n").expect("rota.toml");
    let mut server = serve(folder.path(), "127.0.0.1:0");
    let token =
        crate::service::token(&folder.path().join("rota.db"), "acme", rota_domain::access::Role::Operator).await;
    let mut answered: BTreeMap<usize, Value> = BTreeMap::new();
    for _ in 0..3 {
        for (n, mut again) in call_until_killed(server, &token, CALLS).await {
            again.as_object_mut().expect("a decision").remove("repeated");
            let first = answered.entry(n).or_insert_with(|| again.clone());
            assert_eq!(*first, again, "the same key has the same decision");
        }
        server = serve(folder.path(), "127.0.0.1:0");
    }
    assert!(!answered.is_empty());
    for n in 0..CALLS {
        assert!(route(server.url.clone(), token.clone(), n).await.1.is_some(), "each is answered in the end");
    }
    let log = rota(folder.path(), &["log", "--db", "rota.db", "--json"]).lines();
    let leads: BTreeSet<&str> = log.iter().filter_map(|decision| decision["lead"].as_str()).collect();
    assert_eq!((log.len(), leads.len()), (CALLS, CALLS), "each lead has one decision");
}
