//! What is kept only for a time, and what is said of it afterwards.

use jiff::SignedDuration;
use rota::retention::Keep;
use rota_domain::access::Role;
use rota_domain::plan::Plan;
use serde_json::json;

use super::{Service, now, on_each, workspace};

on_each! {
    a_decision_older_than_its_tenant_s_plan_keeps_says_so_and_its_facts_go_later,
}

async fn a_decision_older_than_its_tenant_s_plan_keeps_says_so_and_its_facts_go_later() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let call =
        json!({"lead": {"id": "web:1", "properties": {"email": "joe@telltale.example"}}, "idempotency_key": "k"});
    let first = service.post("/v1/route", &token, call.clone()).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let id = first.body["decision"].as_str().expect("an id");
    let (database, tenant) = (service.database().await, "acme".into());
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let later = |days: i64| now() + SignedDuration::from_hours(24 * days);
    let sweep = async |keep: Option<u32>, days| {
        let plan = Plan { keep_days: keep, keep_facts_days: Some(400), ..Plan::default() };
        let keep = Keep::of(&plan);
        let gone = rota::retention::one(&*database, &tenant, keep, later(days), &stopped).await.expect("swept");
        (gone.decisions, gone.arrivals, gone.facts)
    };
    assert_eq!(sweep(None, 80).await, (0, 0, 0), "nothing goes where the plan says nothing");
    assert_eq!(sweep(Some(30), 29).await, (0, 0, 0), "it is not that old");
    let again = service.post("/v1/route", &token, call.clone()).await;
    assert_eq!((&again.body["decision"], &again.body["repeated"]), (&json!(id), &json!(true)));
    assert_eq!(sweep(Some(30), 31).await, (1, 1, 0));

    let why = service.rota(&["why", id]);
    assert!(why.out.contains("older than the tenant's plan keeps"), "{}", why.out);
    let replayed = service.rota(&["replay", "--all", "--json"]).json();
    let skipped = replayed["skipped"][0]["why"].as_str().expect("a reason");
    assert!(skipped.contains("older than the tenant's plan keeps"), "{skipped}");
    let log = service.rota(&["log", "--json"]).lines();
    assert_eq!((log.len(), &log[0]["rep"]), (1, &json!("ada")), "the facts stay");
    assert_eq!(service.rota(&["fairness"]).code, 0, "fairness reads facts alone");
    assert_eq!(sweep(Some(30), 399).await, (0, 0, 0));
    assert_eq!(sweep(Some(30), 401).await, (0, 0, 1));
    for command in ["why", "replay"] {
        let gone = service.rota(&[command, id]);
        assert!(
            gone.code == 2 && gone.err.contains("are no longer kept") && gone.err.contains("keep_facts_days"),
            "{}",
            gone.err
        );
        let never = service.rota(&[command, "7fffffff-ffff-7fff-bfff-ffffffffffff"]);
        assert!(never.code == 2 && !never.err.contains("no longer kept"), "{}", never.err);
    }
    let gone = service.get(&format!("/v1/why/{id}"), &token).await;
    assert!(gone.status == 404 && gone.body["detail"].to_string().contains("no longer kept"), "{gone:?}");
    let fairness = service.rota(&["fairness", "--json"]).json();
    assert_eq!((&fairness["ok"], &fairness["pools"][0]["picks"]), (&json!(true), &json!(1)), "its turn counts");
    let new = service.post("/v1/route", &token, call).await;
    assert_eq!(new.body["repeated"], json!(false), "so long after, the same key is a new call");
}
