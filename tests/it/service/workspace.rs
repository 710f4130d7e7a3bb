//! A workspace goes from a directory to a server and back, over HTTP and with the command.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rota_domain::access::Role;
use rota_domain::id::{Digest, Seed};
use rota_sandbox::Sandbox;
use rota_tests::http;
use serde_json::{Value, json};

use super::{Service, connection, double, workspace};
use crate::command::{Ran, rota_with};

/// A server with the tenant `acme`, which has no workspace yet, and its admin's token.
pub(super) async fn empty() -> (Service, String) {
    let service = Service::start(&[]).await;
    service.host.store.open(&"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let admin = service.token("acme", Role::Admin).await;
    (service, admin)
}

/// The bundle of a workspace of one file.
pub(super) fn files(text: &str) -> Value {
    json!({ "files": { "workspace.toml": text } })
}

/// Runs a command against the server, with this token.
pub(super) async fn rota(service: &Service, token: &str, directory: &Path, arguments: &[&str]) -> Ran {
    let (directory, url, token) = (directory.to_owned(), service.url.clone(), token.to_owned());
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        rota_with(&directory, &arguments, &[("ROTA_SERVER", &url), ("ROTA_TOKEN", &token)])
    };
    tokio::task::spawn_blocking(run).await.expect("it runs")
}

/// A person makes a contact in the double, and its owner is awaited.
pub(super) async fn owner_of_new(sandbox: &Sandbox, properties: Value) -> String {
    let url = format!("http://{}/_sandbox", sandbox.address());
    let email = properties["email"].clone();
    let contact = json!([{ "properties": properties }]);
    let made = http().post(format!("{url}/contacts")).json(&contact).send().await.expect("an answer");
    assert!(made.status().is_success(), "{:?}", made.text().await);
    for _ in 0..400 {
        let state: Value =
            http().get(format!("{url}/state")).send().await.expect("an answer").json().await.expect("JSON");
        let contacts = state["contacts"].as_array().cloned().unwrap_or_default();
        let owner = contacts.iter().find(|one| one["properties"]["email"] == email);
        if let Some(owner) =
            owner.and_then(|one| one["properties"]["hubspot_owner_id"].as_str()).filter(|id| !id.is_empty())
        {
            return owner.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody got {email}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_server_routes_leads_after_plan_and_apply_and_nothing_else() {
    let (service, admin) = empty().await;
    let sandbox = double(4242).await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), workspace("acme", &connection(&sandbox, 4242))).expect("written");
    fs::write(folder.path().join("unnamed.txt"), "nothing that the workspace names").expect("written");
    let planned = rota(&service, &admin, folder.path(), &["plan"]).await;
    assert_eq!(planned.code, 0, "{}", planned.err);
    let digest = Digest::of(rota::bundled::BUNDLED[1].1);
    let plain = planned.out.replace(&sandbox.address().to_string(), "DOUBLE");
    insta::assert_snapshot!(plain.replace(&digest.as_str()[7..19], "NEXT-IN-LINE"), @r#"
    acme, which has no revision yet

    workspace
      + acme
          time_zone: "UTC"

    reps
      + ada
          name: "Ada"
          crm/hs: "41629779"
          active: true

    pools
      + all
          policy: "quota"
          members: ada 1

    connections
      + hs
          kind: "hubspot"
          app: "main"
          portal_id: 4242
          token/env: "TOKEN"
          base_url: "http://DOUBLE"

    flows
      + inbound
          enrol/object: "contact"
          enrol/on: ["created"]
          plugin: "next-in-line"
          digest: sha256:NEXT-IN-LINE…
          settings/pool: "all"
          owned: "keep"
          fallback/queue: "triage"
          coalesce: "0m"

    secrets
      TOKEN for hs: is there

    5 to add, 0 to change, 0 to remove.
    "#);
    assert_eq!(service.get("/v1/workspace", &admin).await.status, 404);
    let applied = rota(&service, &admin, folder.path(), &["apply", "--note", "first", "--json"]).await;
    assert_eq!(applied.code, 0, "{}", applied.err);
    let revision = applied.json()["revision"].as_u64().expect("a revision");
    let now = service.get("/v1/workspace", &admin).await.body;
    assert_eq!((&now["revision"], &now["note"]), (&json!(revision), &json!("first")));
    let names: Vec<&String> = now["files"].as_object().expect("files").keys().collect();
    assert_eq!(names, ["workspace.toml"]);
    assert_eq!(owner_of_new(&sandbox, json!({"email": "joe@big.example"})).await, "41629779");
    // The same again is the same revision.
    let again = rota(&service, &admin, folder.path(), &["apply", "--json"]).await.json();
    assert_eq!((&again["revision"], &again["changed"]), (&json!(revision), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_invalid_is_refused_with_file_line_and_reason_and_changes_nothing() {
    let (service, admin) = empty().await;
    let good = workspace("acme", "");
    let first = service.post("/v1/workspace/apply", &admin, files(&good)).await;
    assert_eq!(first.status, 200, "{first:?}");
    let table = "[[tables]]\nid = \"t\"\nfile = \"t.csv\"\n";
    let inbound = "settings = { pool = \"all\" }";
    let cases = [
        (files(&good.replace("[[pools]]", "[[poools]]")), "workspace.toml", 6, "poools"),
        (files(&good.replace("rep = \"ada\" }", "rep = \"bo\" }")), "workspace.toml", 8, "bo"),
        (files(&good.replace(inbound, "settings = { pol = \"all\" }")), "workspace.toml", 12, "/pool: is missing"),
        (files(&good.replace("next-in-line", "nobody")), "workspace.toml", 11, "`nobody`, which is not there"),
        (files(&good.replace("\"acme\"", "\"birch\"")), "workspace.toml", 1, "of the tenant `acme`"),
        (files(&format!("{good}{table}")), "workspace.toml", 17, "t.csv"),
        (
            json!({ "files": { "workspace.toml": format!("{good}{table}"), "t.csv": "key,value\na,1\na,2\nb\n" } }),
            "t.csv",
            3,
            "a",
        ),
        (
            json!({ "files": {
                "workspace.toml": good.replace(inbound, "settings = \"s/in.json\""),
                "s/in.json": "{\n  \"pool\": \"all\",\n  \"strange\": 1\n}\n"
            } }),
            "s/in.json",
            3,
            "/strange: is no setting",
        ),
    ];
    for (bundle, file, line, words) in cases {
        let planned = service.post("/v1/workspace/plan", &admin, bundle.clone()).await;
        let refused = service.post("/v1/workspace/apply", &admin, bundle).await;
        assert_eq!((planned.status, refused.status), (200, 422), "{refused:?}");
        assert_eq!(planned.body["errors"], refused.body["errors"]);
        let error = &refused.body["errors"][0];
        assert_eq!((&error["file"], &error["line"]), (&json!(file), &json!(line)), "{error}");
        assert!(error["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{error}");
    }
    let now = service.get("/v1/workspace", &admin).await.body;
    assert_eq!(now["revision"], first.body["revision"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_out_of_the_workspace_is_refused() {
    let (service, admin) = empty().await;
    for path in ["../workspace.toml", "/etc/passwd", "a\\b"] {
        let bundle = json!({ "files": { "workspace.toml": workspace("acme", ""), path: "x" } });
        let refused = service.post("/v1/workspace/apply", &admin, bundle).await;
        assert_eq!((refused.status, &refused.body["type"]), (400, &json!("urn:rota:problem:bad-path")), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_plans_and_applies_nothing() {
    let (service, _) = empty().await;
    let viewer = service.token("acme", Role::Viewer).await;
    let bundle = files(&workspace("acme", ""));
    assert_eq!(service.post("/v1/workspace/plan", &viewer, bundle.clone()).await.status, 200);
    assert_eq!(service.post("/v1/workspace/apply", &viewer, bundle).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_served_from_a_directory_is_changed_there_only() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let refused = service.post("/v1/workspace/apply", &admin, files(&workspace("acme", ""))).await;
    assert_eq!((refused.status, &refused.body["type"]), (409, &json!("urn:rota:problem:served-from-files")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_tenant_cannot_be_connected() {
    let (sandbox, other) = (double(4242).await, workspace("birch", ""));
    let service = Service::start(&[format!("{other}{}", connection(&sandbox, 4242))]).await;
    service.host.store.open(&"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let admin = service.token("acme", Role::Admin).await;
    let taken = workspace("acme", &connection(&sandbox, 4242));
    let refused = service.post("/v1/workspace/apply", &admin, files(&taken)).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body["errors"][0]["reason"].as_str().is_some_and(|told| told.contains("4242")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_ends_the_command_with_3() {
    let (service, admin) = empty().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), workspace("acme", "")).expect("written");
    let ran = rota(&service, &admin, folder.path(), &["plan", "--server", "http://127.0.0.1:1"]).await;
    assert_eq!(ran.code, 3, "{}", ran.err);
}
