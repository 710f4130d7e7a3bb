//! What stays where a workspace is refused at a start: the revision that decided last.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rota::compose::{self, Host, Plan};
use rota::config::{Directory, load_workspace};
use rota::workspaces::Directories;
use rota_crm::outbound::Places;
use rota_domain::delivery::Backoff;
use rota_domain::plan::Plans;
use rota_domain::workspace::Settings;
use rota_tests::guest::Guest;
use rota_tests::http;
use serde_json::{Value, json};

use crate::command::{Running, rota};
use crate::service::{connection, double, workspace};

const WORKSPACE: &str = r#"
workspace = "acme"
reps = [{ id = "ana" }]
pools = [{ id = "na", members = [{ rep = "ana" }] }]
[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
fallback = { queue = "triage" }
"#;

async fn start(folder: &Path, workspace: &str) -> Result<Host, String> {
    fs::write(folder.join("workspace.toml"), workspace).expect("written");
    let loaded = load_workspace(&Directory::open(folder).expect("a folder")).expect("a workspace");
    compose::start(Plan {
        workspaces: vec![loaded],
        directories: Directories::default(),
        apps: BTreeMap::new(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: None,
        database: folder.join("rota.db").into(),
        plans: Plans::default(),
        places: Places::default(),
        keeping: None,
        backoff: Backoff::default(),
        rules: None,
        keeper: rota::custody::Keeper::default(),
        secrets: Arc::new(|_| None),
    })
    .await
    .map_err(|error| format!("{error:#}"))
}

/// The revision that decides now, and its settings.
async fn live(host: &Host) -> (u64, Settings) {
    let snapshot = host.store.load(&"acme".into(), Timestamp::MAX).await.expect("a snapshot");
    let (revision, workspace) = snapshot.workspace.expect("a workspace");
    (revision, workspace.flows[0].settings.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_do_not_fit_leave_the_live_version_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = start(folder.path(), WORKSPACE).await.expect("it starts");
    let before = live(&host).await;
    host.stop().await;
    let host = start(folder.path(), &WORKSPACE.replace("pool = \"na\" }", "pol = \"na\" }")).await.expect("it starts");
    assert_eq!(live(&host).await, before);
    host.stop().await;
    // A good one is a revision again.
    let host = start(folder.path(), &WORKSPACE.replace("triage", "later")).await.expect("it starts");
    assert!(live(&host).await.0 > before.0);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_refused_leaves_the_one_that_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = WORKSPACE.replace("\"next-in-line\"", "\"./rule.wasm\"");
    fs::write(folder.path().join("rule.wasm"), Guest::file("stops-itself").component()).expect("written");
    let host = start(folder.path(), &workspace).await.expect("it starts");
    let before = live(&host).await;
    host.stop().await;
    fs::write(folder.path().join("rule.wasm"), "no component").expect("written");
    let host = start(folder.path(), &workspace).await.expect("it starts");
    assert_eq!(live(&host).await, before);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_never_decided_does_not_start_with_settings_that_do_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let started = start(folder.path(), &WORKSPACE.replace("pool = \"na\" }", "pol = \"na\" }")).await;
    let error = started.err().expect("it is refused");
    assert!(error.contains("/pol: is no setting"), "{error}");
}

/// Serves the workspaces in these folders, in a process of its own.
fn serve(folder: &Path, directories: &[&str]) -> Running {
    let list: Vec<String> = directories.iter().map(|name| format!("{name:?}")).collect();
    let config = format!("workspaces = [{}]\n[apps.main]\nclient_secret = {{ env = \"SECRET\" }}\n", list.join(", "));
    fs::write(folder.join("rota.toml"), config).expect("written");
    let secrets = [("SECRET", "secret"), ("TOKEN", "pat-sandbox")];
    // The double answers meanwhile.
    let start = || Running::start(folder, &["serve", "--listen", "127.0.0.1:0", "--db", "rota.db"], &secrets);
    tokio::task::block_in_place(start)
}

/// What a tenant's decision about a new lead says.
async fn decision(folder: &Path, server: &Running, tenant: &str) -> Value {
    let new = ["token", "new", "--tenant", tenant, "--role", "operator", "--db", "rota.db"];
    let made = tokio::task::block_in_place(|| rota(folder, &new));
    assert_eq!(made.code, 0, "{}", made.err);
    let call = http().post(format!("{}/v1/route", server.url)).bearer_auth(made.out.trim());
    let answer = call.json(&json!({"lead": {"id": "web:1"}})).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{tenant}: {}", answer.text().await.unwrap_or_default());
    answer.json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_cannot_be_read_keeps_its_last_revision_and_no_other_tenant_from_starting() {
    let (folder, sandbox) = (tempfile::tempdir().expect("a folder"), double(7).await);
    let acme = workspace("acme", &format!("[[tables]]\nid = \"t\"\nfile = \"t.csv\"\n{}", connection(&sandbox, 7)));
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    };
    write("acme/workspace.toml", &acme);
    write("acme/t.csv", "key,value\na,b\n");
    write("birch/workspace.toml", &workspace("birch", ""));
    let server = serve(folder.path(), &["acme", "birch"]);
    let before = decision(folder.path(), &server, "acme").await["revision"].clone();
    server.kill();

    write("cobalt/workspace.toml", "workspace = \"cobalt\"\n[[reps\n");
    for (toml, table) in
        [(acme.replace("[[flows]]", "[[flows"), "key,value\na,b\n"), (acme.clone(), "key,value\na,b\na,c\n")]
    {
        write("acme/workspace.toml", &toml);
        write("acme/t.csv", table);
        let server = serve(folder.path(), &["cobalt", "acme", "nowhere", "birch"]);
        assert_eq!(decision(folder.path(), &server, "birch").await["rep"], "ada");
        let stays = decision(folder.path(), &server, "acme").await;
        assert_eq!((&stays["rep"], &stays["revision"]), (&json!("ada"), &before));
        server.kill();
    }
}
