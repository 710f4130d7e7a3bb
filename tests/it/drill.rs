//! The restore drill: a server is backed up while leads come, killed, and restored; whatever came
//! after the backup comes again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rota_domain::access::Role;
use rota_flow::ports::Clock as _;
use rota_tests::http;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::command::{Running, rota};
use crate::crash::{check, lay_out, serve, state};

const LEADS: usize = 120;
const APP_SECRET: &str = "app-secret";

/// Sends webhooks about these records, as HubSpot signs them. The same record gives the same event.
async fn hook(url: &str, records: &[Value]) {
    let occurred = 1_770_000_000_000_i64;
    let event = |id: &Value| {
        let number: u64 = id.as_str().and_then(|id| id.parse().ok()).expect("a record's number");
        json!({"eventId": number, "subscriptionId": 1, "portalId": 4242, "appId": 1, "occurredAt": occurred,
            "subscriptionType": "contact.creation", "attemptNumber": 0, "objectId": number})
    };
    let body = json!(records.iter().map(event).collect::<Vec<_>>()).to_string();
    let address = format!("{url}/v1/hubspot/main/webhook");
    let now = rota::clock::SystemClock.now().as_millisecond();
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("a key");
    mac.update(format!("POST{address}{body}{now}").as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let request = http().post(address).header("x-hubspot-signature-v3", signature).body(body);
    let request = request.header("x-hubspot-request-timestamp", now).header("content-type", "application/json");
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
}

/// The decision about a lead of no CRM.
async fn call(url: &str, token: &str, n: usize) -> Value {
    let call = json!({"lead": {"id": format!("web:{n}")}, "idempotency_key": format!("k{n}")});
    let answer = http().post(format!("{url}/v1/route")).bearer_auth(token).json(&call).send().await.expect("an answer");
    let mut decision: Value = answer.json().await.expect("JSON");
    decision.as_object_mut().expect("a decision").remove("repeated");
    decision
}

fn log(folder: &Path) -> BTreeMap<String, Value> {
    let lines = rota(folder, &["log", "--db", "rota.db", "--json"]).lines();
    lines.into_iter().map(|decision| (decision["decision"].as_str().expect("an id").to_owned(), decision)).collect()
}

/// The leads that were decided.
fn leads(log: &BTreeMap<String, Value>) -> BTreeSet<&str> {
    log.values().filter_map(|decision| decision["lead"].as_str()).collect()
}

/// Waits until so many leads are decided, and nothing is to be delivered any more if asked.
async fn settled(folder: &Path, number: usize, delivered: bool) -> BTreeMap<String, Value> {
    for _ in 0..600 {
        let log = log(folder);
        let still = delivered && !rota(folder, &["outbox", "list", "--db", "rota.db", "--json"]).out.is_empty();
        if leads(&log).len() >= number && !still {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{number} leads were not decided and delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_at_a_backup_is_there_after_a_restore_and_the_rest_comes_again_without_doubles() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let workspace = rota::config::load_workspace(&rota::demo::WORKSPACE).expect("the demo's workspace").workspace;
    let data = rota::demo::Data::generate(11, LEADS, &workspace);
    fs::write(folder.join("seed.json"), data.seed_file(4242, "pat-test", 11).to_string()).expect("seed.json");
    let sandbox = Running::start(folder, &["sandbox", "--seed-file", "seed.json", "--client-secret", APP_SECRET], &[]);
    lay_out(folder, &sandbox.url);
    let people = http().post(format!("{}/_sandbox/contacts", sandbox.url)).json(&json!(data.contacts)).send();
    let made: Value = people.await.expect("an answer").json().await.expect("JSON");
    let records = made["ids"].as_array().expect("ids").clone();
    let server = serve(folder, "127.0.0.1:0");
    let token = crate::service::token(&folder.join("rota.db"), workspace.tenant.as_str(), Role::Operator).await;

    let third = LEADS / 3;
    hook(&server.url, &records[..third]).await;
    let early = call(&server.url, &token, 0).await;
    let before = settled(folder, third + 1, false).await;
    let copying = {
        let folder = folder.to_owned();
        tokio::task::spawn_blocking(move || rota(&folder, &["backup", "copy.db", "--db", "rota.db", "--json"]))
    };
    for (n, some) in records[third..2 * third].chunks(4).enumerate() {
        hook(&server.url, some).await;
        call(&server.url, &token, n + 1).await;
    }
    let copied = copying.await.expect("it ran").json();
    let held = usize::try_from(copied["held"]["decisions"].as_u64().expect("a number")).expect("a size");
    assert!(held >= before.len(), "{copied}");
    assert!(copied["key"].as_str().is_some_and(|key| key.ends_with("rota.db.master")), "{copied}");
    hook(&server.url, &records[2 * third..]).await;
    settled(folder, LEADS, false).await;

    let restore = || rota(folder, &["restore", "copy.db", "--db", "rota.db", "--json"]);
    let refused = restore();
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("has it open; stop that first"), "{}", refused.err);
    server.kill();
    let restored = restore();
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert!(folder.join(Path::new(restored.json()["before"].as_str().expect("the old file"))).exists());

    let after = log(folder);
    assert_eq!(after.len(), held, "it is what the backup was");
    for (id, decision) in &before {
        assert_eq!(after.get(id), Some(decision), "what was decided before the backup is there");
    }
    let server = serve(folder, "127.0.0.1:0");
    hook(&server.url, &records).await;
    assert_eq!(call(&server.url, &token, 0).await, early, "the same call has the same decision");
    let calls = third / 4;
    for n in 1..=calls {
        call(&server.url, &token, n).await;
    }
    let log = settled(folder, LEADS + calls + 1, true).await;
    assert_eq!(log.len(), LEADS + calls + 1, "each lead has one decision");
    let of_crm: Vec<Value> = log
        .into_values()
        .filter(|decision| decision["lead"].as_str().is_some_and(|id| id.starts_with("hs:")))
        .collect();
    check(&of_crm, &state(&http(), &sandbox.url).await, LEADS);
    assert_eq!(rota(folder, &["fairness", "--db", "rota.db"]).code, 0, "the rotation stays inside its bound");
    drop(server);
}
