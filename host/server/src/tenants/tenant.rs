//! One tenant at work: its sequencer, and its couriers to CRM accounts and destinations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Lock, PoisonError, RwLock};

use jiff::Timestamp;
use rota_domain::id::{ConnectionId, Seed, TenantId};
use rota_flow::link::Stand;
use rota_flow::orders::{OrderError, Orders, Revision};
use rota_flow::ports::{Carrier, Origin};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_flow::share::Share;
use rota_flow::tally::Tally;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Parts;
use super::accounts::{Account, accounts};
use super::couriers::Couriers;
use super::destinations::{Post, posts};
use crate::bind::Bound;
use crate::custody::Sent;

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
    /// One activation at a time.
    connected: Mutex<Connected>,
    couriers: Couriers,
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
        let connected = Connected::new(&bound, &Connected::default(), parts).await?;
        let fuel = parts.standings.plan(&id).quotas().fuel_per_minute;
        let share = Share::new(id.clone(), parts.tracks.clone(), fuel, parts.clock.now());
        share.suspend(parts.standings.suspended(&id));
        let sequencer = Sequencer::open(Desktop {
            tenant: id.clone(),
            revision: revision(&bound, &connected.accounts, origin),
            seed: Seed(rand::random()),
            store: parts.store.clone(),
            people: parts.people.clone(),
            rules: parts.rules.clone(),
            clock: parts.clock.clone(),
            share: share.clone(),
        })
        .await?
        .beside(parts.affinity.clone());
        let (entered, tally) = (sequencer.revision(), sequencer.tally());
        let (orders, placed) = Orders::new();
        let recorded = watch::Sender::new(());
        let loops = sequencer.run(placed, parts.inbox.bell(&id), recorded.clone(), parts.stopped.clone());
        work.lock().unwrap_or_else(PoisonError::into_inner).spawn(loops);
        let now = RwLock::new((entered, Arc::new(bound)));
        let couriers = Couriers::new(id.clone(), recorded);
        couriers.carry(connected.carriers(), parts, work);
        Ok(Self { id, orders, share, tally, now, connected: Mutex::new(connected), couriers })
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
        self.connected.lock().await.accounts.clone()
    }

    /// The names of the secrets that it is connected with, each with when it was set: none where it
    /// is the environment's. Nothing while it is being connected.
    pub(super) fn secrets(&self) -> Vec<(String, Option<Timestamp>)> {
        let Ok(connected) = self.connected.try_lock() else { return Vec::new() };
        let Connected { accounts, posts } = &*connected;
        let tokens =
            accounts.values().filter_map(|account| Some((account.named().token.as_ref()?.env.clone(), account.set)));
        tokens.chain(posts.values().map(|post| (post.named().secret.env.clone(), post.set))).collect()
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
        let mut connected = self.connected.lock().await;
        let next = Connected::new(&bound, &connected, parts).await?;
        let entered = self.orders.revise(revision(&bound, &next.accounts, origin), base).await?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = (entered, Arc::new(bound));
        self.couriers.carry(next.carriers(), parts, work);
        *connected = next;
        Ok(entered)
    }

    /// How its links stand: to CRM accounts, and to destinations.
    #[must_use]
    pub fn links(&self) -> Vec<(ConnectionId, Stand)> {
        self.couriers.stand()
    }

    /// Its links learn how other hosts found their connections.
    pub(super) async fn told(&self, notes: &BTreeMap<String, String>, read: Instant, now: Timestamp) {
        for link in self.couriers.links() {
            link.told(notes, read, now).await;
        }
    }

    /// Lets a link be used again at once; false if there is none of this name.
    #[must_use]
    pub fn resume(&self, connection: &ConnectionId, now: Timestamp) -> bool {
        self.couriers.resume(connection, now)
    }
}

/// What a revision connects.
#[derive(Clone, Default)]
struct Connected {
    accounts: BTreeMap<ConnectionId, Account>,
    posts: BTreeMap<ConnectionId, Post>,
}

impl Connected {
    /// What this workspace connects; what is unchanged since the revision before stays.
    async fn new(bound: &Bound, before: &Self, parts: &Parts) -> anyhow::Result<Self> {
        Ok(Self {
            accounts: accounts(bound, &before.accounts, parts, &Sent::new()).await?,
            posts: posts(bound, &before.posts, parts).await?,
        })
    }

    /// Who carries effects out for each.
    fn carriers(&self) -> BTreeMap<ConnectionId, Arc<dyn Carrier>> {
        let crms = self.accounts.iter().map(|(id, account)| (id.clone(), account.port.clone() as Arc<dyn Carrier>));
        crms.chain(self.posts.iter().map(|(id, post)| (id.clone(), post.port.clone()))).collect()
    }
}

fn revision(bound: &Bound, accounts: &BTreeMap<ConnectionId, Account>, origin: Option<Origin>) -> Revision {
    Revision {
        workspace: bound.workspace.clone(),
        bindings: bound.bindings.clone(),
        kept: bound.kept.clone(),
        crms: accounts.iter().map(|(id, account)| (id.clone(), account.port.clone())).collect(),
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
