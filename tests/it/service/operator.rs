//! The operator's commands, from a server that has nobody yet.

use insta::assert_snapshot;
use serde_json::json;

use crate::command::{Running, rota};

#[test]
fn a_fresh_server_starts_empty_and_its_operator_makes_tenants_with_two_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let server = Running::start(folder, &["serve", "--db", "rota.db", "--listen", "127.0.0.1:0"], &[]);
    let made = rota(folder, &["token", "new", "--role", "host", "--json"]).json();
    let host = made["token"].as_str().expect("a token").to_owned();
    let remote = |rest: &[&str]| rota(folder, &[rest, &["--server", &server.url, "--token", &host]].concat());
    let made = remote(&["tenant", "new", "acme", "--admin", "first", "--json"]).json();
    assert_eq!(made["tenant"], "acme");
    let admin = made["token"].as_str().expect("a token").to_owned();
    let listed = rota(folder, &["token", "list", "--server", &server.url, "--token", &admin, "--json"]);
    assert_eq!(listed.lines()[0]["name"], "first", "{}", listed.err);
    let again = remote(&["tenant", "new", "acme"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("There is a tenant `acme` already."), "{}", again.err);
}

#[test]
fn tenants_are_made_changed_and_listed_on_the_database_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    drop(Running::start(folder, &["serve", "--db", "rota.db", "--listen", "127.0.0.1:0"], &[]));
    for name in ["acme", "bolt"] {
        assert_eq!(rota(folder, &["tenant", "new", name, "--plan", "small"]).code, 0);
    }
    assert_eq!(rota(folder, &["tenant", "change", "bolt", "--suspend", "--plan", ""]).code, 0);
    assert_snapshot!(rota(folder, &["tenant", "list"]).out, @r"
    acme                           plan small               at work
    bolt                           usual limits             suspended
    ");
    let changes = rota(folder, &["audit", "--host", "--json"]).lines();
    let actions: Vec<_> = changes.iter().map(|change| (change["action"].clone(), change["who"].clone())).collect();
    let expected = ["tenant.made", "tenant.made", "tenant.planned", "tenant.suspended"];
    assert_eq!(actions, expected.map(|action| (json!(action), json!("command line"))));
    let nobody = rota(folder, &["tenant", "change", "nobody", "--suspend"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("there is no tenant `nobody`") && nobody.err.contains("acme, bolt"), "{}", nobody.err);
}

#[test]
fn where_nothing_says_what_to_serve_nothing_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = rota(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is nothing to serve"), "{}", ran.err);
}
