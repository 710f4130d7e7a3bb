//! The only wiring: store, rules, CRMs and the flow become one running host.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rota_crm::Secret;
use rota_crm::hubspot::Paces;
use rota_crm::outbound::Places;
use rota_domain::delivery::Backoff;
use rota_domain::id::TenantId;
use rota_domain::plan::{Plan as Granted, Plans};
use rota_domain::workspace::{Connection, Destination, Workspace};
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Access, Clock, Outbox, Store};
use rota_rules::Catalogue;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bind::{Bound, bind_under};
use crate::clock::SystemClock;
use crate::config::{App, Loaded};
use crate::http::{AppDoor, Doors, router};
use crate::keeping::Keeping;
use crate::last_good::last_good;
use crate::tenants::{Parts, Tenants};

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
    /// Which private places tenants may name whose workspaces the operator did not write.
    pub places: Places,
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
    let outbox: Arc<dyn Outbox> = database;
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
        places: plan.places,
        paces: Paces::default(),
        apps: apps.keys().cloned().collect(),
        stopped: stopped.clone(),
    }));
    for loaded in plan.workspaces {
        let (id, granted) = (loaded.workspace.tenant.clone(), tenants.plan(&loaded.workspace.tenant));
        let written = addresses(&loaded.workspace);
        let bound = match bind_under(loaded, &catalogue, &granted) {
            Ok(bound) => bound,
            Err(refused) => instead(&*store, &id, &catalogue, &granted, refused, &written).await?,
        };
        tenants.open(bound).await?;
    }
    let public_url = plan.public_url.unwrap_or_else(|| format!("http://{address}"));
    let doors = Arc::new(Doors {
        inbox,
        clock,
        store: store.clone(),
        access,
        outbox,
        tenants: tenants.clone(),
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

/// What a tenant goes on with whose workspace is refused: the last that it decided under. A
/// tenant that has none is the operator's to look at before anything starts.
async fn instead(
    store: &dyn Store,
    id: &TenantId,
    catalogue: &Catalogue,
    granted: &Granted,
    refused: anyhow::Error,
    written: &Addresses,
) -> anyhow::Result<Bound> {
    let Some((revision, mut loaded)) = last_good(store, id).await? else { return Err(refused) };
    // Where it calls those whom the operator's own directory names, the operator means them.
    loaded.trusted = addresses(&loaded.workspace) == *written;
    let Ok(bound) = bind_under(loaded, catalogue, granted) else { return Err(refused) };
    tracing::error!("The workspace `{id}` is refused, and its revision {revision} stays: {refused:#}");
    Ok(bound)
}

/// Whom a workspace calls.
type Addresses = (Vec<Connection>, Vec<Destination>);

fn addresses(workspace: &Workspace) -> Addresses {
    (workspace.connections.clone(), workspace.destinations.clone())
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
