//! What may be in a bundle, and how much of all bundles is kept.

use rota_domain::access::Role;
use rota_domain::id::{Digest, Seed};
use rota_domain::plan::Plan;
use serde_json::{Value, json};

use super::workspace::{empty, files};
use super::{Service, plan, workspace};

const TABLE: &str = "[[tables]]\nid = \"postal\"\nfile = \"./postal.csv\"\n";

/// A bundle with this table.
fn with_table(csv: &str) -> Value {
    let mut bundle = files(&workspace("acme", TABLE));
    bundle["files"]["postal.csv"] = json!(csv);
    bundle
}

/// The bundle of a workspace whose flow decides with the component of this digest.
fn with_component(digest: &Digest) -> Value {
    let mut bundle = files(&workspace("acme", "").replace("\"next-in-line\"", "\"./rule.wasm\""));
    bundle["components"] = json!({ "./rule.wasm": digest });
    bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_workspace_does_not_name_is_refused_by_its_name() {
    let (service, admin) = empty().await;
    let mut bundle = with_table("key,value\n10115,na\n");
    bundle["files"]["notes/private.txt"] = json!("kept for nothing");
    bundle["components"] = json!({ "./old.wasm": Digest::of(b"an old rule") });
    let planned = service.post("/v1/workspace/plan", &admin, bundle.clone()).await.body;
    let refused = service.post("/v1/workspace/apply", &admin, bundle.clone()).await;
    assert_eq!((refused.status, &refused.body["errors"]), (422, &planned["errors"]), "{refused:?}");
    let named: Vec<&Value> = planned["errors"].as_array().expect("errors").iter().map(|fault| &fault["file"]).collect();
    assert_eq!(named, ["notes/private.txt", "./old.wasm"]);
    let applied = service.post("/v1/workspace/apply", &admin, with_table("key,value\n10115,na\n")).await;
    assert_eq!(applied.status, 200, "{applied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_one_that_was_uploaded_or_that_a_revision_had() {
    let (service, admin) = empty().await;
    let csv = "key,value\n10115,na\n";
    let applied = service.post("/v1/workspace/apply", &admin, with_table(csv)).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    let kept = service.host.store.kept(&"acme".into(), &Digest::of(csv.as_bytes())).await.expect("it reads");
    assert!(kept.is_some(), "the table is kept under its digest");
    let refused = service.post("/v1/workspace/plan", &admin, with_component(&Digest::of(csv.as_bytes()))).await.body;
    let reason = refused["errors"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("is not on this server"), "a table is no component: {reason}");
    let had = Digest::of(rota::bundled::BUNDLED[1].1);
    let planned = service.post("/v1/workspace/plan", &admin, with_component(&had)).await.body;
    assert_eq!(planned["errors"], json!([]), "the revision before decided with it");
}

/// A bundle with a table of more than half a MiB, whose rows begin with this one.
fn table(first: usize) -> Value {
    let rows: String = (first..first + 40_000).map(|n| format!("{n:010},na\n")).collect();
    with_table(&format!("key,value\n{rows}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_all_revisions_together_are_no_more_than_the_plan_grants() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[]);
    plan.plans.tenants.insert("acme".into(), Plan { files_mib: Some(1), ..Plan::default() });
    let service = Service::with(folder, plan).await;
    service.host.store.open(&"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let admin = service.token("acme", Role::Admin).await;
    let apply = async |bundle: Value| service.post("/v1/workspace/apply", &admin, bundle).await;
    let first = apply(table(0)).await;
    assert_eq!(first.status, 200, "{first:?}");
    let refused = apply(table(50_000)).await;
    let reason = refused.body["errors"][0]["reason"].as_str().expect("a reason").to_owned();
    assert!(refused.status == 422 && reason.contains("2 MiB together") && reason.contains("grants 1"), "{reason}");
    // What is kept already is counted once.
    let mut again = table(0);
    again["files"]["workspace.toml"] = json!(workspace("acme", TABLE).replace("triage", "later"));
    assert_eq!(apply(again).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_more_files_than_its_plan_grants_can_still_go_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[]);
    plan.plans.named = [("small".to_owned(), Plan { files_mib: Some(1), ..Plan::default() })].into();
    let service = Service::with(folder, plan).await;
    service.host.store.open(&"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let (admin, host) = (service.token("acme", Role::Admin).await, service.token("", Role::Host).await);
    let apply = async |bundle: Value| service.post("/v1/workspace/apply", &admin, bundle).await;
    let first = apply(table(0)).await;
    assert_eq!((first.status, apply(table(50_000)).await.status), (200, 200));
    let changed = service.call("PATCH", "/v1/tenants/acme", &host, json!({ "plan": "small" })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let back = json!({ "revision": first.body["revision"] });
    let back = service.post("/v1/workspace/rollback", &admin, back).await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(apply(table(50_000)).await.status, 200, "its files are there, too");
    assert_eq!(apply(table(100_000)).await.status, 422, "and these are not");
}
