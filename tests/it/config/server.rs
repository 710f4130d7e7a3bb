//! `rota.toml`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rota::compose::Serving;
use rota::config;

fn server(text: &str) -> Result<config::Server, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rota.toml");
    fs::write(&path, text).unwrap();
    let mut server = config::load_server(&path)
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))?;
    for workspace in &mut server.workspaces {
        *workspace = workspace.strip_prefix(dir.path()).unwrap().to_path_buf();
    }
    Ok(server)
}

#[test]
fn an_empty_server_file_is_the_default() {
    let server = server("").unwrap();
    assert_eq!(server, config::Server::default());
    assert_eq!(server.public_url("127.0.0.1:4001".parse().unwrap()), "http://127.0.0.1:4001");
}

#[test]
fn a_server_file_says_everything() {
    let server = server(
        "listen = \"0.0.0.0:80\"\npublic_url = \"https://rota.acme.example/\"\ndatabase = \"postgres://db/rota\"\n\
         workspaces = [\"./acme\"]\n[apps.main]\nclient_secret = { env = \"SECRET\" }\nallow_v1 = true\n",
    )
    .unwrap();
    assert_eq!(server.public_url("0.0.0.0:80".parse().unwrap()), "https://rota.acme.example");
    assert_eq!(server.database.as_deref(), Some("postgres://db/rota"));
    assert_eq!(server.workspaces, [Path::new("acme")]);
    assert_eq!(server.apps["main"].client_secret.env, "SECRET");
    assert!(server.apps["main"].allow_v1);
}

#[test]
fn a_tenant_is_lent_variables_and_where_they_may_go() {
    let text = "[tenants.acme]\nenv = [\"TOKEN\"]\nenv_hosts = [\"crm.acme.example:443\"]\n";
    let keeper = server(text).unwrap().keeper().unwrap();
    let lent = &keeper.env[&"acme".into()];
    assert!(lent.names.contains("TOKEN"));
    assert!(lent.places[0].holds("https://crm.acme.example/api") && !lent.places[0].holds("https://acme.example/api"));
}

#[test]
fn how_a_server_serves_is_the_usual_but_for_what_its_file_says() {
    let text = "[serving]\nconnections = 20000\nrequests = 64\nanswer_seconds = 120\n";
    let serving = server(text).unwrap().serving.beside_the_usual();
    let usual = Serving::default();
    assert_eq!((serving.connections, serving.requests, serving.answer), (20_000, 64, Duration::from_secs(120)));
    assert_eq!((serving.connections_per_address, serving.head), (usual.connections_per_address, usual.head));
    assert_eq!((serving.body, serving.stall), (usual.body, usual.stall));
    assert_eq!((serving.idle, serving.drain), (usual.idle, usual.drain));
}

#[test]
fn a_wrong_server_file_is_told_with_its_line() {
    for (text, told) in [
        (
            "\nlisten = \"here\"",
            "rota.toml:2: `listen` cannot be `here`; write an address and a port, as in \"127.0.0.1:8080\"",
        ),
        (
            "public_url = \"rota.acme.example\"",
            "rota.toml:1: `public_url` cannot be `rota.acme.example`; write the whole address, as in \"https://rota.acme.example\"",
        ),
        ("lisen = \"\"", "rota.toml:1: unknown key `lisen`; did you mean `listen`?"),
        (
            "[apps.main]\nallow_v1 = true",
            "rota.toml:1: `main` of [apps] has no `client_secret`; write it as in `client_secret = { env = \"HUBSPOT_CLIENT_SECRET\" }`",
        ),
        (
            "allow_private = [\"127.0.0.1\"]",
            "rota.toml:1: `127.0.0.1` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"",
        ),
        (
            "[tenants.acme]\nallow_private = [\"10.0.0.7:9000\", \"10.0.0.7:x\"]",
            "rota.toml:2: `10.0.0.7:x` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"",
        ),
        (
            "[tenants.acme]\nenv = [\"TOKEN\"]\nenv_hosts = [\"https://crm.acme.example\"]",
            "rota.toml:3: `https://crm.acme.example` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"",
        ),
        (
            "[serving]\nrequests = 0",
            "rota.toml:2: `requests` of [serving] cannot be 0; write a number from 1 to 1000000",
        ),
        (
            "[serving]\nidle_second = 5",
            "rota.toml:2: unknown key `idle_second` in [serving]; did you mean `idle_seconds`?",
        ),
        (
            "[apps.main]\nclient_secret = \"abc\"",
            "rota.toml:2: `client_secret` in `main` of [apps] says where the secret is found, never the secret itself; write it as in `client_secret = { env = \"HUBSPOT_CLIENT_SECRET\" }`",
        ),
    ] {
        assert_eq!(server(text).unwrap_err(), told);
    }
}
