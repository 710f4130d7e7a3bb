//! The operator's log: a lead can be followed by its ids, and nobody's data is in it.

use std::fs::{self, File};

use rota_sandbox::Sandbox;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::Running;
use crate::service::{connection, double, tell, until, workspace};

/// A server that writes its log as JSON, on a double of its CRM with one contact, Zaphod.
struct Logged {
    folder: TempDir,
    _server: Running,
}

impl Logged {
    async fn start(faults: Value) -> (Self, Sandbox) {
        let (folder, sandbox) = (tempfile::tempdir().expect("a folder"), double(1).await);
        tell(&sandbox, "faults", faults).await;
        let file = |name: &str| folder.path().join(name);
        fs::write(file("workspace.toml"), workspace("acme", &connection(&sandbox, 1))).expect("written");
        let server = "workspaces = [\".\"]\n[apps.main]\nclient_secret = { env = \"SECRET\" }\n";
        fs::write(file("rota.toml"), server).expect("written");
        let serve = ["serve", "--config", "rota.toml", "--listen", "127.0.0.1:0", "--db", "rota.db", "--log", "json"];
        let environment = [("TOKEN", "pat-sandbox"), ("SECRET", "secret"), ("RUST_LOG", "warn,rota::lead=debug")];
        let log = File::create(file("log")).expect("a file");
        let server = Running::saying(log.into(), folder.path(), &serve, &environment);
        sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", server.url)).expect("a target");
        let zaphod = json!([{"properties": {"email": "zaphod@x.example", "firstname": "Zaphod"}}]);
        tell(&sandbox, "contacts", zaphod).await;
        (Self { folder, _server: server }, sandbox)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }

    /// The first line that begins with these words, once it is there.
    async fn said(&self, words: &str) -> Value {
        // The last line may be half written yet.
        let find = || {
            let lines: Vec<Value> = self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            lines.into_iter().find(|line| line["message"].as_str().is_some_and(|message| message.starts_with(words)))
        };
        until(words, async || find().is_some()).await;
        find().expect("it is there")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leads_lines_name_it_and_its_decision_from_its_arrival_to_its_confirmed_owner() {
    let (logged, _sandbox) = Logged::start(json!([])).await;
    let confirmed = logged.said("The CRM confirmed the owner").await;
    let (arrived, decided) = (logged.said("A lead arrived").await, logged.said("A lead was decided about").await);
    for line in [&arrived, &decided, &confirmed] {
        assert_eq!((&line["tenant"], &line["lead"]), (&json!("acme"), &arrived["lead"]), "{line}");
        assert_eq!(line["level"], "debug");
    }
    assert!(arrived["lead"].as_str().is_some_and(|lead| lead.starts_with("hs:contact:")), "{arrived}");
    assert_eq!((&decided["outcome"], &decided["decision"]), (&json!("assign"), &confirmed["decision"]));
    assert!(decided["decision"].is_string());
    let told = logged.text().to_lowercase();
    assert!(!told.contains("zaphod") && !told.contains("pat-sandbox"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_fails_for_good_is_a_warning_with_the_ids_of_its_lead_and_decision() {
    let refuses = json!([{"kind": "status", "status": 400, "path": "/crm/v3/objects/contacts/batch/update"},
                         {"kind": "status", "status": 400, "method": "PATCH"}]);
    let (logged, _sandbox) = Logged::start(refuses).await;
    let dead = logged.said("An effect is dead: see").await;
    assert_eq!((&dead["level"], &dead["tenant"]), (&json!("warn"), &json!("acme")), "{dead}");
    assert_eq!(
        (&dead["kind"], &dead["cause"], &dead["connection"]),
        (&json!("owner"), &json!("rejected"), &json!("hs"))
    );
    let decided = logged.said("A lead was decided about").await;
    assert_eq!((&dead["lead"], &dead["decision"]), (&decided["lead"], &decided["decision"]));
}
