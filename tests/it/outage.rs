//! One CRM is out of order: leads of the other are routed as if nothing were.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rota::clock::SystemClock;
use rota::compose::{self, Plan};
use rota::config::{App, Directory, Loaded, load_workspace};
use rota_crm::outbound::Places;
use rota_domain::delivery::Backoff;
use rota_domain::effect::Effect;
use rota_domain::id::EffectId;
use rota_domain::plan::Plans;
use rota_domain::workspace::Secret;
use rota_flow::orders::Orders;
use rota_flow::ports::{
    AccountInfo, Carrier, Clock as _, Crm, CrmError, Delivered, Directory as Owners, PropertyInfo, Reading, RecordRef,
    Store, Wanted,
};
use rota_flow::sequencer::Sequencer;
use rota_sandbox::{Options, Sandbox, Seed};
use rota_tests::http;
use serde_json::{Value, json};

use crate::orders::{LINES, carry_out, desktop, place, store, works};
use crate::store::values::arrival_of;
use crate::tenant;

async fn double(portal: u64) -> Sandbox {
    let seed: Seed = serde_json::from_value(json!({ "portal_id": portal })).expect("a seed");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options { listen, target: None, seed, client_secret: "secret".into() };
    rota_sandbox::start(options).await.expect("a double")
}

fn workspace(folder: &std::path::Path, doubles: [(&str, u64, &Sandbox); 2]) -> Loaded {
    let connection = |(id, portal, sandbox): (&str, u64, &Sandbox)| {
        format!(
            "[[connections]]\nid = \"{id}\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {portal}\n\
             token = {{ env = \"TOKEN\" }}\nbase_url = \"http://{}\"\n",
            sandbox.address()
        )
    };
    let text = format!(
        "workspace = \"acme\"\n[[reps]]\nid = \"ada\"\ncrm = {{ a = \"41629779\", b = \"41629779\" }}\n\
         [[pools]]\nid = \"all\"\nmembers = [{{ rep = \"ada\" }}]\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"next-in-line\"\nsettings = {{ pool = \"all\" }}\n\
         fallback = {{ queue = \"triage\" }}\n{}{}",
        connection(doubles[0]),
        connection(doubles[1])
    );
    std::fs::write(folder.join("workspace.toml"), text).expect("workspace.toml");
    load_workspace(&Directory::open(folder).expect("a folder")).expect("a workspace")
}

async fn post(sandbox: &Sandbox, what: &str, body: Value) {
    let url = format!("http://{}/_sandbox/{what}", sandbox.address());
    let answer = http().post(url).json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
}

fn people(count: usize) -> Value {
    (0..count).map(|n| json!({"properties": {"email": format!("p{n}@x.example")}})).collect()
}

async fn decided(store: &Arc<dyn Store>, connection: &str) -> usize {
    let log = store.log(&"acme".into(), 0, 10_000).await.expect("the log");
    log.iter().filter(|stored| stored.decision.lead.as_str().starts_with(&format!("{connection}:"))).count()
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_leads_than_a_batch_of_a_crm_that_cannot_be_read_hold_up_no_lead_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (double(1).await, double(2).await);
    let app = App { client_secret: Secret { env: "SECRET".into() }, allow_v1: false };
    let plan = Plan {
        workspaces: vec![workspace(folder.path(), [("a", 1, &a), ("b", 2, &b)])],
        directories: rota::workspaces::Directories::default(),
        apps: BTreeMap::from([("main".to_owned(), app)]),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: None,
        database: folder.path().join("rota.db").into(),
        plans: Plans::default(),
        places: Places::default(),
        keeping: None,
        backoff: Backoff::default().faster(20),
        rules: None,
        keeper: rota::custody::Keeper::default(),
        secrets: Arc::new(|name| Some(if name == "SECRET" { "secret" } else { "pat-sandbox" }.to_owned())),
    };
    let host = compose::start(plan).await.expect("a host");
    let target = format!("http://{}/v1/hubspot/main/webhook", host.address);
    post(&a, "faults", json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects"}])).await;
    a.set_target(&target).expect("a target");
    b.set_target(&target).expect("a target");
    post(&a, "contacts", people(150)).await;
    let tenant = "acme".into();
    until("the inbox of a", async || host.store.backlog(&tenant).await.expect("a backlog").0 >= 150).await;
    post(&b, "contacts", people(3)).await;
    until("the leads of b", async || decided(&host.store, "b").await == 3).await;
    assert_eq!(decided(&host.store, "a").await, 0);
    post(&a, "faults", json!([])).await;
    until("the leads of a", async || decided(&host.store, "a").await == 150).await;
    host.stop().await;
}

/// A CRM that takes calls, and answers none.
struct Mute;

#[async_trait]
impl Carrier for Mute {
    async fn deliver(&self, _: &[(Effect, u32)]) -> Vec<(EffectId, Result<Delivered, CrmError>)> {
        std::future::pending().await
    }
}

#[async_trait]
impl Crm for Mute {
    async fn read(&self, _: &[RecordRef], _: &Wanted) -> Result<Vec<Option<Reading>>, CrmError> {
        std::future::pending().await
    }

    async fn directory(&self) -> Result<Owners, CrmError> {
        std::future::pending().await
    }

    async fn properties(&self, _: &str) -> Result<Vec<PropertyInfo>, CrmError> {
        std::future::pending().await
    }

    async fn account(&self) -> Result<AccountInfo, CrmError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_tenant_whose_crm_never_answers_is_opened_and_decides_what_needs_no_record() {
    let folder = tenant::workspace(LINES, &[]);
    let mut desktop = desktop(folder.path(), store(folder.path()).await);
    desktop.revision.crms = BTreeMap::from([("hs".into(), Arc::new(Mute) as Arc<dyn Crm>)]);
    let sequencer = Sequencer::open(desktop).await.expect("it is opened");
    let (orders, queue) = Orders::new();
    let asked = place(&orders, 3, false).await;
    carry_out(sequencer, queue).await;
    for (n, answer) in asked.join_all().await {
        assert_eq!(answer.expect("an answer").decision.outcome.as_str(), "assign", "of web:{n}");
    }
}

#[tokio::test]
async fn what_waits_in_the_inbox_and_needs_no_record_does_not_wait_for_a_crm_that_never_answers() {
    let folder = tenant::workspace(LINES, &[]);
    let store = store(folder.path()).await;
    let mut desktop = desktop(folder.path(), store.clone());
    desktop.revision.crms = BTreeMap::from([("hs".into(), Arc::new(Mute) as Arc<dyn Crm>)]);
    let sequencer = Sequencer::open(desktop).await.expect("it is opened");
    let (_orders, queue) = Orders::new();
    let (work, stop) = works(sequencer, queue);
    // Its owners are being asked for by now.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let lead = serde_json::from_value(json!({"id": "web:1"})).expect("a lead");
    let now = SystemClock.now();
    store.accept(&"acme".into(), vec![arrival_of("1", lead)], now).await.expect("it is taken in");
    until("the decision", async || store.backlog(&"acme".into()).await.expect("a backlog").0 == 0).await;
    stop.send(true).expect("it works");
    work.await.expect("it ends");
}
