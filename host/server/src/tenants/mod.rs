//! The tenants of this host, alive: who they are, which accounts are theirs, and what each
//! decides under now.

mod accounts;
mod destinations;
mod lines;
mod tenant;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use rota_crm::hubspot::Paces;
use rota_crm::outbound::{Places, Reach};
use rota_domain::delivery::Backoff;
use rota_domain::id::{ConnectionId, TenantId};
use rota_domain::plan::{Plan, Plans};
use rota_domain::workspace::Workspace;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Clock, Store};
use rota_rules::Catalogue;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::bind::Bound;
use crate::compose::Secrets;

pub use tenant::Tenant;

/// What every tenant is made with.
pub struct Parts {
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Who runs rules.
    pub catalogue: Arc<Catalogue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where events come in.
    pub inbox: Arc<Inbox>,
    /// When effects are tried again.
    pub backoff: Backoff,
    /// Where secrets are looked up by name.
    pub secrets: Secrets,
    /// What tenants are granted.
    pub plans: Plans,
    /// Which private places the operator opens.
    pub places: Places,
    /// How fast CRM accounts may be asked.
    pub paces: Paces,
    /// The CRM apps of this host, by name.
    pub apps: BTreeSet<String>,
    /// Turns true when the host stops.
    pub stopped: watch::Receiver<bool>,
}

impl Parts {
    /// Whom a tenant may reach: everything where the operator wrote the workspace.
    fn reach(&self, bound: &Bound) -> Reach {
        if bound.trusted { Reach::anywhere() } else { self.places.reach(&bound.workspace.tenant) }
    }
}

/// The tenants that are alive on this host.
pub struct Tenants {
    parts: Parts,
    alive: RwLock<BTreeMap<TenantId, Arc<Tenant>>>,
    portals: RwLock<Portals>,
    /// The loops of all tenants. None ends before the host stops.
    work: Mutex<JoinSet<()>>,
}

/// Whose an account of an app is.
type Portals = HashMap<(String, u64), (TenantId, ConnectionId)>;

impl Tenants {
    /// No tenant yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, alive: RwLock::default(), portals: RwLock::default(), work: Mutex::default() }
    }

    /// A tenant, if it is alive here.
    #[must_use]
    pub fn get(&self, id: &TenantId) -> Option<Arc<Tenant>> {
        self.alive.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// The names of those that are alive.
    #[must_use]
    pub fn names(&self) -> Vec<TenantId> {
        self.alive.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// What a tenant is granted.
    #[must_use]
    pub fn plan(&self, id: &TenantId) -> Plan {
        self.parts.plans.of(id)
    }

    /// Whose connection an account of an app is.
    #[must_use]
    pub fn portal(&self, app: &str, portal: u64) -> Option<(TenantId, ConnectionId)> {
        let portals = self.portals.read().unwrap_or_else(PoisonError::into_inner);
        portals.get(&(app.to_owned(), portal)).cloned()
    }

    /// Takes a tenant in that is not alive yet, at the end of its log.
    ///
    /// # Errors
    /// When its connections cannot be used, or the store fails: which, and what to do.
    pub async fn open(&self, bound: Bound) -> anyhow::Result<Arc<Tenant>> {
        let id = bound.workspace.tenant.clone();
        let claimed = self.claim(&bound.workspace)?;
        let tenant = Arc::new(Tenant::open(bound, &self.parts, &mut *self.work.lock().await).await?);
        self.connect(&id, claimed);
        self.alive.write().unwrap_or_else(PoisonError::into_inner).insert(id, tenant.clone());
        Ok(tenant)
    }

    /// Lets a tenant decide under this from now on, if its workspace stands at `base`; gives
    /// the number of the new revision. A tenant that is not alive yet begins with it.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn activate(&self, bound: Bound, base: Option<u64>) -> anyhow::Result<u64> {
        let id = bound.workspace.tenant.clone();
        let Some(tenant) = self.get(&id) else {
            return Ok(self.open(bound).await?.revision());
        };
        let claimed = self.claim(&bound.workspace)?;
        let revision = tenant.activate(bound, base, &self.parts, &mut *self.work.lock().await).await?;
        self.connect(&id, claimed);
        Ok(revision)
    }

    /// The accounts that a workspace connects.
    fn claim(&self, workspace: &Workspace) -> anyhow::Result<Portals> {
        let tenant = &workspace.tenant;
        let mut claimed = Portals::new();
        for connection in &workspace.connections {
            let (Some(app), Some(portal)) = (&connection.app, connection.portal_id) else { continue };
            anyhow::ensure!(
                self.parts.apps.contains(app),
                "the connection `{}` of workspace `{tenant}` names the app `{app}`, which rota.toml does not have: add [apps.{app}] with its client_secret",
                connection.id
            );
            let other = self.portal(app, portal).filter(|(owner, _)| owner != tenant);
            let twice = claimed.insert((app.clone(), portal), (tenant.clone(), connection.id.clone()));
            if other.is_some() || twice.is_some() {
                anyhow::bail!(
                    "the portal {portal} of the app `{app}` is connected already: one connection has to let go of it first"
                );
            }
        }
        Ok(claimed)
    }

    /// The accounts of a tenant are these from now on.
    fn connect(&self, tenant: &TenantId, claimed: Portals) {
        let mut portals = self.portals.write().unwrap_or_else(PoisonError::into_inner);
        portals.retain(|_, (owner, _)| owner != tenant);
        portals.extend(claimed);
    }

    /// Waits until a loop of a tenant ends by itself, which none should.
    pub async fn ended(&self) {
        loop {
            let ended = self.work.lock().await.try_join_next();
            match ended {
                Some(Err(error)) if error.is_panic() => return,
                Some(_) => {}
                None => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
            }
        }
    }

    /// Waits for all tenants after the host was told to stop.
    pub async fn stopped(&self) {
        let mut work = self.work.lock().await;
        while work.join_next().await.is_some() {}
    }
}
