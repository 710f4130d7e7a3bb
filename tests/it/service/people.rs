//! Persons given out and erased over HTTP, and what stays of them.

use std::time::Duration;

use rota_domain::access::Role;
use rota_flow::ports::{Arrival, Payload};
use serde_json::json;

use super::{Service, on_each, workspace};
use crate::store::sealed::found;

on_each! {
    a_person_is_given_out_whole_and_then_erased_and_the_log_keeps_the_facts,
    who_comes_again_after_an_erasure_joins_no_decision_from_before,
    a_crm_that_asks_for_an_erasure_is_obeyed,
}

/// Lets leads of these addresses come, each with a record of its own, and be decided.
async fn decided(service: &Service, leads: &[(&str, &str)]) {
    let arrival = |(id, email): &(&str, &str)| {
        let lead = json!({"id": id, "properties": {"email": email, "firstname": "Telltale"}});
        let lead = Box::new(serde_json::from_value(lead).expect("a lead"));
        let occurred = jiff::Timestamp::UNIX_EPOCH;
        Arrival { dedupe_key: (*id).to_owned(), occurred, payload: Payload::Lead { lead, flow: None } }
    };
    let (store, tenant) = (&service.host.store, "acme".into());
    let before = store.log(&tenant, 0, 99).await.expect("a log").len();
    store.accept(&tenant, leads.iter().map(arrival).collect(), jiff::Timestamp::UNIX_EPOCH).await.expect("accepted");
    for _ in 0..200 {
        if store.log(&tenant, 0, 99).await.expect("a log").len() >= before + leads.len() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("they were not decided");
}

async fn a_person_is_given_out_whole_and_then_erased_and_the_log_keeps_the_facts() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    decided(&service, &[("web:1", "joe@telltale.example"), ("web:2", "eve@telltale.example")]).await;
    let folder = service.folder.path();
    assert_eq!(found(folder, &["telltale", &admin]), Vec::<String>::new(), "no file holds a value or a token");

    let asked = json!({"email": "JOE@telltale.example"});
    let told = service.post("/v1/people/export", &admin, asked.clone()).await;
    assert_eq!((told.status, &told.body["leads"]), (200, &json!(["web:1"])));
    let decision = &told.body["decisions"][0];
    assert_eq!(decision["lead"]["properties"]["firstname"], "Telltale");
    assert_eq!(decision["transcript"][0][0], "plugin");
    let id = decision["decision"]["decision"].as_str().expect("an id").to_owned();

    let erased = service.post("/v1/people/erase", &admin, asked.clone()).await;
    assert_eq!(erased.body, json!({"persons": 1, "decisions": 1, "effects": 0, "arrivals": 0}));
    let told = service.post("/v1/people/export", &admin, asked).await;
    assert_eq!(told.body, json!({"leads": [], "decisions": [], "waiting": []}));

    // The facts stay, and say who erased what they were about.
    let why = service.rota(&["why", &id]);
    assert!(why.out.contains("Personal data was erased") && why.out.contains("a test's admin"), "{}", why.out);
    assert!(!why.out.to_lowercase().contains("telltale"), "{}", why.out);
    let replayed = service.rota(&["replay", "--all", "--json"]).json();
    assert_eq!((&replayed["identical"], &replayed["skipped"][0]["decision"]), (&json!(1), &json!(id)));
    let skipped = replayed["skipped"][0]["why"].as_str().expect("a reason");
    assert!(skipped.contains("the person was erased at") && skipped.contains("a test's admin"), "{skipped}");
    let log = service.rota(&["log", "--json"]).lines();
    assert_eq!((log.len(), &log[0]["reason"]["detail"]), (2, &json!("erased")));

    let changes = service.database().await.changes(Some(&"acme".into()), 0, 99).await.expect("changes");
    let of_people: Vec<_> = changes.iter().filter(|(_, change)| change.action.starts_with("person.")).collect();
    assert_eq!(of_people.len(), 3);
    assert!(!format!("{of_people:?}").to_lowercase().contains("telltale"), "the audit log names nobody");
}

async fn who_comes_again_after_an_erasure_joins_no_decision_from_before() {
    let folder = tempfile::tempdir().expect("a folder");
    // Leads of one person join within an hour.
    let text = workspace("acme", "").replace("coalesce = \"0\"", "coalesce = \"1h\"");
    let plan = super::plan(folder.path(), &[text]);
    let service = Service::with(folder, plan).await;
    let admin = service.token("acme", Role::Admin).await;
    decided(&service, &[("web:1", "joe@telltale.example")]).await;
    decided(&service, &[("web:2", "joe@telltale.example")]).await;
    let outcomes = async || {
        let log = service.host.store.log(&"acme".into(), 0, 99).await.expect("a log");
        log.iter().map(|stored| stored.decision.outcome.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes().await, ["assign", "coalesced"], "the second joins the first");
    let erased = service.post("/v1/people/erase", &admin, json!({"lead": "web:1"})).await;
    assert_eq!(erased.body["decisions"], 2, "they are one person");
    decided(&service, &[("web:3", "joe@telltale.example")]).await;
    assert_eq!(outcomes().await[2], "assign", "somebody new, though the sequencer knew them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_to_be_named_in_one_way() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let both = json!({"email": "joe@telltale.example", "lead": "web:1"});
    for asked in [json!({}), both, json!({"email": "telltale"})] {
        let refused = service.post("/v1/people/erase", &admin, asked).await;
        assert_eq!((refused.status, &refused.body["type"]), (422, &json!("urn:rota:problem:bad-person")));
        assert!(!refused.body.to_string().contains("telltale"));
    }
    let viewer = service.token("acme", Role::Operator).await;
    assert_eq!(service.post("/v1/people/export", &viewer, json!({"lead": "web:1"})).await.status, 403);
}

async fn a_crm_that_asks_for_an_erasure_is_obeyed() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    decided(&service, &[("hs:contact:1", "joe@telltale.example"), ("hs:contact:2", "eve@telltale.example")]).await;
    let payload = Payload::Erasure { connection: "hs".into(), object: "contact".into(), id: "1".into() };
    let asked = Arrival { dedupe_key: "erase".into(), occurred: jiff::Timestamp::UNIX_EPOCH, payload };
    service.host.store.accept(&"acme".into(), vec![asked], jiff::Timestamp::UNIX_EPOCH).await.expect("accepted");
    let kept = async |lead: &str| {
        let told = service.post("/v1/people/export", &admin, json!({"lead": lead})).await;
        told.body["decisions"].as_array().expect("decisions").len()
    };
    for _ in 0..200 {
        if kept("hs:contact:1").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((kept("hs:contact:1").await, kept("hs:contact:2").await), (0, 1));
    let log = service.host.store.log(&"acme".into(), 0, 9).await.expect("a log");
    let told = service.host.store.decision(&"acme".into(), &log[0].decision.id).await.expect("it reads");
    assert_eq!(told.expect("it stays").erased.expect("an erasure").who, "the CRM's privacy deletion");
    assert_eq!(service.host.store.backlog(&"acme".into()).await.expect("a backlog").0, 0, "what asked is settled");
}
