//! A component of one's own: pushed, named by file, applied, given back, withdrawn.

use std::fs;

use rota_tests::guest::Guest;
use serde_json::{Value, json};

use super::workspace::{empty, rota};

const WORKSPACE: &str = r#"workspace = "acme"

[[flows]]
id = "inbound"
plugin = "./rule.wasm"    # built beside this file
fallback = { queue = "triage" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_names_a_file_is_applied_once_the_component_is_pushed() {
    let (service, admin) = empty().await;
    let folder = tempfile::tempdir().expect("a folder");
    let component = Guest::file("stops-itself").component();
    fs::write(folder.path().join("workspace.toml"), WORKSPACE).expect("written");
    fs::write(folder.path().join("rule.wasm"), &component).expect("written");
    let refused = rota(&service, &admin, folder.path(), &["plan"]).await;
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(
        refused.out.contains("workspace.toml:5:") && refused.out.contains("rota push ./rule.wasm"),
        "{}",
        refused.out
    );
    let pushed = rota(&service, &admin, folder.path(), &["push", "rule.wasm", "--json"]).await;
    assert_eq!(pushed.code, 0, "{}", pushed.err);
    let applied = rota(&service, &admin, folder.path(), &["apply", "--json"]).await;
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    let digest = pushed.json()["digest"].clone();
    let now = service.get("/v1/workspace", &admin).await.body;
    assert_eq!(now["components"], json!({ "./rule.wasm": digest }));
    let exported = rota(&service, &admin, folder.path(), &["export", "out"]).await;
    assert_eq!(exported.code, 0, "{}", exported.err);
    assert!(fs::read(folder.path().join("out/rule.wasm")).expect("there") == component);
    assert_eq!(fs::read_to_string(folder.path().join("out/workspace.toml")).expect("there"), WORKSPACE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_is_rolled_back_to_no_more() {
    let (service, admin) = empty().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), WORKSPACE).expect("written");
    fs::write(folder.path().join("rule.wasm"), Guest::file("stops-itself").component()).expect("written");
    let pushed = rota(&service, &admin, folder.path(), &["push", "rule.wasm", "--json"]).await.json();
    let first = rota(&service, &admin, folder.path(), &["apply", "--json"]).await.json();
    let other = json!({ "files": { "workspace.toml": super::workspace("acme", "") } });
    assert_eq!(service.post("/v1/workspace/apply", &admin, other).await.status, 200);
    let path = format!("/v1/plugins/{}/withdraw", pushed["digest"].as_str().expect("a digest"));
    let withdrawn = service.call("POST", &path, &admin, Value::Null).await;
    assert!(withdrawn.status < 300, "{withdrawn:?}");
    let back = json!({ "revision": first["revision"] });
    let refused = service.post("/v1/workspace/rollback", &admin, back).await;
    assert_eq!(refused.status, 422, "{refused:?}");
}
