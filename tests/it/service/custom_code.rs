//! HubSpot's custom-code actions, run as HubSpot runs them: with node and python3, against a
//! server, with the events that HubSpot gives. Where one of the two is not there, a test says
//! so and passes, unless ROTA_TESTS_NEED_CLIENTS is set.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rota_domain::access::Role;
use rota_tests::{http, root};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Service, connection, double, workspace};
use crate::command::rota;

/// Calls `main` of the file that is the first argument with the event that is the second, and
/// prints what it returned, called back with, or threw.
const NODE: &str = r"
const [, file, event] = process.argv;
const said = (what) => console.log('SAID ' + JSON.stringify(what));
require(file).main(JSON.parse(event), (output) => said(output)).then(
  (output) => output === undefined || said(output),
  ({ name, message, isAxiosError, response }) => said({ name, message, isAxiosError, status: response && response.status }),
);
";
const PYTHON: &str = r"
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location('action', sys.argv[1])
action = importlib.util.module_from_spec(spec)
spec.loader.exec_module(action)
try:
    said = action.main(json.loads(sys.argv[2]))
except Exception as error:
    said = {'name': type(error).__name__, 'message': str(error), 'status': error.status}
print('SAID ' + json.dumps(said))
";

/// The three files, each with what runs it, how, and what it throws.
const FILES: [(&str, &str, &str, &str); 3] = [
    ("node24.js", "node", NODE, "AxiosError"),
    ("node-callback.js", "node", NODE, "AxiosError"),
    ("python.py", "python3", PYTHON, "ApiException"),
];

fn folder() -> PathBuf {
    root().join("host/crm/hubspot/custom-code")
}

/// The files that can be run here.
fn runnable() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success());
    let (run, not): (Vec<_>, Vec<_>) = FILES.into_iter().partition(|(_, program, ..)| there(program));
    let needed = std::env::var_os("ROTA_TESTS_NEED_CLIENTS").is_some();
    assert!(not.is_empty() || !needed, "ROTA_TESTS_NEED_CLIENTS is set, and these cannot be run here: {not:?}");
    for (file, program, ..) in not {
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{file} is not tested: there is no {program}\n"),
        );
    }
    run
}

/// An event as HubSpot gives it.
fn event(contact: u64, callback: Option<&str>) -> Value {
    let mut event = json!({
        "origin": { "portalId": 4242, "actionDefinitionId": 2 },
        "object": { "objectType": "CONTACT", "objectId": contact },
        "inputFields": {},
    });
    if let Some(callback) = callback {
        event["callbackId"] = callback.into();
    }
    event
}

/// Runs one of the files. It ends by itself, or the test does not end.
async fn run(file: &Path, program: &'static str, harness: &'static str, url: &str, token: &str, event: Value) -> Value {
    let mut command = Command::new(program);
    command.env("ROTA_URL", url).env("ROTA_TOKEN", token);
    let flag = if program == "node" { "-e" } else { "-c" };
    command.arg(flag).arg(harness).arg(file).arg(event.to_string());
    let ran = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
    let (out, error) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let said = out.lines().find_map(|line| line.strip_prefix("SAID "));
    let said = said.unwrap_or_else(|| panic!("{} said nothing: {out}{error}", file.display()));
    assert!(!out.contains(token) && !error.contains(token), "the token was printed");
    serde_json::from_str(said).expect("JSON")
}

/// What a server in trouble does with one request.
#[derive(Clone, Copy)]
enum Trouble {
    /// Answers this status with this body, and says this of retrying.
    Answers(u16, &'static str, Option<&'static str>),
    /// Takes the request, and answers nothing for ever.
    Hangs,
}

/// A server in trouble; the requests that it got.
struct Troubled {
    url: String,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Troubled {
    /// Does these one after the other, and the last of them for ever.
    async fn start(troubles: &[Trouble]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let got: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (seen, mut troubles) = (got.clone(), VecDeque::from(troubles.to_vec()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let trouble = if troubles.len() > 1 { troubles.pop_front() } else { troubles.front().copied() };
                tokio::spawn(serve(stream, trouble.expect("a trouble"), seen.clone()));
            }
        });
        Self { url, got }
    }

    fn got(&self) -> Vec<Value> {
        self.got.lock().expect("requests").clone()
    }
}

async fn serve(mut stream: TcpStream, trouble: Trouble, seen: Arc<Mutex<Vec<Value>>>) {
    let mut request = Vec::new();
    let body = loop {
        let read = stream.read_buf(&mut request).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&request);
        let body = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        match body {
            Some(body) => break body,
            None if read == 0 => return,
            None => {}
        }
    };
    seen.lock().expect("requests").push(body);
    match trouble {
        Trouble::Answers(status, body, after) => {
            let after = after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
            let head =
                format!("HTTP/1.1 {status} Said\r\nConnection: close\r\n{after}Content-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + body).as_bytes()).await;
        }
        Trouble::Hangs => std::future::pending().await,
    }
}

const BUSY: &str = r#"{"type":"urn:rota:problem:busy","status":429,"detail":"Too many wait.","mend":"Wait."}"#;
const DECIDED: &str = r#"{"decision":"d-1","lead":"hs:contact:101","outcome":"assign","rep":"ana","owner":"71","queue":null,
    "reason":{"code":"territory","detail":"US → na"},"response_due":"2026-03-02T09:00:00.25Z","repeated":false}"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_outputs_are_named_and_typed_as_the_comment_says() {
    for (file, program, harness, _) in runnable() {
        let server = Troubled::start(&[Trouble::Answers(200, DECIDED, None)]).await;
        let said = run(&folder().join(file), program, harness, &server.url, "t0ken", event(101, Some("ap-1-2"))).await;
        let expected = json!({
            "rota_owner": "71", "rota_rep": "ana", "rota_outcome": "assign", "rota_reason": "US → na",
            "rota_response_due": 1_772_442_000_250_i64, "rota_decision": "d-1", "rota_repeated": false,
        });
        assert_eq!(said, json!({ "outputFields": expected }), "{file}");
        let asked = server.got().remove(0);
        assert_eq!(asked["ref"], json!({ "connection": "hs", "object": "contact", "id": "101" }), "{file}");
        assert_eq!((&asked["apply"], &asked["idempotency_key"]), (&json!("host"), &json!("ap-1-2")), "{file}");
        assert!(asked["timeout_ms"].as_u64().is_some_and(|wait| wait <= 18_000), "{file}: {asked}");
        let text = fs::read_to_string(folder().join(file)).expect("a file");
        let readme = fs::read_to_string(folder().join("README.md")).expect("a file");
        for name in expected.as_object().expect("fields").keys().chain(&["rota_queue".into(), "rota_error".into()]) {
            assert!(text.contains(&format!("  {name} ")) && readme.contains(&format!("`{name}`")), "{file}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_by_itself_is_thrown_in_the_form_that_hubspot_runs_again() {
    let troubles = [
        (Trouble::Answers(429, BUSY, Some("30")), 429, 1),
        (Trouble::Answers(429, BUSY, Some("1")), 429, 2),
        (Trouble::Answers(500, "not JSON", None), 500, 2),
        (Trouble::Answers(504, BUSY, Some("60")), 504, 1),
    ];
    for (file, program, harness, thrown) in runnable() {
        for (trouble, status, calls) in troubles {
            let server = Troubled::start(&[trouble]).await;
            let said = run(&folder().join(file), program, harness, &server.url, "t0ken", event(101, None)).await;
            assert_eq!((&said["name"], &said["status"]), (&json!(thrown), &json!(status)), "{file}: {said}");
            assert!(said["message"].as_str().is_some_and(|text| text.contains(&status.to_string())), "{file}: {said}");
            let got = server.got();
            assert_eq!(got.len(), calls, "{file}: {status}");
            let keys: Vec<&Value> = got.iter().map(|asked| &asked["idempotency_key"]).collect();
            assert!(keys.iter().all(|key| **key == "hubspot:4242:2:contact:101"), "{file}: {keys:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_thrown_and_one_that_comes_back_at_once_is_not() {
    for (file, program, harness, thrown) in runnable() {
        let file = folder().join(file);
        let said = run(&file, program, harness, "http://127.0.0.1:9", "t0ken", event(101, None)).await;
        assert_eq!((&said["name"], &said["status"]), (&json!(thrown), &json!(503)), "{said}");
        let server = Troubled::start(&[Trouble::Answers(503, "", None), Trouble::Answers(200, DECIDED, None)]).await;
        let said = run(&file, program, harness, &server.url, "t0ken", event(101, None)).await;
        assert_eq!(said["outputFields"]["rota_rep"], "ana", "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_is_waited_for_so_long_and_no_longer() {
    for (file, program, harness, thrown) in runnable() {
        // Each file's own wait is below HubSpot's 20 seconds; a copy with a shorter one is run.
        let text = fs::read_to_string(folder().join(file)).expect("a file");
        let short = text.replace("WAIT_MS = 18000;", "WAIT_MS = 900;").replace("WAIT_S = 18.0", "WAIT_S = 0.9");
        assert_ne!(text, short, "{file}");
        let copy = tempfile::tempdir().expect("a folder");
        let path = copy.path().join(file);
        fs::write(&path, short).expect("a copy");
        let server = Troubled::start(&[Trouble::Hangs]).await;
        let said = run(&path, program, harness, &server.url, "t0ken", event(101, None)).await;
        assert_eq!((&said["name"], &said["status"]), (&json!(thrown), &json!(503)), "{file}: {said}");
        assert_eq!(server.got().len(), 1, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_come_again_is_told_in_rota_error_and_nothing_is_thrown() {
    let unknown = r#"{"type":"urn:rota:problem:not-found","detail":"No connection `hs`.","mend":"Name one."}"#;
    let answers = [
        (404, unknown, "not-found: No connection `hs`. Name one."),
        (422, "{}", "status-422: See that ROTA_URL is Rota's own address."),
        (301, "", "status-301: See that ROTA_URL is Rota's own address."),
        (200, "<html>", "status-200: See that ROTA_URL is Rota's own address."),
    ];
    for (file, program, harness, _) in runnable() {
        let file = folder().join(file);
        for (status, body, told) in answers {
            let server = Troubled::start(&[Trouble::Answers(status, body, None)]).await;
            let said = run(&file, program, harness, &server.url, "t0ken", event(101, None)).await;
            let fields = json!({ "rota_outcome": "error", "rota_error": told, "rota_repeated": false });
            assert_eq!(said, json!({ "outputFields": fields }), "{}", file.display());
            assert_eq!(server.got().len(), 1);
        }
        for (url, token, event, code) in
            [("", "t0ken", event(1, None), "no-secrets"), ("http://127.0.0.1:9", "t0ken", json!({}), "no-record")]
        {
            let said = run(&file, program, harness, url, token, event).await;
            let told = said["outputFields"]["rota_error"].as_str().unwrap_or_default();
            assert!(told.starts_with(code), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_routed_and_the_same_execution_again_gets_the_same_answer() {
    let crm = double(4242).await;
    let control = format!("http://{}/_sandbox/contacts", crm.address());
    let created = http().post(control).json(&json!({ "properties": { "email": "joe@big.example" } }));
    let created: Value = created.send().await.expect("an answer").json().await.expect("JSON");
    let contact = created["ids"][0].as_str().expect("an id").parse().expect("a number");
    let service = Service::start(&[workspace("acme", &connection(&crm, 4242))]).await;
    let token = service.token("acme", Role::Operator).await;
    for (file, program, harness, _) in runnable() {
        let (path, callback) = (folder().join(file), format!("ap-{file}"));
        let first = run(&path, program, harness, &service.url, &token, event(contact, Some(&callback))).await;
        let first = &first["outputFields"];
        assert_eq!((&first["rota_error"], &first["rota_repeated"]), (&Value::Null, &json!(false)), "{file}: {first}");
        assert_eq!(first["rota_owner"], "41629779", "{file}: {first}");
        let again = run(&path, program, harness, &service.url, &token, event(contact, Some(&callback))).await;
        let mut expected = first.clone();
        expected["rota_repeated"] = true.into();
        assert_eq!(again["outputFields"], expected, "{file}");
        let refused = run(&path, program, harness, &service.url, "rota_none", event(contact, None)).await;
        let told = refused["outputFields"]["rota_error"].as_str().unwrap_or_default();
        assert!(told.starts_with("no-token: "), "{file}: {refused}");
    }
}

#[test]
fn the_command_line_prints_the_files_ready_to_paste() {
    let printed = |name: &str| rota(&root(), &["hubspot-code", name]).out;
    for (name, file) in [("node24", "node24.js"), ("callback", "node-callback.js"), ("python", "python.py")] {
        assert_eq!(printed(name), fs::read_to_string(folder().join(file)).expect("a file"));
    }
}
