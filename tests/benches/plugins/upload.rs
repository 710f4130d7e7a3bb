//! From the bytes of a plugin to the first lead that it decides, over HTTP on a server that
//! runs as a process of its own: uploaded, compiled in a child, activated, asked.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rota::bundled::BUNDLED;
use rota_tests::http;
use serde_json::{Value, json};

use super::ROTA;

/// How often it is measured, each time with other bytes.
const ROUNDS: usize = 5;
/// How long it may take until it is active.
const AT_MOST: Duration = Duration::from_secs(2);

/// The workspace before: the bundled plugin decides.
const WORKSPACE: &str = r#"workspace = "acme"
[[reps]]
id = "ada"
[[pools]]
id = "na"
members = [{ rep = "ada" }]
[[flows]]
id = "inbound"
plugin = "territory"
fallback = { queue = "triage" }
settings = { enterprise = { employees = 1000, pool = "na" }, territories = [{ countries = ["US"], pool = "na" }] }
"#;

/// The server, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `rota` in this folder, with nothing of whoever runs the bench.
fn rota(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(ROTA);
    command.current_dir(folder).args(arguments);
    for variable in ["ROTA_DB", "ROTA_SERVER", "ROTA_TOKEN", "ROTA_TENANT"] {
        command.env_remove(variable);
    }
    command
}

/// `territory` under another name and with this version, since the bundled one's is taken.
fn plugin(version: usize) -> Vec<u8> {
    let (_, component) = BUNDLED.iter().find(|(name, _)| *name == "territory").expect("it is bundled");
    let folder = rota_tests::root().join("plugins/territory");
    let read = |file| std::fs::read_to_string(folder.join(file)).expect("the plugin's file");
    let manifest = read("plugin.toml")
        .replace("name = \"territory\"", "name = \"our-territory\"")
        .replace("version = \"0.1.0\"", &format!("version = \"0.1.{version}\""));
    rota::author::embed(component, &manifest, Some(&read("settings.schema.json"))).expect("a component")
}

/// Measures, and prints what it came to.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut command = rota(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--db", "rota.db", "--json"]);
    let mut server = Server(command.stdout(Stdio::piped()).spawn().expect("it starts"));
    let mut said = String::new();
    BufReader::new(server.0.stdout.take().expect("stdout")).read_line(&mut said).expect("a line");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let url = said["listening"].as_str().expect("where it listens");
    let made = rota(folder.path(), &["token", "new", "--role", "host", "--db", "rota.db"]).output().expect("a token");
    let token = String::from_utf8(made.stdout).expect("text").trim().to_owned();
    let post = async |path: &str, media: &str, body: Vec<u8>| {
        let request = http().post(format!("{url}{path}")).bearer_auth(&token).header("X-Rota-Tenant", "acme");
        let answer = request.header("Content-Type", media).body(body).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a whole answer"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let tell = async |path: &str, body: Value| post(path, "application/json", body.to_string().into_bytes()).await;
    tell("/v1/tenants", json!({ "tenant": "acme" })).await;
    tell("/v1/workspace/apply", json!({ "files": { "workspace.toml": WORKSPACE } })).await;
    for round in 0..ROUNDS {
        let component = plugin(round);
        let (kib, began) = (component.len() >> 10, Instant::now());
        let plugin = post("/v1/plugins", "application/wasm", component).await;
        let uploaded = began.elapsed();
        let digest = plugin["digest"].as_str().expect("a digest");
        tell(&format!("/v1/plugins/{digest}/activate"), json!({ "flow": "inbound" })).await;
        let active = began.elapsed();
        let lead = json!({ "id": format!("lead-{round}"), "object": "contact", "properties": { "country": "US" } });
        let decision = tell("/v1/route", json!({ "lead": lead, "apply": "caller" })).await;
        assert_eq!(decision["plugin"]["digest"], digest, "{decision}");
        println!(
            "territory ({kib} KiB) over HTTP: taken in after {uploaded:.0?}, active after {active:.0?} (at most {AT_MOST:.0?} is meant), its first lead decided after {:.0?}",
            began.elapsed()
        );
    }
}
