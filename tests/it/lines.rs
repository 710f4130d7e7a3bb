//! The operator's log: a lead can be followed by its ids, and nobody's data is in it.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::command::Running;
use crate::service::{connection, double, tell, until, workspace};

#[tokio::test(flavor = "multi_thread")]
async fn a_leads_lines_name_it_and_its_decision_from_its_arrival_to_its_confirmed_owner() {
    let (folder, sandbox) = (tempfile::tempdir().expect("a folder"), double(1).await);
    let file = |name: &str| folder.path().join(name);
    fs::write(file("workspace.toml"), workspace("acme", &connection(&sandbox, 1))).expect("written");
    let server = "workspaces = [\".\"]\n[apps.main]\nclient_secret = { env = \"SECRET\" }\n";
    fs::write(file("rota.toml"), server).expect("written");
    let serve = ["serve", "--config", "rota.toml", "--listen", "127.0.0.1:0", "--db", "rota.db", "--log", "json"];
    let environment = [("TOKEN", "pat-sandbox"), ("SECRET", "secret"), ("RUST_LOG", "warn,rota::lead=debug")];
    let log = File::create(file("log")).expect("a file");
    let server = Running::saying(log.into(), folder.path(), &serve, &environment);
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", server.url)).expect("a target");
    tell(&sandbox, "contacts", json!([{"properties": {"email": "zaphod@x.example", "firstname": "Zaphod"}}])).await;

    let text = || fs::read_to_string(file("log")).expect("the log");
    until("a confirmed owner", async || text().contains("The CRM confirmed the owner")).await;
    server.kill();
    // A line may be half written when its writer is killed; those are behind what is looked for.
    let lines: Vec<Value> = text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let said = |what: &str| {
        let line = lines.iter().find(|line| line["message"] == what);
        line.unwrap_or_else(|| panic!("nothing says `{what}`: {}", text())).clone()
    };
    let [arrived, decided, confirmed] =
        ["A lead arrived", "A lead was decided about", "The CRM confirmed the owner"].map(said);
    for line in [&arrived, &decided, &confirmed] {
        assert_eq!((&line["tenant"], &line["lead"]), (&json!("acme"), &arrived["lead"]), "{line}");
        assert_eq!(line["level"], "debug");
    }
    assert!(arrived["lead"].as_str().is_some_and(|lead| lead.starts_with("hs:contact:")), "{arrived}");
    assert_eq!((&decided["outcome"], &decided["decision"]), (&json!("assign"), &confirmed["decision"]));
    assert!(decided["decision"].is_string());
    let told = text().to_lowercase();
    assert!(!told.contains("zaphod") && !told.contains("pat-sandbox"), "{told}");
}
