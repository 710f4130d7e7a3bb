//! A tenant on disk whose leads come without a CRM, and what is done to its database.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rota::bind::bind;
use rota::clock::SystemClock;
use rota::config::{Directory, load_workspace};
use rota::replay::{Replayer, Tally};
use rota_domain::id::{Seed, TenantId};
use rota_flow::orders::Revision;
use rota_flow::ports::{Arrival, Clock, Payload, Store};
use rota_flow::sequencer::{Desktop, Progress, Sequencer};
use rota_flow::share::Share;
use rota_rules::Catalogue;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

/// A folder with a workspace and a database.
pub(crate) struct Tenant {
    folder: TempDir,
}

impl Tenant {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the workspace.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder().join(name), content).expect("it is written");
    }

    /// Starts a host on the workspace as it is now, lets it decide about so many leads, and
    /// stops it. Each lead is of a person of its own.
    pub(crate) async fn decide(&self, leads: std::ops::Range<u32>) {
        let catalogue = Arc::new(Catalogue::new().expect("an engine"));
        let loaded = load_workspace(&Directory::open(self.folder()).expect("a folder")).expect("a workspace");
        let bound = bind(loaded, &catalogue).expect("it binds");
        let database = self.database().await;
        let store: Arc<dyn Store> = database.clone();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tenant = bound.workspace.tenant.clone();
        let desktop = Desktop {
            tenant: tenant.clone(),
            revision: Revision {
                workspace: bound.workspace,
                bindings: bound.bindings,
                kept: bound.kept,
                crms: std::collections::BTreeMap::new(),
                origin: None,
            },
            seed: Seed::from_number(7),
            store: store.clone(),
            people: database,
            rules: catalogue,
            clock: clock.clone(),
            share: Share::new(tenant.clone(), Arc::default(), u64::MAX, clock.now()),
        };
        let mut sequencer = Sequencer::open(desktop).await.expect("it opens");
        let arrival = |n: u32| {
            let country = ["US", "DE", "FR"][n as usize % 3];
            let lead = json!({"id": n.to_string(), "properties": {"email": format!("p{n}@x.example"), "country": country, "numberofemployees": "20"}});
            let lead = Box::new(serde_json::from_value(lead).expect("a lead"));
            Arrival { dedupe_key: n.to_string(), occurred: clock.now(), payload: Payload::Lead { lead, flow: None } }
        };
        store.accept(&tenant, leads.map(arrival).collect(), clock.now()).await.expect("they are accepted");
        while sequencer.turn().await.expect("a turn") == Progress::More {}
    }

    async fn database(&self) -> Arc<rota_store::SqliteStore> {
        Arc::new(rota_tests::open(&self.folder().join("rota.db")).await.expect("a store"))
    }

    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        self.database().await
    }

    /// Replays everything, with nothing but the database.
    pub(crate) async fn replay(&self) -> Tally {
        let replayer = Replayer::new(self.store().await, TenantId::from("acme"), Catalogue::new().expect("an engine"))
            .expect("an engine");
        Arc::new(replayer).all(2).await.expect("the log is read")
    }

    /// A way past the store, to its tables.
    pub(crate) async fn tables(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(self.folder().join("rota.db"));
        SqlitePool::connect_with(options).await.expect("the database")
    }
}
