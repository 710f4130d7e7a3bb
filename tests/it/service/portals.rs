//! Whose a CRM account is, while its tenant is at work and while it is not.

use std::path::Path;
use std::sync::Arc;

use rota::compose::{self, Plan};
use rota::config::Directory;
use rota::workspaces::Unread;
use rota_domain::access::Role;
use rota_domain::id::Seed;
use rota_sandbox::Sandbox;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::limits::hook;
use super::workspace::{empty, files};
use super::{Service, connection, double, plan, until, workspace};

/// A workspace that connects the account 7 at this double, with a token of this name.
fn claiming(tenant: &str, sandbox: &Sandbox, token: &str) -> Value {
    files(&workspace(tenant, &connection(sandbox, 7)).replace("\"TOKEN\"", &format!("\"{token}\"")))
}

/// A server whose environment has every secret but this one.
fn without(folder: &Path, missing: &'static str) -> Plan {
    let secret = |name: &str| if name == "SECRET" { "secret" } else { "pat-sandbox" }.to_owned();
    let mut plan = plan(folder, &[]);
    plan.secrets = Arc::new(move |name| (name != missing).then(|| secret(name)));
    plan
}

/// A server that keeps `acme`, whose account is 7 at this double, and the new tenant `birch`;
/// with the tokens of their admins.
async fn neighbours(sandbox: &Sandbox) -> (TempDir, [String; 2]) {
    let (service, admin) = empty().await;
    service.host.store.open(&"birch".into(), Seed::from_number(2)).await.expect("a tenant");
    let birch = service.token("birch", Role::Admin).await;
    let applied = service.post("/v1/workspace/apply", &admin, claiming("acme", sandbox, "TOKEN")).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    (service.stop().await, [admin, birch])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_stays_with_a_tenant_that_does_not_start_until_it_lets_go() {
    let (own, forged) = (double(7).await, double(7).await);
    let (folder, [acme, birch]) = neighbours(&own).await;
    let lost = without(folder.path(), "TOKEN");
    let service = Service::with(folder, lost).await;
    let taking = claiming("birch", &forged, "BIRCH_HUBSPOT_TOKEN");
    let refused = service.post("/v1/workspace/apply", &birch, taking.clone()).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.to_string().contains("is connected already"), "{refused:?}");
    let let_go = service.post("/v1/workspace/apply", &acme, files(&workspace("acme", ""))).await;
    assert_eq!(let_go.status, 200, "{let_go:?}");
    let taken = service.post("/v1/workspace/apply", &birch, taking).await;
    assert_eq!(taken.status, 200, "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_for_a_tenant_that_does_not_start_waits_until_it_does() {
    let own = double(7).await;
    let (folder, _) = neighbours(&own).await;
    let lost = without(folder.path(), "TOKEN");
    let service = Service::with(folder, lost).await;
    let (status, _, receipt) = hook(&service, &[(7, 11)]).await;
    assert_eq!((status, &receipt["accepted"]), (200, &json!(1)), "{receipt}");
    let acme = "acme".into();
    assert_eq!(service.host.store.backlog(&acme).await.expect("a backlog").0, 1);
    let folder = service.stop().await;
    let found = plan(folder.path(), &[]);
    let service = Service::with(folder, found).await;
    until("the decision", async || service.host.store.log(&acme, 0, 9).await.expect("the log").len() == 1).await;
}

/// A server's plan to serve a directory that is not there.
fn missing(mut plan: Plan) -> Plan {
    let nowhere = Path::new("nowhere");
    let error = Directory::open(nowhere).expect_err("it is not there");
    plan.directories.unread.push(Unread::new(nowhere, error.into()));
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_would_serve_nobody_for_want_of_a_directory_fails_with_what_is_wrong_with_it() {
    let own = double(7).await;
    let folder = tempfile::tempdir().expect("a folder");
    let served = plan(folder.path(), &[workspace("acme", &connection(&own, 7))]);
    let folder = Service::with(folder, served).await.stop().await;
    let started = compose::start(missing(without(folder.path(), "TOKEN"))).await;
    let error = started.err().expect("nobody is served");
    assert!(error.to_string().contains("nowhere"), "{error:#}");
    // With its token, the tenant goes on from the database.
    let found = missing(plan(folder.path(), &[]));
    Service::with(folder, found).await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_directory_holds_and_is_not_read_is_neither_served_nor_changed_and_its_events_wait() {
    let own = double(7).await;
    let (folder, [acme, birch]) = neighbours(&own).await;
    let mut held = missing(plan(folder.path(), &[]));
    held.directories.hold.insert("acme".into());
    let service = Service::with(folder, held).await;
    assert!(service.host.tenants().is_empty(), "what was applied is not what holds");
    let applied = service.post("/v1/workspace/apply", &acme, files(&workspace("acme", ""))).await;
    assert_eq!((applied.status, &applied.body["type"]), (409, &json!("urn:rota:problem:served-from-files")));
    assert_eq!(hook(&service, &[(7, 11)]).await.0, 200);
    assert_eq!(service.host.store.backlog(&"acme".into()).await.expect("a backlog").0, 1);
    let other = service.post("/v1/workspace/apply", &birch, files(&workspace("birch", ""))).await;
    assert_eq!(other.status, 200, "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_directory_holds_and_is_not_read_keeps_the_last_revision_that_came_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = plan(folder.path(), &[workspace("acme", "")]);
    let folder = Service::with(folder, served).await.stop().await;
    let mut held = missing(plan(folder.path(), &[]));
    held.directories.hold.insert("acme".into());
    let service = Service::with(folder, held).await;
    assert_eq!(service.host.tenants(), ["acme".into()]);
    let admin = service.token("acme", Role::Admin).await;
    let applied = service.post("/v1/workspace/apply", &admin, files(&workspace("acme", ""))).await;
    assert_eq!(applied.status, 409, "{applied:?}");
}
