//! The only wiring: store, rules, CRMs and the flow become one running host.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rota_crm::Secret;
use rota_crm::hubspot::{self, HubSpot};
use rota_domain::delivery::Backoff;
use rota_domain::id::{ConnectionId, Seed, TenantId};
use rota_domain::plan::{Plan as Granted, Plans};
use rota_domain::workspace::{Connection, Workspace};
use rota_flow::courier::Courier;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Clock, Crm, Store};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_rules::Catalogue;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::bind::{Bound, bind_under};
use crate::clock::SystemClock;
use crate::config::{App, Loaded};
use crate::http::{AppDoor, Doors, router};
use crate::keeping::Keeping;
use crate::last_good::last_good;

/// How long a call to a CRM may take.
const CRM_TIMEOUT: Duration = Duration::from_secs(10);

/// Finds a secret by its name.
pub type Secrets = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

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
}

impl Host {
    /// Waits until a part of the host ends by itself, which none should.
    pub async fn ended(&mut self) {
        self.work.join_next().await;
    }

    /// Stops taking events in and finishes what is under way. The store writes what it was
    /// given, and is closed when the last user lets go of it.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.work.join_next().await.is_some() {}
    }
}

/// Starts a host. When this returns, it takes webhooks in.
///
/// # Errors
/// When something that it needs is missing: which, and what to do.
pub async fn start(plan: Plan) -> anyhow::Result<Host> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(rota_store::open(&plan.database).await?);
    let catalogue = Arc::new(match &plan.keeping {
        Some(keeping) => keeping.open()?,
        None => Catalogue::new()?,
    });
    let listener = TcpListener::bind(plan.listen).await.with_context(|| {
        format!("cannot listen on {}: choose another address with --listen, or end what uses it", plan.listen)
    })?;
    let address = listener.local_addr()?;
    let inbox = Inbox::new(store.clone(), clock.clone());
    let (stop, stopped) = watch::channel(false);
    let mut work = JoinSet::new();
    let mut apps = doors(&plan)?;
    for loaded in plan.workspaces.iter().cloned() {
        let (id, granted) = (loaded.workspace.tenant.clone(), plan.plans.of(&loaded.workspace.tenant));
        let bound = match bind_under(loaded, &catalogue, &granted) {
            Ok(bound) => bound,
            Err(refused) => instead(&*store, &id, &catalogue, &granted, refused).await?,
        };
        let tenant = Tenant::connect(bound, &plan, &mut apps)?;
        let desktop = tenant.desktop(store.clone(), catalogue.clone(), clock.clone());
        tenant.work(desktop, &inbox, &plan.backoff, &stopped, &mut work).await?;
    }
    let public_url = plan.public_url.unwrap_or_else(|| format!("http://{address}"));
    let doors = Arc::new(Doors { inbox, clock, apps, public_url });
    let mut until = stopped.clone();
    let serve = axum::serve(listener, router(doors)).with_graceful_shutdown(async move {
        let _ = until.wait_for(|stop| *stop).await;
    });
    work.spawn(async move {
        if let Err(error) = serve.await {
            tracing::error!(%error, "The HTTP server ended");
        }
    });
    Ok(Host { address, store, stop, work })
}

/// What a tenant goes on with whose workspace is refused: the last that it decided under. A
/// tenant that has none is the operator's to look at before anything starts.
async fn instead(
    store: &dyn Store,
    id: &TenantId,
    catalogue: &Catalogue,
    granted: &Granted,
    refused: anyhow::Error,
) -> anyhow::Result<Bound> {
    let Some((revision, loaded)) = last_good(store, id).await? else { return Err(refused) };
    let Ok(bound) = bind_under(loaded, catalogue, granted) else { return Err(refused) };
    tracing::error!("The workspace `{id}` is refused, and its revision {revision} stays: {refused:#}");
    Ok(bound)
}

fn doors(plan: &Plan) -> anyhow::Result<HashMap<String, AppDoor>> {
    let mut doors = HashMap::new();
    for (name, app) in &plan.apps {
        let secret = secret(plan, &app.client_secret.env, &format!("the client secret of the app `{name}`"))?;
        doors.insert(name.clone(), AppDoor { secret, allow_v1: app.allow_v1, portals: HashMap::new() });
    }
    Ok(doors)
}

fn secret(plan: &Plan, variable: &str, what: &str) -> anyhow::Result<Secret> {
    let text = (plan.secrets)(variable).filter(|text| !text.trim().is_empty());
    let text = text.with_context(|| format!("{what} is not there: set the environment variable {variable}"))?;
    Ok(Secret::new(&text))
}

/// One tenant with its CRM accounts.
struct Tenant {
    id: TenantId,
    bound: Bound,
    crms: BTreeMap<ConnectionId, Arc<dyn Crm>>,
}

impl Tenant {
    fn connect(bound: Bound, plan: &Plan, apps: &mut HashMap<String, AppDoor>) -> anyhow::Result<Self> {
        let id = bound.workspace.tenant.clone();
        let mut crms = BTreeMap::new();
        for connection in &bound.workspace.connections {
            crms.insert(connection.id.clone(), account(&bound.workspace, connection, plan)?);
            let (Some(app), Some(portal)) = (&connection.app, connection.portal_id) else {
                continue;
            };
            let door = apps.get_mut(app).with_context(|| {
                format!(
                    "the connection `{}` of workspace `{id}` names the app `{app}`, which rota.toml does not have: add [apps.{app}] with its client_secret",
                    connection.id
                )
            })?;
            if let Some((other, _)) = door.portals.insert(portal, (id.clone(), connection.id.clone())) {
                anyhow::bail!(
                    "the portal {portal} of the app `{app}` is connected twice, by `{other}` and by `{id}`: one workspace has to let go of it"
                );
            }
        }
        Ok(Self { id, bound, crms })
    }

    fn desktop(&self, store: Arc<dyn Store>, catalogue: Arc<Catalogue>, clock: Arc<dyn Clock>) -> Desktop {
        Desktop {
            tenant: self.id.clone(),
            workspace: self.bound.workspace.clone(),
            bindings: self.bound.bindings.clone(),
            kept: self.bound.kept.clone(),
            seed: Seed(rand::random()),
            store,
            rules: catalogue,
            crms: self.crms.clone(),
            clock,
        }
    }

    /// Starts the tenant's sequencer, and a courier for each CRM account.
    async fn work(
        self,
        desktop: Desktop,
        inbox: &Inbox,
        backoff: &Backoff,
        stopped: &watch::Receiver<bool>,
        work: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let (store, clock) = (desktop.store.clone(), desktop.clock.clone());
        let sequencer = Sequencer::open(desktop).await?;
        let arrived = inbox.bell(&self.id);
        let mut recorded = Vec::new();
        for (connection, crm) in self.crms {
            let courier = Courier {
                tenant: self.id.clone(),
                connection,
                crm,
                store: store.clone(),
                clock: clock.clone(),
                backoff: backoff.clone(),
                chance: Arc::new(rand::random),
            };
            let bell = Arc::new(Notify::new());
            recorded.push(bell.clone());
            work.spawn(courier.run(bell, arrived.clone(), stopped.clone()));
        }
        work.spawn(sequencer.run(arrived, recorded, stopped.clone()));
        Ok(())
    }
}

fn account(workspace: &Workspace, connection: &Connection, plan: &Plan) -> anyhow::Result<Arc<dyn Crm>> {
    let id = &connection.id;
    let token = connection.token.as_ref().with_context(|| {
        format!("the connection `{id}` of workspace `{}` has no token: add token = {{ env = \"…\" }}", workspace.tenant)
    })?;
    let token = secret(plan, &token.env, &format!("the token of the connection `{id}`"))?;
    let crm = HubSpot::new(hubspot::Config {
        connection: id.clone(),
        base_url: connection.base_url.clone().unwrap_or_else(|| hubspot::PUBLIC_URL.into()),
        token,
        api: hubspot::ApiStyle::default(),
        burst: hubspot::Burst::default(),
        timeout: CRM_TIMEOUT,
    })?;
    Ok(Arc::new(crm))
}
