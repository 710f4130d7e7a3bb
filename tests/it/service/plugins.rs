//! Components of strangers, sent in over HTTP.

mod hostile;
mod push;
mod streaming;

use std::path::Path;
use std::sync::Arc;

use rota::bind::Shelf;
use rota::bundled::BUNDLED;
use rota::keeping::Keeping;
use rota_domain::access::Role;
use rota_domain::id::Digest;
use rota_tests::guest::{Guest, MANIFEST};
use serde_json::{Value, json};

use super::{Answer, Service, on_each, plan, workspace};
use crate::workshop::ROTA;

on_each! {
    an_upload_is_taken_in_once_and_can_be_listed_looked_at_and_fetched_back,
    a_flow_that_names_an_uploaded_plugin_has_it_after_a_restart_without_compiling_it_again,
    a_withdrawn_plugin_cannot_be_named_and_comes_back_when_it_is_uploaded_again,
    a_component_is_fetched_and_counted_once_however_often_it_is_named,
    the_plan_says_how_many_plugins_there_may_be,
}

/// A server whose strangers' components are compiled in children and kept.
async fn start(workspaces: &[String]) -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), workspaces);
    plan.keeping = Some(keeping(folder.path()));
    Service::with(folder, plan).await
}

fn keeping(folder: &Path) -> Keeping {
    Keeping {
        folder: folder.join("compiled"),
        key: folder.join("key"),
        program: (ROTA.into(), vec!["workshop".into()]),
    }
}

/// A plugin of this name and version that passes every lead on.
fn plugin(name: &str, version: &str) -> Vec<u8> {
    let manifest = MANIFEST.replace("\"guest\"", &format!("\"{name}\"")).replace("0.1.0", version);
    let guest = Guest::new("(func $decide (result i32) (call $pass))").bare();
    rota::author::embed(&guest, &manifest, None).expect("a manifest")
}

async fn upload(service: &Service, token: &str, component: Vec<u8>) -> Answer {
    let request = rota_tests::http().post(format!("{}/v1/plugins", service.url)).bearer_auth(token);
    let answer = request.header("Content-Type", "application/wasm").body(component).send().await.expect("an answer");
    let status = answer.status().as_u16();
    Answer { status, body: answer.json().await.expect("JSON") }
}

/// Names and versions that the list has, bundled ones left out.
async fn listed(service: &Service, token: &str) -> Vec<String> {
    let list = service.get("/v1/plugins", token).await;
    let rows = list.body["items"].as_array().expect("a list").iter().filter(|row| row["bundled"] == false);
    rows.map(|row| format!("{}@{}", row["name"].as_str().unwrap(), row["version"].as_str().unwrap())).collect()
}

async fn an_upload_is_taken_in_once_and_can_be_listed_looked_at_and_fetched_back() {
    let service = start(&[workspace("acme", "")]).await;
    let (admin, viewer) = (service.token("acme", Role::Admin).await, service.token("acme", Role::Viewer).await);
    let component = plugin("ours", "1.0.0");
    assert_eq!(upload(&service, &viewer, component.clone()).await.status, 403);
    let new = upload(&service, &admin, component.clone()).await;
    assert_eq!(
        (new.status, &new.body["name"], &new.body["manifest"]["reads"]["country"]),
        (201, &json!("ours"), &json!("text")),
        "{new:?}"
    );
    assert_eq!(new.body["digest"], Digest::of(&component).as_str());
    assert_eq!(upload(&service, &admin, component.clone()).await.status, 200);
    assert_eq!(listed(&service, &viewer).await, ["ours@1.0.0"]);
    let seen = service.get("/v1/plugins/ours", &viewer).await;
    assert_eq!((seen.status, &seen.body["digest"]), (200, &new.body["digest"]));
    let url = format!("{}/v1/plugins/ours@1.0.0/component", service.url);
    let back = rota_tests::http().get(url).bearer_auth(&viewer).send().await.expect("an answer");
    assert_eq!(back.bytes().await.expect("bytes"), component);
}

async fn a_flow_that_names_an_uploaded_plugin_has_it_after_a_restart_without_compiling_it_again() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let new = upload(&service, &admin, plugin("ours", "1.0.0")).await;
    assert_eq!(new.status, 201, "{new:?}");
    let folder = service.folder.path().join("compiled");
    let digest = new.body["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let written = || {
        let entries = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let code = entries.map(|entry| entry.path()).find(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&digest) && name.ends_with(".code")
        });
        std::fs::metadata(code.expect("its code")).expect("a file").modified().expect("a time")
    };
    let before = written();
    let Service { host, folder: kept, .. } = service;
    host.stop().await;

    let flow =
        workspace("acme", "").replace("\"next-in-line\"", "\"ours\"").replace("settings = { pool = \"all\" }\n", "");
    let mut plan = plan(kept.path(), &[flow]);
    plan.keeping = Some(keeping(kept.path()));
    let service = Service::with(kept, plan).await;
    assert_eq!(written(), before);
    let seen = service.get("/v1/plugins/ours", &admin).await;
    assert_eq!(seen.body["flows"], json!(["inbound"]));
    let path = format!("/v1/plugins/{}/withdraw", seen.body["digest"].as_str().unwrap());
    let refused = service.post(&path, &admin, Value::Null).await;
    assert_eq!((refused.status, &refused.body["type"]), (409, &json!("urn:rota:problem:in-use")));
    assert!(service.get("/v1/plugins/ours", &admin).await.body["withdrawn"].is_null());
}

async fn a_withdrawn_plugin_cannot_be_named_and_comes_back_when_it_is_uploaded_again() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let component = plugin("ours", "1.0.0");
    let digest = Digest::of(&component);
    upload(&service, &admin, component.clone()).await;
    let path = format!("/v1/plugins/{digest}/withdraw");
    assert_eq!(service.post(&path, &admin, Value::Null).await.status, 200);
    assert_eq!(service.post(&path, &admin, Value::Null).await.status, 404, "it is withdrawn already");
    assert_eq!(service.get("/v1/plugins/ours", &admin).await.status, 404, "no name means it");
    assert_eq!(service.get(&format!("/v1/plugins/{digest}"), &admin).await.status, 200, "and it can still be replayed");

    let store = service.database().await;
    for name in ["ours", digest.as_str()] {
        let flow = workspace("acme", "").replace("\"next-in-line\"", &format!("\"{name}\""));
        let mut loaded = plan(&service.folder.path().join("other"), &[flow]).workspaces.remove(0);
        let error =
            rota::bind::find_uploaded(&mut loaded, &*store, &*store).await.expect_err("it is refused").to_string();
        let words = if name == "ours" { "which is not there: use inbound-outbound" } else { "which was withdrawn at" };
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(upload(&service, &admin, component).await.status, 201);
    assert_eq!(service.get("/v1/plugins/ours", &admin).await.status, 200);
}

async fn a_component_is_fetched_and_counted_once_however_often_it_is_named() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let component = plugin("ours", "1.0.0");
    let digest = Digest::of(&component);
    let besides = (256 << 20) - component.len() as u64;
    assert_eq!(upload(&service, &admin, component).await.status, 201);
    let (acme, store) = ("acme".into(), service.database().await);
    let mut shelf = Shelf::new(&acme, &*store, &*store, besides).await.expect("a shelf");
    let first = shelf.component(&digest).await.expect("there is room").expect("it is there");
    let again = shelf.component(&digest).await.expect("no more room is needed").expect("it is there");
    assert!(Arc::ptr_eq(&first, &again), "it is in memory once");
    let mut full = Shelf::new(&acme, &*store, &*store, besides + 1).await.expect("a shelf");
    let refused = full.component(&digest).await.expect_err("it is refused").to_string();
    assert!(refused.contains("more than 256 MiB together"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_bundled_plugins_and_versions_that_are_there_are_taken() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let bundled = upload(&service, &admin, BUNDLED[0].1.to_vec()).await;
    assert_eq!((bundled.status, &bundled.body["bundled"]), (200, &json!(true)));
    let taken = upload(&service, &admin, plugin("territory", "9.0.0")).await;
    assert_eq!((taken.status, &taken.body["type"]), (409, &json!("urn:rota:problem:name-taken")));
    assert_eq!(upload(&service, &admin, plugin("ours", "1.0.0")).await.status, 201);
    let other = Guest::new("(func $decide (result i32) (call $pass) (drop) (call $pass))").bare();
    let manifest = MANIFEST.replace("\"guest\"", "\"ours\"").replace("0.1.0", "1.0.0");
    let other = rota::author::embed(&other, &manifest, None).expect("a manifest");
    let taken = upload(&service, &admin, other).await;
    assert_eq!((taken.status, &taken.body["type"]), (409, &json!("urn:rota:problem:version-taken")));
    assert_eq!(listed(&service, &admin).await, ["ours@1.0.0"]);
}

async fn the_plan_says_how_many_plugins_there_may_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[workspace("acme", "")]);
    let one = rota_domain::plan::Plan { plugins: Some(1), ..Default::default() };
    plan.plans.tenants.insert("acme".into(), one);
    let service = Service::with(folder, plan).await;
    let admin = service.token("acme", Role::Admin).await;
    let first = plugin("ours", "1.0.0");
    assert_eq!(upload(&service, &admin, first.clone()).await.status, 201);
    let refused = upload(&service, &admin, plugin("ours", "1.1.0")).await;
    assert_eq!((refused.status, &refused.body["type"]), (413, &json!("urn:rota:problem:quota")));
    assert!(refused.body["detail"].as_str().unwrap().contains("1 plugins of 256 MiB"), "{refused:?}");
    assert_eq!(upload(&service, &admin, first.clone()).await.status, 200, "what is there may be sent again");
    let path = format!("/v1/plugins/{}/withdraw", Digest::of(&first));
    assert_eq!(service.post(&path, &admin, Value::Null).await.status, 200);
    assert_eq!(upload(&service, &admin, plugin("ours", "1.1.0")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_tenants_upload_at_once_and_each_sees_its_own_only() {
    let names: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    let workspaces: Vec<String> = names.iter().map(|name| workspace(name, "")).collect();
    let service = std::sync::Arc::new(start(&workspaces).await);
    let uploads = names.iter().map(|name| {
        let (service, name) = (service.clone(), name.clone());
        tokio::spawn(async move {
            let admin = service.token(&name, Role::Admin).await;
            let answer = upload(&service, &admin, plugin(&name, "1.0.0")).await;
            assert_eq!(answer.status, 201, "{answer:?}");
            (listed(&service, &admin).await, name)
        })
    });
    for upload in uploads.collect::<Vec<_>>() {
        let (listed, name) = upload.await.expect("it ends");
        assert_eq!(listed, [format!("{name}@1.0.0")]);
    }
}
