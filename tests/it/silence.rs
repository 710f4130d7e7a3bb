//! No log and no error tells a secret, an address or a lead's values, however much is logged.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use rota_domain::access::Role;
use rota_sandbox::Sandbox;
use rota_tests::http;
use serde_json::{Value, json};

use crate::command::rota;
use crate::service::{connection, double, workspace};

/// What must not be seen: the account's token, the app's secret, a token's half, a secret of the
/// vault, and what the lead says of itself.
const SECRET: [&str; 5] = ["pat-sandbox", "hush-hush", "vault-value", "telltale", "Zaphod"];

async fn appear(sandbox: &Sandbox, email: &str) {
    let person = json!([{ "properties": { "email": email, "firstname": "Zaphod", "country": "US" } }]);
    let url = format!("http://{}/_sandbox/contacts", sandbox.address());
    assert!(http().post(url).json(&person).send().await.expect("an answer").status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_logs_everything_logs_nothing_personal_and_nothing_secret() {
    let sandbox = double(7).await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), workspace("acme", &connection(&sandbox, 7))).expect("written");
    let config = "workspaces = [\".\"]\n[apps.main]\nclient_secret = { env = \"SECRET\" }\n";
    fs::write(folder.path().join("rota.toml"), config).expect("written");
    let log = fs::File::create(folder.path().join("log.txt")).expect("a log");
    let mut server = Command::new(env!("CARGO_BIN_EXE_rota-under-test"))
        .current_dir(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0", "--db", "rota.db", "--json"])
        .envs([("RUST_LOG", "trace"), ("TOKEN", "pat-sandbox"), ("SECRET", "secret")])
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let out = server.stdout.take().expect("stdout");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    let url: Value = serde_json::from_str(&line).expect("JSON");
    let url = url["listening"].as_str().expect("an address");
    let made =
        rota(folder.path(), &["token", "new", "--tenant", "acme", "--role", Role::Admin.as_str(), "--db", "rota.db"]);
    let token = made.out.trim().to_owned();
    sandbox.set_target(&format!("{url}/v1/hubspot/main/webhook")).expect("a target");
    appear(&sandbox, "joe@telltale.example").await;
    let mut decided = 0;
    for _ in 0..100 {
        decided = rota(folder.path(), &["log", "--db", "rota.db", "--json"]).lines().len();
        if decided > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(decided, 1, "the lead is decided");
    let call = |method: reqwest::Method, path: &str, body: Value| {
        http().request(method, format!("{url}{path}")).bearer_auth(&token).json(&body).send()
    };
    let mut answers = String::new();
    for (method, path, body) in [
        (reqwest::Method::PUT, "/v1/secrets/OTHER", json!({"value": "vault-value"})),
        (reqwest::Method::PUT, "/v1/secrets/a.b", json!({"value": "vault-value"})),
        (reqwest::Method::PUT, "/v1/secrets/OTHER", json!({"valu": "vault-value"})),
        (reqwest::Method::POST, "/v1/people/erase", json!({"email": "joe@telltale.example"})),
        (reqwest::Method::POST, "/v1/people/erase", json!({"emai": "joe@telltale.example"})),
    ] {
        answers += &call(method, path, body).await.expect("an answer").text().await.expect("text");
    }
    let refused =
        http().get(format!("{url}/v1/secrets")).bearer_auth("rota_hush-hush").send().await.expect("an answer");
    answers += &refused.text().await.expect("text");
    server.kill().expect("it ends");
    server.wait().expect("it ended");
    let log = fs::read_to_string(folder.path().join("log.txt")).expect("a log");
    assert!(log.contains("TRACE") && log.contains("/crm/v3/owners"), "everything is logged");
    for secret in SECRET.into_iter().chain([token.as_str(), &token[5..40]]) {
        let seen = log.lines().find(|line| line.to_lowercase().contains(&secret.to_lowercase()));
        assert_eq!(seen, None, "{secret} is in the log");
        assert!(!answers.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {answers}");
    }
}
