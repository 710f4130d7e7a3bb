//! The only wiring: store, rules, CRMs and the flow become one running host.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rota_crm::Secret;
use rota_crm::hubspot::Paces;
use rota_crm::outbound::Places;
use rota_domain::delivery::Backoff;
use rota_domain::id::TenantId;
use rota_domain::plan::Plans;
use rota_flow::affinity::Affinity;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Access, Clock, Library, Outbox, People, Retention, Rules, Store, Tenancy, Vault};
use rota_rules::Catalogue;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::claims::Claims;
use crate::clock::SystemClock;
use crate::config::{App, Loaded};
use crate::custody::{Custody, Keeper, Sent};
use crate::database::Database;
use crate::gate::Gate;
use crate::hosts::Hosts;
use crate::http::{AppDoor, Doors, Front, Limits, serve};
use crate::keeping::Keeping;
use crate::keys::Master;
use crate::meter::Meter;
use crate::retention::sweep;
use crate::tenants::{Parts, Standings, Tenants};
use crate::uploads::Uploads;
use crate::watched::Watched;
use crate::workspaces::preflight::preflight;
use crate::workspaces::{Directories, Turns, Workspaces, from_files, stand_in};

pub use crate::http::Serving;

/// Finds a secret by its name.
pub type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a host is made from.
pub struct Plan {
    /// The tenants' workspaces.
    pub workspaces: Vec<Loaded>,
    /// What there is to say of their directories besides.
    pub directories: Directories,
    /// The CRM apps whose webhooks come in.
    pub apps: BTreeMap<String, App>,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The address that CRMs call; none means the one listened on.
    pub public_url: Option<String>,
    /// The database.
    pub database: Database,
    /// What tenants are granted.
    pub plans: Plans,
    /// Which private places tenants may name whose workspaces the operator did not write.
    pub places: Places,
    /// Where compiled plugins are kept; none means nowhere, and that all are compiled in this
    /// process at every start.
    pub keeping: Option<Keeping>,
    /// When effects are tried again.
    pub backoff: Backoff,
    /// Where secrets are looked up by name: the environment, for a server.
    pub secrets: Secrets,
    /// Who answers for the plugins instead of themselves; a bench compares with that.
    pub rules: Option<Arc<dyn Rules>>,
    /// Where the host's key is, and what tenants may look up.
    pub keeper: Keeper,
}

/// A running host.
pub struct Host {
    /// What it listens on.
    pub address: SocketAddr,
    /// Its durable state.
    pub store: Arc<dyn Store>,
    /// Turns true when no connection is to be taken any more, and `stop` when the tenants
    /// are to end: calls that are under way need them.
    close: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    /// Turns true when the tenants have ended: other hosts are told that this one is gone.
    left: watch::Sender<bool>,
    work: JoinSet<()>,
    /// What is agreed with other hosts, to the end.
    agreeing: JoinSet<()>,
    tenants: Arc<Tenants>,
    limits: Arc<Limits>,
    drain: Duration,
    gate: Arc<Gate>,
    affinity: Arc<Affinity>,
    /// Ends its looks at other hosts when it is dropped.
    leave: watch::Sender<()>,
}

impl Host {
    /// Compares the tenants' workspaces with their CRM accounts, beside the work, and says in
    /// the log what does not fit. Nothing is refused for it: what decided yesterday decides on.
    pub fn look_over(&self) {
        let tenants = self.tenants.clone();
        tokio::spawn(async move {
            for tenant in tenants.names().iter().filter_map(|id| tenants.get(id)) {
                let bound = tenant.bound();
                let Ok(crms) = tenants.crms(&bound, &Sent::new()).await else { continue };
                for finding in preflight(&bound, &crms).await {
                    tracing::warn!(tenant = %tenant.id, "{finding}");
                }
            }
        });
    }

    /// The tenants that are at work.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantId> {
        self.tenants.names()
    }

    /// Waits until a part of the host ends by itself, which none should.
    pub async fn ended(&mut self) {
        tokio::select! {
            _ = self.work.join_next() => {}
            _ = self.agreeing.join_next() => {}
            () = self.tenants.ended() => {}
        }
    }

    /// Stops taking events in and finishes what is under way: first the requests, for as long
    /// as they may take, and then the tenants. The store writes what it was given, and is
    /// closed when the last user lets go of it.
    pub async fn stop(mut self) {
        self.close.send_replace(true);
        while self.work.join_next().await.is_some() {}
        // Changes whose callers are gone.
        if tokio::time::timeout(self.drain, self.limits.idle()).await.is_err() {
            tracing::warn!("Some requests did not end in time");
        }
        self.stop.send_replace(true);
        self.tenants.stopped().await;
        drop(self.leave);
        self.affinity.leave().await;
        self.left.send_replace(true);
        while self.agreeing.join_next().await.is_some() {}
        self.gate.flush().await;
    }
}

/// Starts a host. When this returns, it takes webhooks and calls in.
///
/// # Errors
/// When something that it needs is missing: which, and what to do.
pub async fn start(plan: Plan) -> anyhow::Result<Host> {
    start_serving(plan, Serving::default()).await
}

/// Starts a host that serves like this.
///
/// # Errors
/// As [`start`].
pub async fn start_serving(mut plan: Plan, serving: Serving) -> anyhow::Result<Host> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let master = plan.keeper.master.clone().unwrap_or_else(|| Master::beside(plan.database.beside()));
    let database: Arc<dyn rota_store::Database> = plan.database.open(master.keys()).await?.into();
    let store: Arc<dyn Store> = database.clone();
    let people: Arc<dyn People> = database.clone();
    let vault: Arc<dyn Vault> = database.clone();
    let access: Arc<dyn Access> = database.clone();
    let outbox: Arc<dyn Outbox> = database.clone();
    let library: Arc<dyn Library> = database.clone();
    let tenancy: Arc<dyn Tenancy> = database.clone();
    let watched = Arc::new(Watched::new(database.clone(), clock.clone()));
    let retention: Arc<dyn Retention> = database.clone();
    let gate = Arc::new(Gate::new(access.clone()));
    let told = std::mem::take(&mut plan.directories);
    let hold = told.hold.clone();
    let unread = stand_in(told, &mut plan.workspaces, &*store, &*database).await?;
    let from_files = from_files(&plan.workspaces, &hold, &*database).await?;
    // A directory that is left aside says nothing of what its tenant may look up.
    let directories = plan.workspaces.iter().filter(|loaded| from_files.contains(&loaded.workspace.tenant));
    let custody = Custody::new(vault.clone(), plan.secrets.clone(), &plan.keeper, directories);
    let catalogue = Arc::new(match &plan.keeping {
        Some(keeping) => keeping.open()?,
        None => Catalogue::new()?,
    });
    let paces = Paces::shared();
    let hosts = Hosts::join(&plan.database, database.clone(), clock.clone()).await?;
    let listener = TcpListener::bind(plan.listen).await.with_context(|| {
        format!("cannot listen on {}: choose another address with --listen, or end what uses it", plan.listen)
    })?;
    let address = listener.local_addr()?;
    let inbox = Arc::new(Inbox::new(store.clone(), clock.clone()));
    let name = database.host().clone();
    let affinity = Arc::new(Affinity::new(name, database.clone(), inbox.clone(), clock.clone()));
    affinity.begin().await?;
    let (stop, stopped) = watch::channel(false);
    let apps = doors(&plan)?;
    let public_url = plan.public_url.unwrap_or_else(|| format!("http://{address}"));
    let claims = Claims::new(store.clone(), &public_url);
    let tenants = Arc::new(Tenants::new(Parts {
        board: database.clone(),
        store: store.clone(),
        rules: plan.rules.unwrap_or_else(|| catalogue.clone()),
        catalogue: catalogue.clone(),
        clock: clock.clone(),
        inbox: inbox.clone(),
        affinity: affinity.clone(),
        backoff: plan.backoff,
        people: people.clone(),
        custody,
        tracks: Arc::default(),
        standings: Standings::new(plan.plans, tenancy.standings().await?),
        claims: claims.clone(),
        places: plan.places,
        paces: paces.clone(),
        apps: apps.keys().cloned().collect(),
        from_files,
        stopped: stopped.clone(),
    }));
    // From here on CRMs may be called, as often as is agreed with other hosts.
    let (left, leaving) = watch::channel(false);
    let mut agreeing = JoinSet::new();
    let follow = tenants.clone();
    agreeing.spawn(async move { hosts.follow(&paces, Some(&follow), leaving).await });
    let workspaces = Arc::new(Workspaces {
        store: store.clone(),
        revisions: database,
        library: library.clone(),
        vault: vault.clone(),
        access: access.clone(),
        tenants: tenants.clone(),
        catalogue: catalogue.clone(),
        clock: clock.clone(),
        turns: Turns::default(),
    });
    workspaces.begin(plan.workspaces, unread).await?;
    tenants.standings().read(&*tenancy).await?;
    tenants.standings().warn();
    let uploads = Uploads::new(plan.database.beside(), catalogue, store.clone(), library.clone());
    let limits = Arc::new(Limits::new(serving));
    let doors = Arc::new(Doors {
        inbox,
        clock: clock.clone(),
        store: store.clone(),
        access,
        outbox,
        library,
        uploads,
        vault,
        people,
        gate: gate.clone(),
        tenancy,
        watched,
        meter: Meter::default(),
        tenants: tenants.clone(),
        affinity: affinity.clone(),
        workspaces,
        apps,
        public_url,
        claims,
        limits: limits.clone(),
    });
    let (close, closing) = watch::channel(false);
    let mut work = JoinSet::new();
    work.spawn(tenants.clone().follow(doors.tenancy.clone(), doors.vault.clone(), closing.clone()));
    work.spawn(gate.clone().run(closing.clone()));
    // It ends after the tenants: until then, others wait for what this host decides.
    let (leave, leaving) = watch::channel(());
    tokio::spawn(affinity.clone().run(leaving));
    work.spawn(sweep(store.clone(), retention, tenants.clone(), clock.clone(), closing.clone()));
    work.spawn(serve(listener, Front::new(doors), serving, closing));
    Ok(Host {
        address,
        store,
        close,
        stop,
        left,
        work,
        agreeing,
        tenants,
        limits,
        drain: serving.drain,
        gate,
        affinity,
        leave,
    })
}

fn doors(plan: &Plan) -> anyhow::Result<HashMap<String, AppDoor>> {
    let mut doors = HashMap::new();
    for (name, app) in &plan.apps {
        let what = format!("the client secret of the app `{name}`");
        let secret = secret(&plan.secrets, &app.client_secret.env, &what)?;
        doors.insert(name.clone(), AppDoor { secret, allow_v1: app.allow_v1 });
    }
    Ok(doors)
}

/// The secret of this name; `what` says what it is for.
///
/// # Errors
/// When it is not there.
pub(crate) fn secret(secrets: &Secrets, variable: &str, what: &str) -> anyhow::Result<Secret> {
    let text = secrets(variable).filter(|text| !text.trim().is_empty());
    let text = text.with_context(|| format!("{what} is not there: set the environment variable {variable}"))?;
    Ok(Secret::new(&text))
}
