//! The only wiring: store, rules, CRMs and the flow become one running host.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rota_crm::Secret;
use rota_domain::delivery::Backoff;
use rota_domain::plan::Plans;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Access, Clock, Library, Store};
use rota_rules::Catalogue;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::SystemClock;
use crate::config::{App, Loaded};
use crate::http::{AppDoor, Doors, router};
use crate::keeping::Keeping;
use crate::tenants::{Parts, Tenants};
use crate::uploads::Uploads;
use crate::workspaces::preflight::preflight;
use crate::workspaces::{Workspaces, from_files};

/// Finds a secret by its name.
pub type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a host is made from.
pub struct Plan {
    /// The tenants' workspaces.
    pub workspaces: Vec<Loaded>,
    /// The CRM apps whose webhooks come in.
    pub apps: BTreeMap<String, App>,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The address that CRMs call; none means the one listened on.
    pub public_url: Option<String>,
    /// The database.
    pub database: PathBuf,
    /// What tenants are granted.
    pub plans: Plans,
    /// Where compiled plugins are kept; none means nowhere, and that all are compiled in this
    /// process at every start.
    pub keeping: Option<Keeping>,
    /// When effects are tried again.
    pub backoff: Backoff,
    /// Where secrets are looked up by name: the environment, for a server.
    pub secrets: Secrets,
}

/// A running host.
pub struct Host {
    /// What it listens on.
    pub address: SocketAddr,
    /// Its durable state.
    pub store: Arc<dyn Store>,
    stop: watch::Sender<bool>,
    work: JoinSet<()>,
    tenants: Arc<Tenants>,
}

impl Host {
    /// Compares the tenants' workspaces with their CRM accounts, beside the work, and says in
    /// the log what does not fit. Nothing is refused for it: what decided yesterday decides on.
    pub fn look_over(&self) {
        let tenants = self.tenants.clone();
        tokio::spawn(async move {
            for tenant in tenants.names().iter().filter_map(|id| tenants.get(id)) {
                let bound = tenant.bound();
                let Ok(crms) = tenants.crms(&bound.workspace).await else { continue };
                for finding in preflight(&bound, &crms).await {
                    tracing::warn!(tenant = %tenant.id, "{finding}");
                }
            }
        });
    }

    /// Waits until a part of the host ends by itself, which none should.
    pub async fn ended(&mut self) {
        tokio::select! {
            _ = self.work.join_next() => {}
            () = self.tenants.ended() => {}
        }
    }

    /// Stops taking events in and finishes what is under way. The store writes what it was
    /// given, and is closed when the last user lets go of it.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.work.join_next().await.is_some() {}
        self.tenants.stopped().await;
    }
}

/// Starts a host. When this returns, it takes webhooks and calls in.
///
/// # Errors
/// When something that it needs is missing: which, and what to do.
pub async fn start(plan: Plan) -> anyhow::Result<Host> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = Arc::new(rota_store::open(&plan.database).await?);
    let store: Arc<dyn Store> = database.clone();
    let access: Arc<dyn Access> = database.clone();
    let library: Arc<dyn Library> = database.clone();
    let catalogue = Arc::new(match &plan.keeping {
        Some(keeping) => keeping.open()?,
        None => Catalogue::new()?,
    });
    let listener = TcpListener::bind(plan.listen).await.with_context(|| {
        format!("cannot listen on {}: choose another address with --listen, or end what uses it", plan.listen)
    })?;
    let address = listener.local_addr()?;
    let inbox = Arc::new(Inbox::new(store.clone(), clock.clone()));
    let (stop, stopped) = watch::channel(false);
    let apps = doors(&plan)?;
    let tenants = Arc::new(Tenants::new(Parts {
        store: store.clone(),
        catalogue: catalogue.clone(),
        clock: clock.clone(),
        inbox: inbox.clone(),
        backoff: plan.backoff,
        secrets: plan.secrets,
        plans: plan.plans,
        apps: apps.keys().cloned().collect(),
        from_files: from_files(&plan.workspaces, &*database).await?,
        stopped: stopped.clone(),
    }));
    let workspaces = Arc::new(Workspaces {
        store: store.clone(),
        revisions: database,
        library: library.clone(),
        // The store seals no secrets yet.
        vault: None,
        tenants: tenants.clone(),
        catalogue: catalogue.clone(),
        clock: clock.clone(),
    });
    workspaces.begin(plan.workspaces).await?;
    let public_url = plan.public_url.unwrap_or_else(|| format!("http://{address}"));
    let uploads = Uploads::new(&plan.database, catalogue, store.clone(), library.clone());
    let doors = Arc::new(Doors {
        inbox,
        clock,
        store: store.clone(),
        access,
        library,
        uploads,
        tenants: tenants.clone(),
        workspaces,
        apps,
        public_url,
    });
    let mut until = stopped.clone();
    let serve = axum::serve(listener, router(doors)).with_graceful_shutdown(async move {
        let _ = until.wait_for(|stop| *stop).await;
    });
    let mut work = JoinSet::new();
    work.spawn(async move {
        if let Err(error) = serve.await {
            tracing::error!(%error, "The HTTP server ended");
        }
    });
    Ok(Host { address, store, stop, work, tenants })
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
