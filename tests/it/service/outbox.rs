//! Dead letters over HTTP and on the command line: why, what to do, and doing it.

use std::net::{Ipv4Addr, SocketAddr};

use rota_domain::access::Role;
use rota_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::{Service, connection, look, on_each, tell, until, workspace};
use crate::command::rota_with;

on_each! {
    dead_letters_say_why_and_what_to_do_and_go_singly_by_cause_or_all,
    the_command_line_does_the_same_over_http_and_in_the_database,
}

/// A service of which each lead's property is refused by the CRM.
async fn refused(count: usize) -> (Service, Sandbox) {
    let seed = json!({"portal_id": 1, "properties": {"contact": [{"name": "rota_queue"}]}});
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options {
        listen,
        target: None,
        seed: serde_json::from_value(seed).expect("a seed"),
        client_secret: "secret".into(),
    };
    let sandbox = rota_sandbox::start(options).await.expect("a double");
    // Nobody can own a lead there, so that the fallback's queue is written.
    let text = workspace("acme", &connection(&sandbox, 1)).replace("crm = { hs = \"41629779\" }", "");
    let service = Service::start(&[text]).await;
    tell(
        &sandbox,
        "faults",
        json!([
        {"kind": "status", "status": 400, "path": "/crm/v3/objects/contacts/batch/update"},
        {"kind": "status", "status": 400, "method": "PATCH"}]),
    )
    .await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    let people: Value = (0..count).map(|n| json!({"properties": {"email": format!("p{n}@x.example")}})).collect();
    tell(&sandbox, "contacts", people).await;
    (service, sandbox)
}

async fn dead(service: &Service, token: &str) -> Vec<Value> {
    service.get("/v1/outbox?state=dead", token).await.body["items"].as_array().expect("a list").clone()
}

async fn dead_letters_say_why_and_what_to_do_and_go_singly_by_cause_or_all() {
    let (service, sandbox) = refused(6).await;
    let token = service.token("acme", Role::Operator).await;
    until("six dead letters", async || dead(&service, &token).await.len() == 6).await;
    let piece = service.get("/v1/outbox?state=dead&limit=4", &token).await.body;
    let next = piece["next"].as_str().expect("there are more");
    let rest = service.get(&format!("/v1/outbox?state=dead&limit=4&after={next}"), &token).await.body;
    let length = |piece: &Value| piece["items"].as_array().map(Vec::len);
    assert_eq!((length(&piece), length(&rest), rest.get("next")), (Some(4), Some(2), None), "{rest}");
    let letter = &dead(&service, &token).await[0];
    assert_eq!((&letter["kind"], &letter["cause"]), (&json!("property"), &json!("rejected")));
    assert!(letter["detail"].as_str().is_some_and(|words| words.contains("400")), "{letter}");
    assert!(letter["mend"].as_str().is_some_and(|words| words.contains("retry")), "{letter}");
    let causes = service.get("/v1/outbox/causes", &token).await.body["items"].clone();
    assert_eq!(
        (&causes[0]["cause"], &causes[0]["effects"], &causes[0]["state"]),
        (&json!("rejected"), &json!(6), &json!("dead"))
    );

    let one = json!({ "effect": letter["effect"] });
    assert_eq!(service.post("/v1/outbox/drop", &token, one.clone()).await.body, json!({"effects": 1}));
    assert_eq!(service.post("/v1/outbox/drop", &token, one).await.status, 404, "it is dropped already");
    tell(&sandbox, "faults", json!([])).await;
    let by_cause = json!({"cause": "rejected", "connection": "hs"});
    assert_eq!(service.post("/v1/outbox/retry", &token, by_cause).await.body, json!({"effects": 5}));
    until("five queues in the CRM", async || {
        let state = look(&sandbox, "state").await;
        let contacts = state["contacts"].as_array().expect("contacts").clone();
        contacts.iter().filter(|it| it["properties"]["rota_queue"] == "triage").count() == 5
    })
    .await;
    assert_eq!(service.post("/v1/outbox/retry", &token, json!({"all": true})).await.body, json!({"effects": 0}));
    service.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_is_not_clear_is_refused() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    for unclear in [
        json!({}),
        json!({"all": false}),
        json!({"all": true, "cause": "rejected"}),
        json!({"effect": "x", "all": true}),
        json!({"effect": "x", "connection": "hs"}),
        json!({"connection": "hs"}),
        json!({"cause": "no-such"}),
        json!({"every": true}),
    ] {
        let refused = service.post("/v1/outbox/retry", &token, unclear.clone()).await;
        assert_eq!(refused.status, 400, "{unclear}: {refused:?}");
        assert!(refused.body["mend"].is_string());
    }
    assert_eq!(service.get("/v1/outbox?state=lost", &token).await.status, 400);
    let viewer = service.token("acme", Role::Viewer).await;
    assert_eq!(service.post("/v1/outbox/drop", &viewer, json!({"all": true})).await.status, 403);
}

async fn the_command_line_does_the_same_over_http_and_in_the_database() {
    let (service, _sandbox) = refused(3).await;
    let token = service.token("acme", Role::Operator).await;
    until("three dead letters", async || dead(&service, &token).await.len() == 3).await;
    let run = async |arguments: &[&str]| tokio::task::block_in_place(|| service.rota(arguments));
    let server = ["--server", service.url.as_str(), "--token", token.as_str()];
    let listed = run(&[&["outbox", "list", "--cause", "rejected", "--json"], &server[..]].concat()).await;
    assert_eq!(listed.code, 0, "{}", listed.err);
    let lines = listed.lines();
    assert_eq!((lines.len(), &lines[0]["trouble"]), (3, &json!("rejected")));
    let one = lines[0]["effect"].as_str().expect("an id");
    assert_eq!(run(&[&["outbox", "drop", one], &server[..]].concat()).await.code, 0);
    let all = run(&["outbox", "drop", "--all"]).await;
    assert_eq!((all.code, all.out.as_str()), (0, "2 are dropped; nothing will be sent.\n"));
    let nobody = run(&["outbox", "list", "--server", "http://127.0.0.1:1"]).await;
    assert_eq!(nobody.code, 3, "{}", nobody.err);
    service.host.stop().await;
}

#[test]
fn commands_that_work_on_both_go_to_a_server_that_is_named_and_to_the_file_that_db_names() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nothing listens there, which the exit code tells from a database that is not there.
    let nobody = ("ROTA_SERVER", "http://127.0.0.1:1");
    let token = ("ROTA_TOKEN", "rota_none");
    for command in [
        &["outbox", "list"][..],
        &["outbox", "retry", "--all"],
        &["person", "export", "--lead", "x"],
        &["token", "list", "--tenant", "acme"],
        &["tenant", "list"],
        &["audit", "--tenant", "acme"],
    ] {
        let run = |more: &[&str], environment: &[(&str, &str)]| {
            rota_with(folder.path(), &[command, more].concat(), environment).code
        };
        assert_eq!(run(&["--server", nobody.1], &[]), 3, "{command:?}: a server is named");
        assert_eq!(run(&[], &[nobody, token]), 3, "{command:?}: the environment names it");
        assert_eq!(run(&["--db", "none.db"], &[nobody, token]), 2, "{command:?}: a file is named");
        assert_eq!(run(&[], &[]), 2, "{command:?}: nothing is named");
    }
}
