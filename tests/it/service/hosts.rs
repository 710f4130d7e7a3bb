//! Hosts that share a database: what one of them had claimed that was killed, how they divide the
//! calls of an account, and what is uploaded at one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use rota::clock::SystemClock;
use rota::database::Database;
use rota::hosts::Hosts;
use rota::keys::Master;
use rota_crm::Secret;
use rota_crm::hubspot::{ApiStyle, Burst, Config, HubSpot, Paces};
use rota_crm::outbound::Reach;
use rota_flow::ports::{Crm as _, KeptSecret, SecretValue, Store};
use rota_sandbox::Sandbox;
use rota_tests::guest::{Guest, MANIFEST};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::several::{Pair, on, pairs};
use super::workspace::files;
use super::{Service, connection, double, double_with, look, now, plan, tell, until, workspace};
use crate::store::values::{acme, begin, decided_about, hs, owner, record};

/// A SQLite file, and a PostgreSQL database where there is one, each with its key.
async fn databases() -> Vec<(Database, Master)> {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let mut databases = vec![Database::File(folder.join("rota.db"))];
    if rota_tests::postgres::there() {
        databases.push(Database::named(&rota_tests::postgres::database().await).expect("a URL"));
    }
    let key = |n: usize| Master::beside(&folder.join(format!("key-{n}")));
    databases.into_iter().enumerate().map(|(n, database)| (database, key(n))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_host_was_sending_is_sent_by_the_next_without_waiting_for_its_lease() {
    for (database, master) in databases().await {
        let sandbox = double(7).await;
        tell(&sandbox, "contacts", json!([{"properties": {"email": "joe@big.example"}}])).await;
        let contact = look(&sandbox, "state").await["contacts"][0]["id"].as_str().expect("an id").to_owned();
        // A host that claims for a day, and ends without a word.
        let killed = database.open(master.keys()).await.expect("the database");
        begin(&*killed, &acme()).await;
        let decided = decided_about(&contact, "d1", vec![owner("41629779")]);
        record(&*killed, 0, decided).await;
        let claims = Store::claim(&*killed, &acme(), &hs(), now(), SignedDuration::from_hours(24), 9).await;
        assert_eq!(claims.expect("claims").len(), 1);
        if let Database::Server { .. } = database {
            let name = format!("host/{}", killed.host());
            assert!(killed.swap(&name, None, Some("0")).await.expect("a note"), "it was seen last long ago");
        }
        drop(killed);

        let folder = tempfile::tempdir().expect("a folder");
        let mut plan = plan(folder.path(), &[workspace("acme", &connection(&sandbox, 7))]);
        (plan.database, plan.keeper.master) = (database, Some(master));
        let service = Service::with(folder, plan).await;
        until("the owner", async || {
            look(&sandbox, "state").await["contacts"][0]["properties"]["hubspot_owner_id"] == "41629779"
        })
        .await;
        service.stop().await;
    }
}

/// A host that does nothing but ask an account, so often and eight at a time.
async fn ask(database: &Database, master: &Master, base_url: String, times: u32, asked: Arc<AtomicU32>) {
    let store: Arc<dyn rota_store::Database> = database.open(master.keys()).await.expect("a database").into();
    let hosts = Hosts::join(database, store.clone(), Arc::new(SystemClock)).await.expect("a host");
    let paces = Paces::shared();
    let config = Config {
        connection: hs(),
        base_url,
        token: Secret::new("pat-sandbox"),
        api: ApiStyle::V3,
        burst: Burst::default(),
        timeout: Duration::from_secs(14),
        reach: Reach::anywhere(),
    };
    let account = Arc::new(HubSpot::at_pace(config, &paces).expect("a client"));
    let (stop, stopped) = watch::channel(false);
    let follow = tokio::spawn(async move { hosts.follow(&paces, None, stopped).await });
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (account, asked) = (account.clone(), asked.clone());
        callers.spawn(async move {
            while asked.load(Ordering::Relaxed) < times {
                if account.account().await.is_ok() {
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while callers.join_next().await.is_some() {}
    stop.send_replace(true);
    follow.await.expect("its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_call_one_account_never_pass_its_limit_together_and_all_of_them_get_through() {
    let mut both = JoinSet::new();
    for (database, master) in databases().await {
        both.spawn(async move {
            // The lowest limit that HubSpot has.
            let sandbox = double_with(json!({ "portal_id": 7, "limits": { "per_10s": 100, "per_day": 0 } })).await;
            let url = format!("http://{}", sandbox.address());
            let asked: Vec<Arc<AtomicU32>> = (0..3).map(|_| Arc::default()).collect();
            let mut hosts = JoinSet::new();
            for asked in &asked {
                let (database, master, url, asked) = (database.clone(), master.clone(), url.clone(), asked.clone());
                hosts.spawn(async move { ask(&database, &master, url, 60, asked).await });
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            while let Some(done) = hosts.join_next().await {
                done.expect("a host");
            }
            let calls = look(&sandbox, "calls").await;
            let calls = calls.as_array().expect("calls");
            assert!(calls.iter().all(|call| call["status"] == 200), "none was refused");
            assert!(calls.len() >= 180);
        });
    }
    while let Some(done) = both.join_next().await {
        done.expect("a database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_uploaded_at_one_host_decides_at_the_other() {
    for Pair { one, other, admin, .. } in pairs().await {
        let guest = Guest::new("(func $decide (result i32) (call $pass))").bare();
        let manifest = MANIFEST.replace("\"guest\"", "\"ours\"");
        let component = rota::author::embed(&guest, &manifest, None).expect("a manifest");
        let request = rota_tests::http().post(format!("{}/v1/plugins", one.url)).bearer_auth(&admin);
        let answer = request.header("Content-Type", "application/wasm").body(component).send().await;
        assert_eq!(answer.expect("an answer").status(), 201);
        let flow = workspace("acme", "")
            .replace("\"next-in-line\"", "\"ours\"")
            .replace("settings = { pool = \"all\" }\n", "");
        let applied = one.post("/v1/workspace/apply", &admin, files(&flow)).await;
        assert_eq!(applied.status, 200, "{applied:?}");
        // The one that took it in and compiled it is gone.
        let _folder = one.stop().await;
        let lead = json!({ "lead": { "id": "web:1", "properties": { "email": "joe@big.example" } } });
        let mut last = Value::Null;
        until("its decision", async || {
            last = other.post("/v1/route", &admin, lead.clone()).await.body;
            last["outcome"] == "pass"
        })
        .await;
        other.stop().await;
    }
}

/// How many calls an account answered with this status.
async fn answered(sandbox: &Sandbox, status: u64) -> usize {
    let calls = look(sandbox, "calls").await;
    calls.as_array().expect("calls").iter().filter(|call| call["status"] == status).count()
}

/// Sets a token that the account refuses, as a host would that is not there any more.
async fn set_wrong(database: &dyn rota_store::Database, sandbox: &Sandbox) {
    let sent_to = [format!("http://{}", sandbox.address())].into();
    let wrong = KeptSecret { value: SecretValue::new("pat-wrong".into()), sent_to };
    let set = database.set_secret(&acme(), "TOKEN", &wrong, 9, "a test", now()).await;
    assert!(set.expect("the database"), "there is room for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_removed_gives_way_to_what_the_environment_has_on_every_host() {
    for Pair { one, other, admin, database, .. } in pairs().await {
        let sandbox = double(7).await;
        let text = workspace("acme", &connection(&sandbox, 7));
        let applied = one.post("/v1/workspace/apply", &admin, files(&text)).await;
        assert_eq!(applied.status, 200, "{applied:?}");
        assert_eq!(other.get("/v1/pools", &admin).await.status, 200, "the tenant is alive there");
        let _folder = one.stop().await;
        set_wrong(&*database, &sandbox).await;
        until("a call with the wrong token", async || answered(&sandbox, 401).await > 0).await;
        let before = answered(&sandbox, 200).await;
        assert_eq!(other.call("DELETE", "/v1/secrets/TOKEN", &admin, Value::Null).await.status, 204);
        until("a call with the environment's", async || answered(&sandbox, 200).await > before).await;
        other.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_set_and_removed_between_two_looks_is_kept_by_nobody_who_connected_with_it() {
    // At once, since each of them waits for a while.
    let all: JoinSet<()> = pairs().await.into_iter().map(set_and_removed).collect();
    all.join_all().await;
}

async fn set_and_removed(Pair { one, other, admin, database, .. }: Pair) {
    let sandbox = double(7).await;
    let text = workspace("acme", &connection(&sandbox, 7));
    let applied = one.post("/v1/workspace/apply", &admin, files(&text)).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    set_wrong(&*database, &sandbox).await;
    // It comes alive there, with the wrong token unless it was alive already.
    assert_eq!(other.get("/v1/pools", &admin).await.status, 200);
    assert_eq!(other.call("DELETE", "/v1/secrets/TOKEN", &admin, Value::Null).await.status, 204);
    // Longer than until a host looks, and than a directory that cannot be read is left alone.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let refused = answered(&sandbox, 401).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(answered(&sandbox, 401).await, refused, "the wrong token is still used");
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_stop_leave_nothing_beside_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::File(folder.path().join("rota.db"));
    let (one, other) = (
        on(&database, Master::beside(database.beside())).await,
        on(&database, Master::beside(database.beside())).await,
    );
    let beside = folder.path().join("rota.db.hosts");
    assert_eq!(std::fs::read_dir(&beside).expect("the hosts' files").count(), 2);
    one.stop().await;
    other.stop().await;
    assert!(!beside.exists());
}
