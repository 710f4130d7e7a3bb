//! What a tenant notices of others whose rules burn all their fuel: from the arrival of a lead
//! in the inbox to its recorded decision, on a host of its own, beside one such tenant and
//! beside several. `cargo bench --bench neighbour`; with `-- 2000` so many leads a round.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rota::bind::bind;
use rota::clock::SystemClock;
use rota::config::{Directory, load_workspace};
use rota_domain::id::{Seed, TenantId};
use rota_flow::ingest::Inbox;
use rota_flow::orders::{Orders, Revision};
use rota_flow::ports::{Arrival, Clock as _, Payload, People, Store};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_flow::share::{Share, Tracks};
use rota_rules::Catalogue;
use rota_tests::guest::Guest;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Leads of the neighbour in a round, unless the command line says otherwise.
const LEADS: usize = 1_000;
/// Between one answer and the next lead.
const PAUSE: Duration = Duration::from_millis(2);
/// How many leads of a looping tenant wait at any time.
const WAITING: usize = 200;
/// Rounds, each of them with all the settings.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() {
    let leads = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(LEADS);
    println!("{leads} leads a round, one after the other; milliseconds from arrival to decision");
    println!("round | looping tenants | p50 | p99 | p99 against quiet | decisions of the looping tenants");
    for round in 1..=ROUNDS {
        let mut quiet = None;
        for looping in [0, 1, 4] {
            let host = Host::start(looping).await;
            host.leads(leads / 10).await;
            let times = host.leads(leads).await;
            let (p50, p99) = (part(&times, 50), part(&times, 99));
            let against = p99 / *quiet.get_or_insert(p99);
            let burnt = host.burnt().await;
            println!("{round} | {looping} | {p50:.2} | {p99:.2} | {against:.2} | {burnt}");
            host.stop().await;
        }
    }
}

/// A host with one calm tenant and some that loop.
struct Host {
    store: Arc<dyn Store>,
    people: Arc<dyn People>,
    inbox: Arc<Inbox>,
    recorded: watch::Receiver<()>,
    looping: Vec<TenantId>,
    stop: watch::Sender<bool>,
    work: JoinSet<()>,
    folder: tempfile::TempDir,
}

impl Host {
    async fn start(looping: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let people = Arc::new(rota_tests::open(&folder.path().join("rota.db")).await.expect("a database"));
        let store: Arc<dyn Store> = people.clone();
        let inbox = Arc::new(Inbox::new(store.clone(), Arc::new(SystemClock)));
        let (stop, _) = watch::channel(false);
        let (nobody, recorded) = watch::channel(());
        let mut host = Self { store, people, inbox, recorded, looping: Vec::new(), stop, work: JoinSet::new(), folder };
        let (tracks, catalogue) = (Arc::new(Tracks::new()), Arc::new(Catalogue::new().expect("an engine")));
        host.tenant("calm", "plugin = \"next-in-line\"\nsettings = { pool = \"all\" }", nobody, &tracks, &catalogue)
            .await;
        for n in 0..looping {
            let name = format!("looping-{n}");
            let (recorded, _) = watch::channel(());
            let loops = recorded.subscribe();
            host.tenant(&name, "plugin = \"./loop.wasm\"", recorded, &tracks, &catalogue).await;
            host.looping.push(name.as_str().into());
            host.work.spawn(keeps_looping(name.as_str().into(), host.inbox.clone(), loops, host.stop.subscribe()));
        }
        host
    }

    async fn tenant(
        &mut self,
        name: &str,
        plugin: &str,
        recorded: watch::Sender<()>,
        tracks: &Arc<Tracks>,
        rules: &Arc<Catalogue>,
    ) {
        let folder = self.folder.path().join(name);
        write(&folder, name, plugin);
        let loaded = load_workspace(&Directory::open(&folder).expect("a folder")).expect("a workspace");
        let bound = bind(loaded, rules).expect("it binds");
        let tenant: TenantId = name.into();
        let (workspace, bindings, kept) = (bound.workspace, bound.bindings, bound.kept);
        let sequencer = Sequencer::open(Desktop {
            tenant: tenant.clone(),
            revision: Revision { workspace, bindings, kept, crms: std::collections::BTreeMap::new(), origin: None },
            seed: Seed::from_number(7),
            store: self.store.clone(),
            people: self.people.clone(),
            rules: rules.clone(),
            clock: Arc::new(SystemClock),
            // Without a quota of fuel: what is measured is how the host shares.
            share: Share::new(tenant.clone(), tracks.clone(), u64::MAX, SystemClock.now()),
        });
        let sequencer = sequencer.await.expect("it opens");
        let (orders, placed) = Orders::new();
        let (bell, stop) = (self.inbox.bell(&tenant), self.stop.subscribe());
        self.work.spawn(async move {
            sequencer.run(placed, bell, recorded, stop).await;
            drop(orders);
        });
    }

    /// So many leads of the calm tenant, one after the other: how long each took, sorted.
    async fn leads(&self, count: usize) -> Vec<Duration> {
        let mut recorded = self.recorded.clone();
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            recorded.borrow_and_update();
            let began = Instant::now();
            self.inbox.accept(&"calm".into(), vec![arrival()]).await.expect("it is accepted");
            recorded.changed().await.expect("it is decided");
            times.push(began.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        times.sort();
        times
    }

    async fn burnt(&self) -> usize {
        let mut all = 0;
        for tenant in &self.looping {
            all += self.store.log(tenant, 0, 1_000_000).await.expect("the log").len();
        }
        all
    }

    async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.work.join_next().await.is_some() {}
    }
}

/// Keeps leads of a looping tenant waiting.
async fn keeps_looping(
    tenant: TenantId,
    inbox: Arc<Inbox>,
    mut recorded: watch::Receiver<()>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let leads = (0..WAITING).map(|_| arrival()).collect();
        inbox.accept(&tenant, leads).await.expect("they are accepted");
        // A commit of such a tenant decides about ten leads.
        for _ in 0..WAITING / 10 {
            tokio::select! {
                _ = recorded.changed() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}

fn arrival() -> Arrival {
    let key = rand::random::<u64>().to_string();
    let lead = json!({"id": key, "properties": {"email": format!("{key}@x.example")}});
    let lead = Box::new(serde_json::from_value(lead).expect("a lead"));
    Arrival { dedupe_key: key, occurred: SystemClock.now(), payload: Payload::Lead { lead, flow: None } }
}

fn write(folder: &Path, name: &str, plugin: &str) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("loop.wasm"), Guest::file("endless-loop").component()).expect("a component");
    let text = format!(
        "workspace = \"{name}\"\n[[reps]]\nid = \"ada\"\n[[pools]]\nid = \"all\"\nmembers = [{{ rep = \"ada\" }}]\n\
         [[flows]]\nid = \"inbound\"\n{plugin}\nfallback = {{ queue = \"triage\" }}\ncoalesce = \"0m\"\n"
    );
    fs::write(folder.join("workspace.toml"), text).expect("workspace.toml");
}

/// Milliseconds within which so many of a hundred ended.
fn part(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
