//! One tenant at work: its sequencer, and a courier for each CRM account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Lock, PoisonError, RwLock};

use rota_domain::id::{ConnectionId, Seed, TenantId};
use rota_flow::courier::Courier;
use rota_flow::orders::{OrderError, Orders, Revision};
use rota_flow::ports::{Crm, Origin};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_flow::share::Share;
use rota_flow::tally::Tally;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::Parts;
use super::accounts::{Account, accounts};
use crate::bind::Bound;

/// A tenant that is alive on this host.
pub struct Tenant {
    /// Its name.
    pub id: TenantId,
    /// The way to its sequencer.
    pub orders: Orders,
    /// How much of the host is its own.
    pub share: Share,
    /// What its decisions came to.
    pub tally: Arc<Tally>,
    now: RwLock<(u64, Arc<Bound>)>,
    /// One activation at a time. The accounts, each with what ends its courier.
    accounts: Mutex<BTreeMap<ConnectionId, (Account, watch::Sender<bool>)>>,
    recorded: watch::Sender<()>,
}

impl Tenant {
    /// Takes a tenant up at the end of its log, and starts its loops.
    pub(super) async fn open(
        bound: Bound,
        origin: Option<Origin>,
        parts: &Parts,
        work: &Lock<JoinSet<()>>,
    ) -> anyhow::Result<Self> {
        let id = bound.workspace.tenant.clone();
        let accounts = accounts(&bound.workspace, &BTreeMap::new(), parts).await?;
        let fuel = parts.standings.plan(&id).quotas().fuel_per_minute;
        let share = Share::new(id.clone(), parts.lanes.clone(), fuel, parts.clock.now());
        let sequencer = Sequencer::open(Desktop {
            tenant: id.clone(),
            revision: revision(&bound, &accounts, origin),
            seed: Seed(rand::random()),
            store: parts.store.clone(),
            people: parts.people.clone(),
            rules: parts.rules.clone(),
            clock: parts.clock.clone(),
            share: share.clone(),
        })
        .await?;
        let (entered, tally) = (sequencer.revision(), sequencer.tally());
        let (orders, placed) = Orders::new();
        let recorded = watch::Sender::new(());
        let loops = sequencer.run(placed, parts.inbox.bell(&id), recorded.clone(), parts.stopped.clone());
        work.lock().unwrap_or_else(PoisonError::into_inner).spawn(loops);
        let now = RwLock::new((entered, Arc::new(bound)));
        let tenant = Self { id, orders, share, tally, now, accounts: Mutex::default(), recorded };
        tenant.carry(accounts, parts, work).await;
        Ok(tenant)
    }

    /// What it decides under.
    #[must_use]
    pub fn bound(&self) -> Arc<Bound> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The number of the revision that it decides under, and the revision.
    #[must_use]
    pub fn now(&self) -> (u64, Arc<Bound>) {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of the revision that it decides under.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.now.read().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Its accounts as they are now.
    pub(super) async fn accounts(&self) -> BTreeMap<ConnectionId, Account> {
        self.accounts.lock().await.iter().map(|(id, (account, _))| (id.clone(), account.clone())).collect()
    }

    /// Decides under this from now on, if the workspace stands at `base`.
    pub(super) async fn activate(
        &self,
        bound: Bound,
        base: Option<u64>,
        origin: Option<Origin>,
        parts: &Parts,
        work: &Lock<JoinSet<()>>,
    ) -> anyhow::Result<u64> {
        let before = self.accounts().await;
        let accounts = accounts(&bound.workspace, &before, parts).await?;
        let entered = self.orders.revise(revision(&bound, &accounts, origin), base).await?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = (entered, Arc::new(bound));
        self.carry(accounts, parts, work).await;
        Ok(entered)
    }

    /// Lets a courier work for each of these accounts, and for no other.
    async fn carry(&self, accounts: BTreeMap<ConnectionId, Account>, parts: &Parts, work: &Lock<JoinSet<()>>) {
        let mut carried = self.accounts.lock().await;
        carried.retain(|id, (account, end)| {
            let stays = accounts.get(id).is_some_and(|now| Arc::ptr_eq(&now.crm, &account.crm));
            if !stays {
                end.send_replace(true);
            }
            stays
        });
        for (id, account) in accounts {
            if carried.contains_key(&id) {
                continue;
            }
            let (end, ended) = watch::channel(false);
            let courier = self.courier(&id, account.crm.clone(), parts, ended);
            work.lock().unwrap_or_else(PoisonError::into_inner).spawn(courier);
            carried.insert(id, (account, end));
        }
    }

    fn courier(
        &self,
        connection: &ConnectionId,
        crm: Arc<dyn Crm>,
        parts: &Parts,
        mut ended: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + use<> {
        let courier = Courier {
            tenant: self.id.clone(),
            connection: connection.clone(),
            crm,
            store: parts.store.clone(),
            clock: parts.clock.clone(),
            backoff: parts.backoff.clone(),
            chance: Arc::new(rand::random),
        };
        let (recorded, arrived) = (self.recorded.subscribe(), parts.inbox.bell(&self.id));
        let mut host = parts.stopped.clone();
        let (stop, stopped) = watch::channel(false);
        async move {
            // Its end, or the host's: whichever comes first lets it finish its round.
            let told = async move {
                tokio::select! {
                    _ = ended.wait_for(|end| *end) => {}
                    _ = host.wait_for(|stop| *stop) => {}
                }
                stop.send_replace(true);
            };
            tokio::join!(courier.run(recorded, arrived, stopped), told);
        }
    }
}

fn revision(bound: &Bound, accounts: &BTreeMap<ConnectionId, Account>, origin: Option<Origin>) -> Revision {
    Revision {
        workspace: bound.workspace.clone(),
        bindings: bound.bindings.clone(),
        kept: bound.kept.clone(),
        crms: accounts.iter().map(|(id, account)| (id.clone(), account.crm.clone())).collect(),
        origin,
    }
}

/// Whether an activation was refused because the workspace had moved on.
#[must_use]
pub fn moved(error: &anyhow::Error) -> Option<u64> {
    match error.downcast_ref() {
        Some(OrderError::Moved { now }) => Some(*now),
        _ => None,
    }
}
