//! Who changed what is remembered, for the tenant and for the host.

use rota_domain::access::Role;
use serde_json::{Value, json};

use super::{Service, on_each, workspace};

on_each! {
    a_change_is_noted_with_who_made_it_and_only_where_it_belongs,
    the_audit_log_is_read_on_from_where_it_ended,
    what_the_operator_does_to_a_tenant_is_seen_by_both,
}

async fn a_change_is_noted_with_who_made_it_and_only_where_it_belongs() {
    let service = Service::start(&[workspace("acme", ""), workspace("bolt", "")]).await;
    let (acme, bolt) = (service.token("acme", Role::Admin).await, service.token("bolt", Role::Admin).await);
    let made = service.post("/v1/tokens", &acme, json!({"role": "viewer", "name": "dashboards"})).await;
    let id = made.body["id"].as_str().expect("an id").to_owned();
    service.call("DELETE", &format!("/v1/tokens/{id}"), &acme, Value::Null).await;
    let changes = service.get("/v1/audit", &acme).await.body;
    let mine: Vec<&Value> =
        changes["items"].as_array().expect("changes").iter().filter(|change| change["thing"] == id).collect();
    let actions: Vec<&str> = mine.iter().filter_map(|change| change["action"].as_str()).collect();
    assert_eq!(actions, ["token.made", "token.revoked"]);
    assert!(mine.iter().all(|change| change["who"].as_str().is_some_and(|who| who.starts_with("a test's admin"))));
    assert!(!service.get("/v1/audit", &bolt).await.body.to_string().contains(&id));
}

async fn the_audit_log_is_read_on_from_where_it_ended() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    for n in 0..4 {
        service.post("/v1/tokens", &admin, json!({"role": "viewer", "name": format!("n{n}")})).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("/v1/audit?limit=2{after}"), &admin).await.body;
        seen.extend(page["items"].as_array().expect("changes").iter().map(|change| change["n"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let whole = service.get("/v1/audit", &admin).await.body;
    let whole: Vec<Value> =
        whole["items"].as_array().expect("changes").iter().map(|change| change["n"].clone()).collect();
    assert_eq!((seen.len(), &seen), (5, &whole));
}

async fn what_the_operator_does_to_a_tenant_is_seen_by_both() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let (host, admin) = (service.token("", Role::Host).await, service.token("acme", Role::Admin).await);
    service.call("PATCH", "/v1/tenants/acme", &host, json!({"suspended": true})).await;
    for (path, token) in [("/v1/audit", &admin), ("/v1/host/audit", &host)] {
        let changes = service.get(path, token).await.body.to_string();
        assert!(changes.contains("tenant.suspended"), "{path}: {changes}");
    }
}
