//! The tenants of this host, alive: who they are, which accounts are theirs, and what each
//! decides under now.

mod accounts;
mod couriers;
mod destinations;
mod following;
mod portals;
mod standings;
mod tenant;
mod unchanged;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rota_crm::hubspot::Paces;
use rota_crm::notify::TIMEOUT;
use rota_crm::outbound::{Places, Reach, Refused};
use rota_domain::access::Standing;
use rota_domain::delivery::Backoff;
use rota_domain::id::{ConnectionId, TenantId};
use rota_domain::plan::Plan;
use rota_domain::workspace::Workspace;
use rota_flow::affinity::Affinity;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Board, Clock, Crm, Origin, People, Restanding, Rules, Store, StoreError, Tenancy};
use rota_flow::share::Tracks;
use rota_rules::Catalogue;
use tokio::sync::{OwnedMutexGuard, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bind::{Bound, bind_under};
use crate::claims::Claims;
use crate::custody::{Custody, Need, Sent, Unfit};
use crate::last_good::last_good;

use self::following::Looks;
use self::portals::Portals;

pub use portals::Taken;
pub use standings::Standings;
pub use tenant::{Tenant, moved};

/// How often limits are tried to be changed while others change the workspace.
const REGRANTS: usize = 3;

/// What every tenant is made with.
pub struct Parts {
    /// What other hosts of the database say.
    pub board: Arc<dyn Board>,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// The plugins that were taken in.
    pub catalogue: Arc<Catalogue>,
    /// Who runs rules.
    pub rules: Arc<dyn Rules>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where events come in.
    pub inbox: Arc<Inbox>,
    /// For which tenants this host decides, and for which others do.
    pub affinity: Arc<Affinity>,
    /// When effects are tried again.
    pub backoff: Backoff,
    /// Persons, who are erased at a CRM's word.
    pub people: Arc<dyn People>,
    /// Where secrets are looked up by name.
    pub custody: Custody,
    /// Where rules run.
    pub tracks: Arc<Tracks>,
    /// How tenants stand with the host.
    pub standings: Standings,
    /// Makes the links with which reps take leads.
    pub claims: Claims,
    /// Which private places the operator opens.
    pub places: Places,
    /// How fast CRM accounts may be asked.
    pub paces: Paces,
    /// The CRM apps of this host, by name.
    pub apps: BTreeSet<String>,
    /// Tenants whose workspace is a directory's, and is changed there only.
    pub from_files: BTreeSet<TenantId>,
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
    portals: Portals,
    /// One activation of a tenant at a time.
    turns: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<()>>>>,
    /// The loops of all tenants. None ends before the host stops.
    work: Mutex<JoinSet<()>>,
    looks: Looks,
}

/// A tenant's turn to be changed, until it is dropped.
pub struct Turn(#[expect(dead_code, reason = "held for its drop")] OwnedMutexGuard<()>);

impl Tenants {
    /// No tenant yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            alive: RwLock::default(),
            portals: Portals::default(),
            turns: Mutex::default(),
            work: Mutex::default(),
            looks: Looks::default(),
        }
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
        self.parts.standings.plan(id)
    }

    /// How tenants stand with the host.
    #[must_use]
    pub fn standings(&self) -> &Standings {
        &self.parts.standings
    }

    /// Whether what a tenant decides under now fits the plan of this name.
    ///
    /// # Errors
    /// What does not fit.
    pub async fn could_have(&self, id: &TenantId, plan: Option<&str>) -> anyhow::Result<()> {
        if self.get(id).is_some() {
            self.bound_under(id, self.parts.standings.given(id, plan)).await?;
        }
        Ok(())
    }

    /// Lets a tenant go on under the plan that it has by now, with the workspace that it has.
    pub async fn regrant(&self, id: &TenantId) {
        for _ in 0..REGRANTS {
            let Some(tenant) = self.get(id) else { return };
            tenant.share.regrant(self.plan(id).quotas().fuel_per_minute, self.parts.clock.now());
            let bound = self.bound_under(id, self.plan(id)).await;
            let done = match bound {
                Ok(Some((revision, bound))) => self.activate(bound, Some(revision)).await.map(drop),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => return,
                // Somebody applied another workspace meanwhile.
                Err(error) if tenant::moved(&error).is_some() => {}
                Err(error) => {
                    tracing::warn!(tenant = %id, "The plan's limits hold from the next revision on: {error:#}");
                    return;
                }
            }
        }
    }

    /// The workspace of a tenant, bound under another plan, and the number of its revision.
    async fn bound_under(&self, id: &TenantId, plan: Plan) -> anyhow::Result<Option<(u64, Bound)>> {
        let Some((revision, mut loaded)) = last_good(&*self.parts.store, id).await? else { return Ok(None) };
        // The log does not say whose word it is, and who decides under it knows.
        let now = self.get(id).map(|alive| alive.now());
        loaded.trusted = now.is_some_and(|(number, bound)| number == revision && bound.trusted);
        let catalogue = self.parts.catalogue.clone();
        let bound = tokio::task::spawn_blocking(move || bind_under(loaded, &catalogue, &plan)).await??;
        Ok(Some((revision, bound)))
    }

    /// Whose connection an account of an app is, whether that tenant is alive or not.
    #[must_use]
    pub fn portal(&self, app: &str, portal: u64) -> Option<(TenantId, ConnectionId)> {
        self.portals.of(app, portal)
    }

    /// Takes down which accounts are a tenant's that is not alive yet; answers which of them
    /// are others' already.
    #[must_use]
    pub fn remember(&self, workspace: &Workspace) -> Vec<Taken> {
        self.portals.remember(workspace)
    }

    /// Whether a tenant's workspace is a directory's, which is changed there only.
    #[must_use]
    pub fn is_from_files(&self, id: &TenantId) -> bool {
        self.parts.from_files.contains(id)
    }

    /// Takes a tenant in that is not alive yet, at the end of its log.
    ///
    /// # Errors
    /// When its connections cannot be used, or the store fails: which, and what to do.
    pub async fn open(&self, bound: Bound) -> anyhow::Result<()> {
        self.activate(bound, None).await?;
        Ok(())
    }

    /// Lets a tenant decide under this from now on, if its workspace stands at `base`; gives
    /// the number of the new revision. A tenant that is not alive yet begins with it.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn activate(&self, bound: Bound, base: Option<u64>) -> anyhow::Result<u64> {
        self.apply(bound, base, None).await
    }

    /// The same for what somebody applied: `origin` is written with the revision, which is a
    /// new one even where the workspace says what it said before.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn apply(&self, bound: Bound, base: Option<u64>, origin: Option<Origin>) -> anyhow::Result<u64> {
        let turn = self.turn(&bound.workspace.tenant).await;
        self.apply_in(&turn, bound, base, origin).await
    }

    /// The turn to change what a tenant decides under or connects with, when it comes: nobody
    /// else changes that before it is dropped.
    pub async fn turn(&self, id: &TenantId) -> Turn {
        let turn = self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default().clone();
        Turn(turn.lock_owned().await)
    }

    /// [`Tenants::apply`] for whoever has the tenant's turn.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn apply_in(
        &self,
        _turn: &Turn,
        bound: Bound,
        base: Option<u64>,
        origin: Option<Origin>,
    ) -> anyhow::Result<u64> {
        let id = bound.workspace.tenant.clone();
        self.has_apps(&bound.workspace)?;
        let claim = self.portals.claim(&bound.workspace)?;
        let revision = if let Some(tenant) = self.get(&id) {
            tenant.activate(bound, base, origin, &self.parts, &self.work).await?
        } else {
            let tenant = Arc::new(Tenant::open(bound, origin, &self.parts, &self.work).await?);
            let revision = tenant.revision();
            self.alive.write().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), tenant);
            self.heed();
            revision
        };
        claim.hold();
        Ok(revision)
    }

    /// Connects a tenant's accounts anew that use this secret; whether any does.
    ///
    /// # Errors
    /// Why the accounts before stay.
    pub async fn reconnect(&self, id: &TenantId, secret: &str) -> anyhow::Result<bool> {
        let Some(tenant) = self.get(id) else { return Ok(false) };
        // Both at once: a revision that comes between is not to be undone.
        let (revision, bound) = tenant.now();
        if !bound.workspace.secrets().any(|(named, _)| named.env == secret) {
            return Ok(false);
        }
        self.activate((*bound).clone(), Some(revision)).await?;
        Ok(true)
    }

    /// Whether a workspace's connections could be used now; nothing is changed.
    ///
    /// # Errors
    /// Which one could not, why, and what to do.
    pub fn check(&self, workspace: &Workspace) -> anyhow::Result<()> {
        self.has_apps(workspace)?;
        Ok(self.portals.check(workspace)?)
    }

    /// Whether something may be sent there for whoever wrote this.
    ///
    /// # Errors
    /// Why not.
    pub fn may_reach(&self, bound: &Bound, url: &str) -> Result<(), Refused> {
        self.parts.reach(bound).client(url, TIMEOUT).map(drop)
    }

    /// Whether a secret that a workspace needs could be used; `sent` came with it.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub async fn fits(&self, tenant: &TenantId, need: &Need<'_>, sent: &Sent) -> Result<(), Unfit> {
        self.parts.custody.secret(tenant, need, sent).await.map(drop)
    }

    /// The CRM accounts of a workspace, to be asked before it is activated. Those that are
    /// in use already keep their pace. `sent` are secrets that came with it.
    ///
    /// # Errors
    /// When one of them cannot be used: which, and what to do.
    pub async fn crms(&self, bound: &Bound, sent: &Sent) -> anyhow::Result<BTreeMap<ConnectionId, Arc<dyn Crm>>> {
        let before = match self.get(&bound.workspace.tenant) {
            Some(tenant) => tenant.accounts().await,
            None => BTreeMap::new(),
        };
        let accounts = accounts::accounts(bound, &before, &self.parts, sent).await?;
        Ok(accounts.into_iter().map(|(id, account)| (id, account.port)).collect())
    }

    /// Whether this host has the apps that a workspace names.
    fn has_apps(&self, workspace: &Workspace) -> anyhow::Result<()> {
        for connection in workspace.connections.iter().filter(|connection| connection.portal_id.is_some()) {
            let Some(app) = connection.app.as_ref().filter(|app| !self.parts.apps.contains(*app)) else { continue };
            anyhow::bail!(
                "the connection `{}` of workspace `{}` names the app `{app}`, which rota.toml does not have: add [apps.{app}] with its client_secret",
                connection.id,
                workspace.tenant
            );
        }
        Ok(())
    }

    /// Lets what arrives for suspended tenants wait, and no other's.
    fn heed(&self) {
        // One at a time, so that what one knew earlier is not what holds in the end.
        for (id, tenant) in self.alive.write().unwrap_or_else(PoisonError::into_inner).iter() {
            tenant.share.suspend(self.parts.standings.suspended(id));
        }
    }

    /// Changes how a tenant stands with the host; none if there is no such tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn restand(
        &self,
        tenancy: &dyn Tenancy,
        id: &TenantId,
        change: Restanding,
    ) -> Result<Option<Standing>, StoreError> {
        let standing = self.parts.standings.change(tenancy, id, change).await?;
        self.heed();
        Ok(standing)
    }

    /// Takes in what other hosts say of connections, as it stood on the board at `read`.
    pub async fn told(&self, notes: &BTreeMap<String, String>, read: Instant) {
        for tenant in self.names().iter().filter_map(|id| self.get(id)) {
            tenant.told(notes, read, self.parts.clock.now()).await;
        }
    }

    /// Waits until a loop of a tenant ends by itself, which none should.
    pub async fn ended(&self) {
        loop {
            let ended = self.work.lock().unwrap_or_else(PoisonError::into_inner).try_join_next();
            match ended {
                Some(Err(error)) if error.is_panic() => return,
                Some(_) => {}
                None => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Waits for all tenants after the host was told to stop.
    pub async fn stopped(&self) {
        let mut work = std::mem::take(&mut *self.work.lock().unwrap_or_else(PoisonError::into_inner));
        while work.join_next().await.is_some() {}
    }
}
