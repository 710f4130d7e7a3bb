//! Several hosts on one database: what one takes in, decides or is told holds on all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rota::database::Database;
use rota::keys::Master;
use rota::tokens::{Wanted, issue};
use rota_domain::access::Role;
use rota_domain::id::Seed;
use rota_flow::ports::Store;
use serde_json::{Value, json};

use super::workspace::{empty, files};
use super::{Service, connection, double, look, now, plan, until, workspace};

/// Two hosts on one database, with the tenant `acme`, which has no workspace yet, its admin's
/// token and the hosts' operator's.
pub(super) struct Pair {
    pub(super) one: Service,
    pub(super) other: Service,
    pub(super) admin: String,
    pub(super) operator: String,
    pub(super) database: Arc<dyn rota_store::Database>,
}

/// Two hosts on a SQLite file, and where there is a PostgreSQL two on it and two more behind a pooler.
pub(super) async fn pairs() -> Vec<Pair> {
    let (one, admin) = empty().await;
    let file = Database::File(one.folder.path().join("rota.db"));
    let other = on(&file, Master::beside(file.beside())).await;
    let operator = one.token("", Role::Host).await;
    let database: Arc<dyn rota_store::Database> = Arc::from(one.database().await);
    let mut pairs = vec![Pair { one, other, admin, operator, database }];
    if rota_tests::postgres::there() {
        pairs.push(on_postgres(&rota_tests::postgres::database().await).await);
    }
    // Behind a pooler, too.
    if rota_tests::pooler::there() {
        pairs.push(on_postgres(&rota_tests::pooler::database().await).await);
    }
    pairs
}

/// A host on this database.
pub(super) async fn on(database: &Database, master: Master) -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[]);
    plan.database = database.clone();
    plan.keeper.master = Some(master);
    Service::with(folder, plan).await
}

async fn on_postgres(url: &str) -> Pair {
    let database = Database::named(url).expect("a URL");
    // Both hosts have the same key, in a file that outlives them.
    let keys = tempfile::tempdir().expect("a folder").keep();
    let master = || Master::beside(&keys.join("rota"));
    let store = database.open(master().keys()).await.expect("the database");
    Store::open(&*store, &"acme".into(), Seed::from_number(1)).await.expect("a tenant");
    let wanted = Wanted { tenant: Some("acme".into()), role: Role::Admin, name: "a test's".into(), expires: None };
    let (token, _) = issue(&*store, wanted, "a test", now()).await.expect("a token");
    let one = on(&database, master()).await;
    let wanted = Wanted { tenant: None, role: Role::Host, name: "a test's".into(), expires: None };
    let (host, _) = issue(&*store, wanted, "a test", now()).await.expect("a token");
    let status = one.get("/v1/status", host.expose()).await;
    assert_eq!(status.body["database"]["kind"], "postgres", "{status:?}");
    let (admin, operator) = (token.expose().to_owned(), host.expose().to_owned());
    Pair { one, other: on(&database, master()).await, admin, operator, database: store.into() }
}

/// A lead of this name, called for with it as key.
pub(super) fn call(lead: &str) -> Value {
    json!({ "lead": { "id": format!("web:{lead}"), "properties": { "email": format!("{lead}@x.example") } },
            "idempotency_key": lead })
}

/// A workspace with three reps who take turns.
pub(super) fn three() -> String {
    workspace("acme", "").replace(
        "[[pools]]\nid = \"all\"\nmembers = [{ rep = \"ada\" }]\n",
        "[[reps]]\nid = \"bob\"\n[[reps]]\nid = \"cy\"\n[[pools]]\nid = \"all\"\n\
         members = [{ rep = \"ada\" }, { rep = \"bob\" }, { rep = \"cy\" }]\n",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_applied_on_one_host_is_decided_under_on_the_other() {
    for Pair { one, other, admin, .. } in pairs().await {
        let mut revision = 0;
        for text in [workspace("acme", ""), three()] {
            let applied = one.post("/v1/workspace/apply", &admin, files(&text)).await;
            assert_eq!(applied.status, 200, "{applied:?}");
            let before = revision;
            revision = applied.body["revision"].as_u64().expect("a number");
            assert!(revision > before);
            until("the other host's decision under it", async || {
                let answer = other.post("/v1/route", &admin, call(&format!("p{revision}"))).await;
                answer.status == 200 && answer.body["revision"] == revision
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_that_two_hosts_decide_at_once_are_decided_once_each_in_one_order() {
    for pair in pairs().await {
        decided_by_both(pair).await;
    }
}

/// Each of 60 leads is called for on both hosts at once.
async fn decided_by_both(Pair { one, other, admin, .. }: Pair) {
    let applied = one.post("/v1/workspace/apply", &admin, files(&three())).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    let hosts = [Arc::new(other), Arc::new(one)];
    let asked = (0..120).map(|n: usize| {
        let (host, admin) = (hosts[n % 2].clone(), admin.clone());
        tokio::spawn(async move {
            let lead = format!("p{}", n / 2);
            // A host that does not know of the tenant yet looks before it says so.
            let answer = host.post("/v1/route", &admin, call(&lead)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            (lead, answer.body["decision"].as_str().expect("its id").to_owned())
        })
    });
    let mut decided: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for asked in asked.collect::<Vec<_>>() {
        let (lead, decision) = asked.await.expect("an answer");
        decided.entry(lead).or_default().insert(decision);
    }
    assert_eq!(decided.len(), 60);
    assert!(decided.values().all(|decisions| decisions.len() == 1), "each of both calls is told the same: {decided:?}");
    let fairness = hosts[1].get("/v1/fairness", &admin).await;
    let log = hosts[0].get("/v1/log?limit=200", &admin).await;
    let reps: Vec<&str> =
        log.body["items"].as_array().expect("entries").iter().filter_map(|e| e["rep"].as_str()).collect();
    assert_eq!(reps.len(), 60, "{log:?}");
    let turns: BTreeMap<&str, usize> = reps.iter().fold(BTreeMap::new(), |mut turns, rep| {
        *turns.entry(*rep).or_default() += 1;
        turns
    });
    assert_eq!(turns.into_values().collect::<Vec<_>>(), [20, 20, 20], "{fairness:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_set_on_one_host_is_used_on_the_other() {
    for pair in pairs().await {
        used_by_both(pair).await;
    }
}

/// The second host asks the CRM with the new token though the first is gone.
async fn used_by_both(Pair { one, other, admin, .. }: Pair) {
    let sandbox = double(7).await;
    let text = workspace("acme", &connection(&sandbox, 7));
    let applied = one.post("/v1/workspace/apply", &admin, files(&text)).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    let connected = async || look(&sandbox, "calls").await.to_string().matches("/owners").count() > 1;
    until("the second host's look into the CRM", connected).await;
    let refused = async || {
        let calls = look(&sandbox, "calls").await;
        let calls = calls.as_array().or_else(|| calls["calls"].as_array()).cloned().expect("calls");
        calls.iter().filter(|call| call["status"] == 401).count()
    };
    assert_eq!(refused().await, 0);
    let set = one.call("PUT", "/v1/secrets/TOKEN", &admin, json!({ "value": "pat-wrong" })).await;
    assert_eq!(set.status, 200, "{set:?}");
    let _folder = one.stop().await;
    let by_the_first = refused().await;
    until("a call with the new token", async || refused().await > by_the_first).await;
    other.stop().await;
}
