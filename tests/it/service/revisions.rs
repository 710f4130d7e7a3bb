//! What a workspace was: listed, given back, rolled back to, and kept over restarts.

use std::collections::BTreeSet;
use std::fs;

use rota_domain::access::Role;
use rota_domain::id::Seed;
use rota_flow::ports::{Arrival, Payload, Store};
use serde_json::{Value, json};

use super::workspace::{empty, files, rota};
use super::{Service, on_each, plan, workspace};

on_each! {
    only_comments_are_a_revision_that_says_so,
    who_was_not_first_is_told_so_and_changes_nothing,
    a_revision_is_rolled_back_to_and_exported_byte_for_byte,
    a_table_and_a_plugin_are_replaced_and_the_comments_stay,
    an_applied_workspace_is_there_after_a_restart_and_no_directory_takes_its_place,
    a_directory_holds_again_once_the_operator_says_so,
    every_lead_is_decided_once_under_one_revision_while_twenty_are_applied,
}

/// A workspace with a table, and what the plan's text is made from.
const FIRST: &str = r#"# Acme, as the consultant wrote it.
workspace = "acme"
time_zone = "UTC"

[[reps]]
id = "ana"       # she began it all
name = "Ana"

[[reps]]
id = "bo"
name = "Bo"

[[pools]]
id = "na"
members = [{ rep = "ana", weight = 2 }, { rep = "bo" }]

[[tables]]
id = "postal"
file = "tables/postal.csv"

[[flows]]
id = "inbound"
plugin = "next-in-line"     # the bundled one
settings = "settings/inbound.json"
fallback = { queue = "triage" }
"#;

fn first() -> Value {
    json!({ "files": {
        "workspace.toml": FIRST,
        "settings/inbound.json": "{ \"pool\": \"na\" }\n",
        "tables/postal.csv": "key,value\n10115,na\n80331,na\n"
    }, "note": "first" })
}

async fn apply(service: &Service, token: &str, bundle: Value) -> Value {
    let applied = service.post("/v1/workspace/apply", token, bundle).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    applied.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_reads_what_would_change() {
    let (service, admin) = empty().await;
    apply(&service, &admin, first()).await;
    let text = FIRST
        .replace("name = \"Bo\"", "name = \"Bo\"\nemail = \"bo@acme.test\"\nactive = false")
        .replace("[[pools]]", "[[reps]]\nid = \"cy\"\nname = \"Cy\"\n\n[[pools]]")
        .replace("{ rep = \"bo\" }", "{ rep = \"cy\", weight = 3 }")
        .replace("\"triage\"", "\"later\"")
        .replace(
            "[[flows]]",
            "[[sources]]\nclass = \"inbound:chatbot\"\nwhen = { property = \"src\", is = \"bot\" }\n\n[[flows]]",
        );
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("workspace.toml", text.as_str()),
        ("settings/inbound.json", "{ \"pool\": \"na\" }\n"),
        ("tables/postal.csv", "key,value\n10115,eu\n20095,na\n20097,na\n"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    let planned = rota(&service, &admin, folder.path(), &["plan"]).await;
    assert_eq!(planned.code, 0, "{}", planned.err);
    let revision = service.get("/v1/workspace", &admin).await.body["revision"].to_string();
    insta::assert_snapshot!(planned.out.replace(&format!("revision {revision}"), "revision N"), @r#"
    acme, against revision N

    reps
      ~ bo
          email: + "bo@acme.test"
          active: true -> false
      + cy
          name: "Cy"
          active: true

    pools
      ~ na
          members/bo: - 1
          members/cy: + 3

    tables
      ~ postal  2 rows added, 1 row removed, 1 row changed

    sources
      + inbound:chatbot
          when/property: "src"
          when/is: "bot"

    flows
      ~ inbound
          fallback/queue: "triage" -> "later"

    2 to add, 4 to change, 0 to remove.
    "#);
}

async fn only_comments_are_a_revision_that_says_so() {
    let (service, admin) = empty().await;
    let base = apply(&service, &admin, first()).await["revision"].clone();
    let mut again = first();
    again["files"]["workspace.toml"] = json!(FIRST.replace("she began it all", "our first"));
    let planned = service.post("/v1/workspace/plan", &admin, json!({ "files": again["files"] })).await.body;
    assert_eq!((&planned["changes"], &planned["files"]), (&json!([]), &json!(["workspace.toml"])));
    let applied = apply(&service, &admin, again).await;
    assert_eq!((&applied["changed"], &applied["base"]), (&json!(true), &base));
}

async fn who_was_not_first_is_told_so_and_changes_nothing() {
    let (service, admin) = empty().await;
    let base = apply(&service, &admin, first()).await["revision"].as_u64().expect("a number");
    let other = |queue: &str| {
        let mut other = first();
        other["files"]["workspace.toml"] = json!(FIRST.replace("triage", queue));
        other["base"] = json!(base);
        other
    };
    let (one, two) = tokio::join!(
        service.post("/v1/workspace/apply", &admin, other("one")),
        service.post("/v1/workspace/apply", &admin, other("two")),
    );
    let statuses = BTreeSet::from([one.status, two.status]);
    assert_eq!(statuses, BTreeSet::from([200, 409]), "{one:?} {two:?}");
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!(lost.body["type"], "urn:rota:problem:moved");
    assert_eq!(lost.body["revision"], won.body["revision"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_applies_at_once_are_one_after_the_other() {
    let (service, admin) = empty().await;
    let (one, two) = tokio::join!(
        service.post("/v1/workspace/apply", &admin, first()),
        service.post("/v1/workspace/apply", &admin, files(&workspace("acme", ""))),
    );
    assert!([one.status, two.status].contains(&200), "{one:?} {two:?}");
    let revisions = service.get("/v1/workspace/revisions", &admin).await.body;
    let applied = [&one, &two].into_iter().filter(|answer| answer.status == 200).count();
    assert_eq!(revisions["items"].as_array().map(Vec::len), Some(applied), "{revisions}");
}

async fn a_revision_is_rolled_back_to_and_exported_byte_for_byte() {
    let (service, admin) = empty().await;
    let one = apply(&service, &admin, first()).await["revision"].clone();
    let two = apply(&service, &admin, files(&workspace("acme", ""))).await["revision"].clone();
    let folder = tempfile::tempdir().expect("a folder");
    let back = rota(&service, &admin, folder.path(), &["rollback", &one.to_string(), "--json"]).await.json();
    assert_eq!(back["base"], two);
    let exported = rota(&service, &admin, folder.path(), &["export", "out"]).await;
    assert_eq!(exported.code, 0, "{}", exported.err);
    for (path, text) in first()["files"].as_object().expect("files") {
        assert_eq!(json!(fs::read_to_string(folder.path().join("out").join(path)).expect(path)), *text, "{path}");
    }
    // What was exported is what holds.
    let planned = rota(&service, &admin, &folder.path().join("out"), &["plan", "--json"]).await.json();
    assert_eq!((&planned["changes"], &planned["files"]), (&json!([]), &json!([])));
    fs::write(folder.path().join("out/workspace.toml"), "mine").expect("written");
    let refused = rota(&service, &admin, folder.path(), &["export", "out"]).await;
    assert_eq!(refused.code, 2, "{}", refused.out);
    assert_eq!(fs::read_to_string(folder.path().join("out/workspace.toml")).expect("there"), "mine");
    let listed = rota(&service, &admin, folder.path(), &["revisions", "--json"]).await.lines();
    let told: Vec<_> = listed.iter().map(|one| (one["revision"].clone(), one["note"].clone())).collect();
    let expected =
        [(&back["revision"], json!(format!("back to revision {one}"))), (&two, Value::Null), (&one, json!("first"))];
    assert_eq!(told, expected.map(|(number, note)| (number.clone(), note)));
    assert!(listed[0]["who"].as_str().is_some_and(|who| who.starts_with("a test's admin")), "{listed:?}");
}

async fn a_table_and_a_plugin_are_replaced_and_the_comments_stay() {
    let (service, admin) = empty().await;
    let base = apply(&service, &admin, first()).await["revision"].clone();
    let put = |csv: &'static str| service.raw("PUT", "/v1/tables/postal", &admin, "text/csv", csv);
    let bad = put("key,value\n10115,na\n10115,eu\n").await;
    assert_eq!((bad.status, &bad.body["errors"][0]["file"]), (422, &json!("tables/postal.csv")), "{bad:?}");
    assert_eq!(bad.body["errors"][0]["line"], 3);
    let good = put("key,value\n10115,eu\n").await;
    assert_eq!(good.status, 200, "{good:?}");
    assert_eq!(good.body["changes"][0]["rows"], json!({"added": 0, "removed": 1, "changed": 1}));
    assert_ne!(good.body["revision"], base);
    let unknown = service.raw("PUT", "/v1/tables/other", &admin, "text/csv", "key,value\n").await;
    assert_eq!(unknown.status, 404);
    let digest = rota_domain::id::Digest::of(rota::bundled::BUNDLED[1].1);
    let path = format!("/v1/plugins/{digest}/activate");
    let used = service.post(&path, &admin, json!({ "flow": "inbound" })).await;
    assert_eq!(used.status, 200, "{used:?}");
    let now = service.get("/v1/workspace", &admin).await.body;
    let text = now["files"]["workspace.toml"].as_str().expect("text");
    assert_eq!(text, FIRST.replace("\"next-in-line\"", &format!("\"{digest}\"")));
    assert_eq!(now["files"]["tables/postal.csv"], "key,value\n10115,eu\n");
    let nothing = service.post("/v1/plugins/sha256:00/activate", &admin, json!({ "flow": "inbound" })).await;
    assert_eq!(nothing.status, 422, "{nothing:?}");
}

async fn an_applied_workspace_is_there_after_a_restart_and_no_directory_takes_its_place() {
    let (service, admin) = empty().await;
    let revision = apply(&service, &admin, first()).await["revision"].clone();
    let folder = service.stop().await;
    let again = plan(folder.path(), &[workspace("acme", "")]);
    let service = Service::with(folder, again).await;
    let now = service.get("/v1/workspace", &admin).await.body;
    assert_eq!((&now["revision"], &now["note"]), (&revision, &json!("first")));
    apply(&service, &admin, files(&workspace("acme", ""))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_whose_directory_is_served_no_more_is_opened_from_the_database() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let before = service.get("/v1/workspace", &admin).await.body["revision"].clone();
    let refused = service.post("/v1/workspace/apply", &admin, first()).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let folder = service.stop().await;
    let none = plan(folder.path(), &[]);
    let service = Service::with(folder, none).await;
    let routed = service.post("/v1/route", &admin, json!({"lead": {"id": "web:1"}})).await;
    assert_eq!((routed.status, &routed.body["rep"], &routed.body["revision"]), (200, &json!("ada"), &before));
    apply(&service, &admin, first()).await;
}

async fn a_directory_holds_again_once_the_operator_says_so() {
    let (service, admin) = empty().await;
    apply(&service, &admin, first()).await;
    let folder = service.stop().await;
    let mut back = plan(folder.path(), &[workspace("acme", "")]);
    back.directories.hold.insert("acme".into());
    let service = Service::with(folder, back).await;
    let rep = async |service: &Service, lead: &str| {
        service.post("/v1/route", &admin, json!({"lead": {"id": lead}})).await.body["rep"].clone()
    };
    assert_eq!(rep(&service, "web:1").await, "ada");
    assert_eq!(service.post("/v1/workspace/apply", &admin, first()).await.status, 409);
    // It was not applied any more, and so needs no word the next time.
    let folder = service.stop().await;
    let still = plan(folder.path(), &[workspace("acme", "")]);
    let service = Service::with(folder, still).await;
    assert_eq!(rep(&service, "web:2").await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_cannot_start_keeps_no_other_from_starting() {
    let (service, admin) = empty().await;
    service.host.store.open(&"birch".into(), Seed::from_number(2)).await.expect("a tenant");
    let birch = service.token("birch", Role::Admin).await;
    apply(&service, &admin, first()).await;
    let sandbox = super::double(1).await;
    let bundle = files(&workspace("birch", &super::connection(&sandbox, 1)));
    apply(&service, &birch, bundle.clone()).await;
    let folder = service.stop().await;
    let mut lost = plan(folder.path(), &[]);
    lost.secrets = std::sync::Arc::new(|name| (name == "SECRET").then(|| "secret".to_owned()));
    let service = Service::with(folder, lost).await;
    assert_eq!(service.get("/v1/workspace", &admin).await.status, 200);
    let refused = service.post("/v1/workspace/apply", &birch, bundle).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body["errors"][0]["reason"].as_str().is_some_and(|told| told.contains("TOKEN")), "{refused:?}");
}

async fn accept(store: &dyn Store, leads: std::ops::Range<usize>) {
    for n in leads {
        let lead = serde_json::from_value(json!({ "id": format!("lead-{n}") })).expect("a lead");
        let now = super::now();
        let payload = Payload::Lead { lead, flow: None };
        let arrival = Arrival { dedupe_key: format!("{n}"), occurred: now, payload };
        store.accept(&"acme".into(), vec![arrival], now).await.expect("it is accepted");
    }
}

async fn every_lead_is_decided_once_under_one_revision_while_twenty_are_applied() {
    let (service, admin) = empty().await;
    let mut known = BTreeSet::from([apply(&service, &admin, first()).await["revision"].as_u64().expect("a number")]);
    let store = service.host.store.clone();
    let leads = tokio::spawn(async move { accept(&*store, 0..590).await });
    for n in 0..20 {
        let mut bundle = first();
        bundle["files"]["workspace.toml"] = json!(FIRST.replace("triage", &format!("queue-{n}")));
        known.insert(apply(&service, &admin, bundle).await["revision"].as_u64().expect("a number"));
        // Some are decided before the last revision, and some after it.
        while n == 10 && service.host.store.log(&"acme".into(), 0, 1).await.expect("the log").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    assert_eq!(known.len(), 21);
    leads.await.expect("all are in");
    let store = &service.host.store;
    accept(&**store, 590..600).await;
    for _ in 0..600 {
        if store.backlog(&"acme".into()).await.expect("a backlog").0 == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let log = store.log(&"acme".into(), 0, 10_000).await.expect("the log");
    let decided: BTreeSet<_> = log.iter().map(|stored| stored.decision.lead.to_string()).collect();
    assert_eq!((log.len(), decided.len()), (600, 600));
    let seen: BTreeSet<u64> = log.iter().map(|stored| stored.decision.revision).collect();
    assert!(seen.is_subset(&known), "{seen:?} {known:?}");
    assert!(seen.len() > 1, "leads came under several revisions: {seen:?}");
    // A decision names the revision that held when it was entered.
    for stored in &log {
        let held = known.iter().copied().filter(|number| *number < stored.seq).max();
        assert_eq!(Some(stored.decision.revision), held, "entry {}", stored.seq);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_larger_than_other_bodies_is_taken_and_one_beyond_the_plan_is_not() {
    let (service, admin) = empty().await;
    apply(&service, &admin, first()).await;
    let rows: String = (0..80_000).map(|n| format!("code-{n:010},na\n")).collect();
    let taken = service.raw("PUT", "/v1/tables/postal", &admin, "text/csv", &format!("key,value\n{rows}")).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let folder = service.stop().await;
    let mut small = plan(folder.path(), &[]);
    let granted = rota_domain::plan::Plan { table_rows: Some(1), ..rota_domain::plan::Plan::default() };
    small.plans.tenants.insert("acme".into(), granted);
    let service = Service::with(folder, small).await;
    let refused = service.raw("PUT", "/v1/tables/postal", &admin, "text/csv", "key,value\n1,na\n2,na\n").await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body["errors"][0]["reason"].as_str().is_some_and(|told| told.contains("2 rows")), "{refused:?}");
}
