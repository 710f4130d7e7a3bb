//! A tenant's secrets: they go in, are used, and never come out.

use rota::custody::{Lent, Need, Sent, Way};
use rota_domain::access::Role;
use rota_flow::ports::{KeptSecret, Vault};
use rota_tests::http;
use serde_json::{Value, json};

use super::{Service, connection, double, on_each, plan, workspace};

on_each! {
    a_secret_goes_in_is_listed_by_name_and_never_comes_out,
}

/// A server whose one tenant has a CRM account, and whose environment has no token for it.
async fn unconnected(folder: tempfile::TempDir, sandbox: &rota_sandbox::Sandbox) -> Result<Service, String> {
    let mut plan = plan(folder.path(), &[workspace("acme", &connection(sandbox, 7))]);
    plan.secrets = std::sync::Arc::new(|name| (name == "SECRET").then(|| "secret".to_owned()));
    let host = rota::compose::start(plan).await.map_err(|error| format!("{error:#}"))?;
    Ok(Service { url: format!("http://{}", host.address), host, folder, client: http() })
}

async fn a_secret_goes_in_is_listed_by_name_and_never_comes_out() {
    let service = Service::start(&[workspace("acme", ""), workspace("birch", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let set = service.call("PUT", "/v1/secrets/HS_TOKEN", &admin, json!({"value": "pat-telltale"})).await;
    assert_eq!((set.status, &set.body), (200, &json!({"connected": false})));
    let list = service.get("/v1/secrets", &admin).await;
    assert_eq!(list.body["items"][0]["name"], "HS_TOKEN");
    assert!(!list.body.to_string().contains("telltale"));
    let changes = service.database().await.changes(Some(&"acme".into()), 0, 9).await.expect("changes");
    let (_, last) = changes.last().expect("a change");
    assert_eq!((last.action.as_str(), last.thing.as_str(), &last.detail), ("secret.set", "HS_TOKEN", &None));

    let other = service.token("birch", Role::Admin).await;
    assert_eq!(service.get("/v1/secrets", &other).await.body, json!({ "items": [] }));
    assert_eq!(service.call("DELETE", "/v1/secrets/HS_TOKEN", &other, Value::Null).await.status, 404);
    let operator = service.token("acme", Role::Operator).await;
    assert_eq!(service.get("/v1/secrets", &operator).await.status, 403);
    assert_eq!(service.call("DELETE", "/v1/secrets/HS_TOKEN", &admin, Value::Null).await.status, 204);
    assert_eq!(service.get("/v1/secrets", &admin).await.body, json!({ "items": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_values_that_cannot_be_are_refused_without_being_repeated() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    for (name, value) in [("a.b", "telltale"), ("1A", "telltale"), ("A", " \n"), ("A", &"telltale".repeat(4_000))] {
        let refused = service.call("PUT", &format!("/v1/secrets/{name}"), &admin, json!({"value": value})).await;
        assert_eq!((refused.status, &refused.body["type"]), (422, &json!("urn:rota:problem:bad-secret")));
        assert!(!refused.body.to_string().contains("telltale"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_takes_its_token_from_the_vault_and_connects_anew_when_it_changes() {
    let sandbox = double(7).await;
    let folder = tempfile::tempdir().expect("a folder");
    let refused = unconnected(folder, &sandbox).await;
    let refused = refused.err().expect("there is no token");
    assert!(refused.contains("rota secret set TOKEN") && refused.contains("environment variable TOKEN"), "{refused}");

    let folder = tempfile::tempdir().expect("a folder");
    let store = rota_tests::open(&folder.path().join("rota.db")).await.expect("a database");
    let value = rota_flow::ports::SecretValue::new("pat-wrong".into());
    let (tenant, value) = ("acme".into(), KeptSecret { value, sent_to: std::collections::BTreeSet::new() });
    rota_flow::ports::Store::open(&store, &tenant, rota_domain::id::Seed([1; 32])).await.expect("a tenant");
    let now = jiff::Timestamp::UNIX_EPOCH;
    rota_flow::ports::Vault::set_secret(&store, &tenant, "TOKEN", &value, 9, "a test", now).await.expect("it is set");
    store.close().await;
    let service = unconnected(folder, &sandbox).await.expect("the vault has a token");
    let admin = service.token("acme", Role::Admin).await;
    let set = service.call("PUT", "/v1/secrets/TOKEN", &admin, json!({"value": "pat-sandbox"})).await;
    let double = format!("http://{}", sandbox.address());
    assert_eq!(set.body, json!({"connected": true, "sent_to": [double]}));
    let calls = format!("http://{}/_sandbox/calls", sandbox.address());
    let calls: Value = http().get(calls).send().await.expect("the double answers").json().await.expect("JSON");
    let calls = calls.as_array().or_else(|| calls["calls"].as_array()).expect("calls").clone();
    let refused = calls.iter().filter(|call| call["status"] == 401).count();
    let taken = calls.iter().filter(|call| call["status"] == 200).count();
    assert!(refused > 0 && taken > 0, "with the first token none, with the second all: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_looks_up_no_variable_of_the_hosts_that_it_was_not_given() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let vault: std::sync::Arc<dyn Vault> = std::sync::Arc::<dyn rota_store::Database>::from(service.database().await);
    let custody = |env: &[(&str, &str)]| {
        let keeper = rota::custody::Keeper {
            env: env
                .iter()
                .map(|(tenant, name)| {
                    ((*tenant).into(), Lent { names: [(*name).to_owned()].into(), places: Vec::new() })
                })
                .collect(),
            ..Default::default()
        };
        let served = rota::config::load_workspace(&rota::demo::WORKSPACE).expect("a workspace");
        let environment: rota::compose::Secrets = std::sync::Arc::new(|_| Some("of-the-host".into()));
        rota::custody::Custody::new(vault.clone(), environment, &keeper, &[served])
    };
    let acme = "acme".into();
    let need = Need { name: "CLOUD_KEY", what: "the token".into(), line: "hs".into(), way: Way::Crm };
    let refused = custody(&[("birch", "CLOUD_KEY")]).secret(&acme, &need, &Sent::new()).await;
    let refused = refused.expect_err("it is not acme's").to_string();
    assert!(refused.contains("env of [tenants.acme]") && !refused.contains("of-the-host"), "{refused}");
    assert!(custody(&[("acme", "CLOUD_KEY")]).secret(&acme, &need, &Sent::new()).await.is_ok());
}
