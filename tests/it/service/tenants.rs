//! The host's operator makes tenants, gives them plans, and suspends them.

use std::sync::Arc;

use rota::tenants::Standings;
use rota_domain::access::Role;
use rota_domain::plan::{Plan, Plans};
use rota_flow::ports::{Arrival, Payload, Restanding, Tenancy, Whom};
use serde_json::json;

use super::limits::hook_of;
use super::wire::event;
use super::{Service, connection, double, now, on_each, plan, until, workspace};

on_each! {
    a_server_without_any_tenant_is_given_one_over_http_with_its_first_token,
    a_suspended_tenant_is_read_and_what_its_crm_sends_waits_for_the_end_of_that,
    what_a_crm_wants_erased_of_a_suspended_tenant_is_erased_while_its_leads_wait,
}

async fn a_server_without_any_tenant_is_given_one_over_http_with_its_first_token() {
    let service = Service::start(&[]).await;
    let host = service.token("", Role::Host).await;
    assert_eq!(service.get("/v1/tenants", &host).await.body, json!({"items": []}));
    let made = service.post("/v1/tenants", &host, json!({"tenant": "acme", "admin": "first"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let admin = made.body["token"].as_str().expect("a token");
    let tokens = service.get("/v1/tokens", admin).await;
    assert_eq!((tokens.status, &tokens.body["items"][0]["name"]), (200, &json!("first")));
    assert_eq!(service.get("/v1/tenants", &host).await.body["items"][0]["tenant"], "acme");
    let again = service.post("/v1/tenants", &host, json!({"tenant": "acme"})).await;
    assert_eq!((again.status, &again.body["type"]), (409, &json!("urn:rota:problem:tenant-exists")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_no_good_name_or_of_an_unknown_plan_is_not_made() {
    let service = Service::start(&[]).await;
    let host = service.token("", Role::Host).await;
    for (body, kind) in [
        (json!({"tenant": "../etc"}), "tenant-name"),
        (json!({"tenant": ""}), "tenant-name"),
        (json!({"tenant": "acme", "plan": "gold"}), "unknown-plan"),
    ] {
        let refused = service.post("/v1/tenants", &host, body).await;
        assert_eq!((refused.status, refused.body["type"].as_str()), (422, Some(&*format!("urn:rota:problem:{kind}"))));
    }
    assert_eq!(service.get("/v1/tenants", &host).await.body, json!({"items": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_holds_for_the_tenant_to_whom_it_was_given_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[workspace("acme", "")]);
    let small = Plan { fuel: Some(100_000), ..Plan::default() };
    let python = serde_json::from_value(json!({"languages": ["python"]})).expect("a plan");
    plan.plans.named = [("small".to_owned(), small), ("python".to_owned(), python)].into();
    let service = Service::with(folder, plan).await;
    let host = service.token("", Role::Host).await;
    let changed = service.call("PATCH", "/v1/tenants/acme", &host, json!({"plan": "small"})).await;
    assert_eq!((changed.status, &changed.body["plan"]), (200, &json!("small")), "{changed:?}");
    let refused = service.call("PATCH", "/v1/tenants/acme", &host, json!({"plan": "python"})).await;
    assert_eq!((refused.status, &refused.body["type"]), (409, &json!("urn:rota:problem:plan-too-small")));
    let changed = service.call("PATCH", "/v1/tenants/acme", &host, json!({"plan": null})).await;
    assert_eq!((changed.status, changed.body.get("plan")), (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_suspension_is_not_undone_by_what_was_read_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = rota_tests::open(&folder.path().join("rota.db")).await.expect("a database");
    let (tenancy, acme): (Arc<dyn Tenancy>, _) = (Arc::new(store), "acme".into());
    let standings = Arc::new(Standings::new(Plans::default(), Vec::new()));
    standings.make(&*tenancy, &acme, None, now()).await.expect("it is made");
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (standings, tenancy) = (standings.clone(), tenancy.clone());
            tokio::spawn(async move {
                loop {
                    standings.read(&*tenancy).await.expect("it is read");
                }
            })
        })
        .collect();
    for n in 0..300 {
        let suspended = n % 2 == 0;
        let change = Restanding { suspended: Some(suspended), plan: None };
        standings.change(&*tenancy, &acme, change).await.expect("it is changed");
        for _ in 0..20 {
            assert_eq!(standings.suspended(&acme), suspended, "after the change {n}");
            tokio::task::yield_now().await;
        }
    }
    readers.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn a_suspended_tenant_is_read_and_what_its_crm_sends_waits_for_the_end_of_that() {
    let sandbox = double(7).await;
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 7))]).await;
    let (host, admin) = (service.token("", Role::Host).await, service.token("acme", Role::Admin).await);
    assert_eq!(service.call("PATCH", "/v1/tenants/acme", &host, json!({"suspended": true})).await.status, 200);
    let refused = service.post("/v1/tokens", &admin, json!({"role": "viewer", "name": "x"})).await;
    assert_eq!((refused.status, &refused.body["type"]), (403, &json!("urn:rota:problem:suspended")));
    assert_eq!(service.get("/v1/tokens", &admin).await.status, 200);

    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    let contact = format!("http://{}/_sandbox/contacts", sandbox.address());
    let made = service.client.post(contact).json(&json!({"properties": {"email": "a@b.example"}})).send().await;
    assert!(made.expect("an answer").status().is_success());
    loop {
        let figures = service.get("/metrics", &host).await.body.to_string();
        if figures.contains(r#"result=\"suspended\"} "#) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Longer than anything waits in the inbox otherwise.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let acme = "acme".into();
    assert_eq!(service.host.store.backlog(&acme).await.expect("a backlog"), (1, 0));

    service.call("PATCH", "/v1/tenants/acme", &host, json!({"suspended": false})).await;
    let made = service.post("/v1/tokens", &admin, json!({"role": "viewer", "name": "x"})).await;
    assert_eq!(made.status, 201);
    until("the decision", async || service.host.store.log(&acme, 0, 9).await.expect("the log").len() == 1).await;
}

async fn what_a_crm_wants_erased_of_a_suspended_tenant_is_erased_while_its_leads_wait() {
    let sandbox = double(7).await;
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 7))]).await;
    let (host, acme) = (service.token("", Role::Host).await, "acme".into());
    let lead = json!({"id": "hs:contact:11", "properties": {"email": "joe@telltale.example"}});
    let payload = Payload::Lead { lead: serde_json::from_value(lead).expect("a lead"), flow: None };
    let joe = Arrival { dedupe_key: "joe".into(), occurred: now(), payload };
    service.host.store.accept(&acme, vec![joe], now()).await.expect("accepted");
    let store = service.database().await;
    let whom = Whom::Lead("hs:contact:11".into());
    let kept = async || store.export(&acme, &whom).await.expect("an export").decisions.len();
    until("the decision", async || kept().await == 1).await;
    assert_eq!(service.call("PATCH", "/v1/tenants/acme", &host, json!({"suspended": true})).await.status, 200);
    let told = json!([event("contact.creation", (7, 12)), event("contact.privacyDeletion", (7, 11))]).to_string();
    let (status, _, receipt) = hook_of(&service, told).await;
    let came = (&receipt["accepted"], &receipt["suspended"]);
    assert_eq!((status, came), (200, (&json!(1), &json!(1))), "{receipt}");
    until("the erasure", async || kept().await == 0).await;
    let waiting = service.host.store.waiting(&acme, 0, 9).await.expect("an inbox");
    let is_the_lead = |payload: &Payload| matches!(payload, Payload::Record { id, .. } if id == "12");
    assert!(waiting.iter().any(|row| is_the_lead(&row.payload)), "the lead waits: {waiting:?}");
}
