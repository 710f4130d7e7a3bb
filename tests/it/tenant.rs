//! A tenant of its own for a test: a workspace with a flow for each guest, a database, and the
//! one who decides, turn by turn.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rota::bind::{Bound, bind};
use rota::clock::SystemClock;
use rota::config::{Directory, load_workspace};
use rota_domain::id::{Seed, TenantId};
use rota_flow::orders::Revision;
use rota_flow::ports::{Arrival, Clock as _, Payload, Store};
use rota_flow::sequencer::{Desktop, Progress, Sequencer};
use rota_flow::share::Share;
use rota_rules::Catalogue;
use serde_json::json;
use tempfile::TempDir;

use rota_tests::guest::Guest;

/// A workspace with these lines and a flow for each of these guests: `flow-0`, `flow-1`, …
pub(crate) fn workspace(lines: &str, guests: &[Guest]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = format!("workspace = \"acme\"\n{lines}");
    for (n, guest) in guests.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.wasm")), guest.component()).expect("a component");
        text += &format!(
            "[[flows]]\nid = \"flow-{n}\"\nplugin = \"./{n}.wasm\"\nfallback = {{ queue = \"rest\" }}\ncoalesce = \"0m\"\n"
        );
    }
    fs::write(folder.path().join("workspace.toml"), text).expect("workspace.toml");
    folder
}

/// The workspace of a folder, ready to decide.
pub(crate) fn bound(folder: &Path) -> (Bound, Arc<Catalogue>) {
    let catalogue = Arc::new(Catalogue::new().expect("an engine"));
    let loaded = load_workspace(&Directory::open(folder).expect("a folder")).expect("a workspace");
    (bind(loaded, &catalogue).expect("it binds"), catalogue)
}

/// A tenant at work, on `rota.db` in the folder of its workspace.
pub(crate) struct Tenant {
    pub(crate) store: Arc<dyn Store>,
    sequencer: Sequencer,
}

impl Tenant {
    /// Takes up the log where it stands, as a server does when it starts.
    pub(crate) async fn open(folder: &Path) -> Self {
        Self::with(folder, Share::new(Self::id(), Arc::default(), u64::MAX, SystemClock.now())).await
    }

    /// The same with such a share of the host.
    pub(crate) async fn with(folder: &Path, share: Share) -> Self {
        let (Bound { workspace, bindings, kept, .. }, rules) = bound(folder);
        let database = Arc::new(rota_tests::open(&folder.join("rota.db")).await.expect("a database"));
        let store: Arc<dyn Store> = database.clone();
        let sequencer = Sequencer::open(Desktop {
            tenant: workspace.tenant.clone(),
            revision: Revision { workspace, bindings, kept, crms: BTreeMap::default(), origin: None },
            seed: Seed::from_number(1),
            store: store.clone(),
            people: database,
            rules,
            clock: Arc::new(SystemClock),
            share,
        });
        Self { sequencer: sequencer.await.expect("the log is open"), store }
    }

    /// The tenant's name.
    pub(crate) fn id() -> TenantId {
        "acme".into()
    }

    /// A lead of this number arrives and is decided.
    pub(crate) async fn decides(&mut self, n: u32) {
        self.arrives(n).await;
        // The first turn may find that somebody else wrote to the log.
        for _ in 0..3 {
            self.turn().await;
        }
    }

    /// Decides about what waits.
    pub(crate) async fn turn(&mut self) -> Progress {
        self.sequencer.turn().await.expect("the store works")
    }

    /// A lead of this number arrives.
    pub(crate) async fn arrives(&mut self, n: u32) {
        arrives(&*self.store, n).await;
    }
}

/// A lead of this number arrives for the tenant.
pub(crate) async fn arrives(store: &dyn Store, n: u32) {
    let lead = serde_json::from_value(json!({"id": format!("{n}")})).expect("a lead");
    let now = SystemClock.now();
    let payload = Payload::Lead { lead, flow: None };
    let arrival = Arrival { dedupe_key: format!("{n}"), occurred: now, payload };
    store.accept(&Tenant::id(), vec![arrival], now).await.expect("it is accepted");
}
