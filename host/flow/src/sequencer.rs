//! One tenant's order: what waits is read, decided one after the other against the state
//! that the one before left, and recorded in one commit.
//!
//! If another process wrote to the log first, the commit is refused: the state is loaded
//! again and everything decided again, which is harmless, since deciding changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rota_domain::event::Status;
use rota_domain::id::{RepId, Seed, TenantId};
use rota_domain::rule::Mode;
use rota_domain::workspace::{Destination, Rep};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::decide::DELIVERY_FAILED;
use crate::enrich::{Account, Accounts, EnrichedLead, Kind, enrich, reads};
use crate::ledger::{Ledger, remembered_since};
use crate::orders::{Order, OrderError, Revision};
use crate::ports::{Clock, Entry, Payload, Rules, Store, StoreError, Waiting};

/// How many arrivals are decided in one commit.
const BATCH: u32 = 100;
/// How long to wait for the bell before looking anyway: another process may have written.
const POLL: Duration = Duration::from_millis(500);
/// How long to wait after trouble with the store or a CRM.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the directories of owners are read anew.
const DIRECTORY_EVERY: Duration = Duration::from_mins(10);

/// What a tenant's sequencer works with.
#[derive(Clone)]
pub struct Desktop {
    /// The tenant.
    pub tenant: TenantId,
    /// What it decides under.
    pub revision: Revision,
    /// The tenant's randomness, if it is new.
    pub seed: Seed,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Who runs rules.
    pub rules: Arc<dyn Rules>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Decides what arrives for one tenant.
pub struct Sequencer {
    desktop: Desktop,
    /// None while it is not certain what the store holds: then it is loaded.
    ledger: Option<Ledger>,
    accounts: Accounts,
    /// What could not be read when this was last said.
    down: BTreeSet<Kind>,
}

impl Sequencer {
    /// Takes the tenant's log up where it stands, and enters the workspace if it changed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(mut desktop: Desktop) -> Result<Self, StoreError> {
        desktop.store.open(&desktop.tenant, desktop.seed).await?;
        // Before the revision that names them: a decision must never name what is not there.
        desktop.store.keep(&desktop.tenant, std::mem::take(&mut desktop.revision.kept)).await?;
        let mut sequencer = Self { desktop, ledger: None, accounts: Accounts::new(), down: BTreeSet::new() };
        sequencer.read_directories().await;
        sequencer.enter_workspace().await?;
        sequencer.enter_statuses().await?;
        sequencer.strand().await?;
        Ok(sequencer)
    }

    /// The number of the revision that it decides under.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.ledger.as_ref().map_or(0, |ledger| ledger.desk().revision)
    }

    /// Works until told to stop. `bell` rings when something arrived; `recorded` is sent to
    /// after each commit. Orders that wait when it is told to stop are refused.
    pub async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        bell: Arc<Notify>,
        recorded: watch::Sender<()>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut directories = tokio::time::interval(DIRECTORY_EVERY);
        directories.set_missed_tick_behavior(MissedTickBehavior::Delay);
        directories.tick().await;
        while !*stop.borrow() {
            while let Ok(order) = orders.try_recv() {
                self.carry_out(order).await;
            }
            let wait = match self.turn().await {
                Ok(Progress::More) => {
                    recorded.send_replace(());
                    continue;
                }
                Ok(Progress::Idle) => POLL,
                Ok(Progress::Blocked) => PAUSE,
                Err(error) => {
                    tracing::warn!(tenant = %self.desktop.tenant, %error, "Nothing was recorded; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = bell.notified(), if wait == POLL => {}
                Some(order) = orders.recv() => self.carry_out(order).await,
                () = tokio::time::sleep(wait) => {}
                _ = stop.changed() => {}
                _ = directories.tick() => {
                    self.read_directories().await;
                    if let Err(error) = self.enter_statuses().await {
                        tracing::warn!(tenant = %self.desktop.tenant, %error, "The owners' changes were not recorded");
                    }
                }
            }
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Route(_, reply) => {
                // A caller who no longer listens has lost nothing but the answer.
                let _ = reply.send(Err(OrderError::Stopped));
            }
            Order::Revise(revision, base, reply) => {
                let _ = reply.send(self.revise(*revision, base).await);
            }
        }
    }

    /// Decides under this revision from now on. When it cannot be entered, the one before
    /// stays.
    async fn revise(&mut self, mut revision: Revision, base: Option<u64>) -> Result<u64, OrderError> {
        let ledger = self.ledger().await?;
        let now = ledger.desk().revision;
        self.ledger = Some(ledger);
        if base.is_some_and(|base| base != now) {
            return Err(OrderError::Moved { now });
        }
        // Before the entry that names them, as when a tenant is opened.
        self.desktop.store.keep(&self.desktop.tenant, std::mem::take(&mut revision.kept)).await?;
        let before = std::mem::replace(&mut self.desktop.revision, revision);
        // Loaded anew, since bindings can change where the workspace does not.
        self.ledger = None;
        if let Err(error) = self.enter_workspace().await {
            self.desktop.revision = before;
            self.ledger = None;
            return Err(error.into());
        }
        let crms = &self.desktop.revision.crms;
        self.accounts
            .retain(|connection, account| crms.get(connection).is_some_and(|crm| Arc::ptr_eq(crm, &account.crm)));
        self.read_directories().await;
        self.enter_statuses().await?;
        self.strand().await?;
        let ledger = self.ledger().await?;
        let entered = ledger.desk().revision;
        self.ledger = Some(ledger);
        Ok(entered)
    }

    /// Decides about one batch of what waits.
    ///
    /// # Errors
    /// When the store fails. A conflict is not an error: the state is loaded again.
    pub async fn turn(&mut self) -> Result<Progress, StoreError> {
        if self.accounts.values().any(|account| account.directory.is_none()) {
            self.read_directories().await;
            self.enter_statuses().await?;
        }
        let mut down = BTreeMap::new();
        let mut after = 0;
        loop {
            let waiting = self.desktop.store.waiting(&self.desktop.tenant, after, BATCH).await?;
            let Some(last) = waiting.last() else {
                self.complain(&down);
                return Ok(if down.is_empty() { Progress::Idle } else { Progress::Blocked });
            };
            after = last.id;
            if let Some(progress) = self.batch(waiting, &mut down).await? {
                self.complain(&down);
                return Ok(progress);
            }
            // Nothing of this page can be read now; what is behind it may be of another CRM.
        }
    }

    async fn batch(
        &mut self,
        waiting: Vec<Waiting>,
        down: &mut BTreeMap<Kind, String>,
    ) -> Result<Option<Progress>, StoreError> {
        if waiting
            .iter()
            .any(|row| matches!(&row.payload, Payload::Record { trigger, .. } if trigger == DELIVERY_FAILED))
        {
            // The CRM did not take an owner: whoever has left it must not be chosen again.
            self.read_directories().await;
            self.enter_statuses().await?;
        }
        let ledger = self.ledger().await?;
        if ledger.desk().workspace != self.desktop.revision.workspace {
            let (tenant, revision) = (&self.desktop.tenant, ledger.desk().revision);
            tracing::warn!(%tenant, revision, "Another process serves a newer workspace: restart this one with the same files");
            return Ok(Some(Progress::Blocked));
        }
        let reads = reads(&ledger.desk().workspace, ledger.bindings());
        let leads = enrich(waiting, &self.accounts, &reads, down, &*self.desktop.clock).await;
        if leads.is_empty() {
            self.ledger = Some(ledger);
            return Ok(None);
        }
        let expected = ledger.seq();
        let Some((ledger, entries)) = self.decide(ledger, leads).await else {
            return Ok(Some(Progress::Blocked));
        };
        self.commit(ledger, expected, entries).await?;
        Ok(Some(Progress::More))
    }

    /// Says what cannot be read, once for as long as it lasts.
    fn complain(&mut self, down: &BTreeMap<Kind, String>) {
        for ((connection, object), reason) in down.iter().filter(|(kind, _)| !self.down.contains(*kind)) {
            tracing::warn!(tenant = %self.desktop.tenant, %connection, object, reason, "Leads wait: their records cannot be read");
        }
        self.down = down.keys().cloned().collect();
    }

    /// A rule keeps its thread busy, so the batch is decided where that hurts nobody. None
    /// if a defect of the host ended it: nothing was decided then.
    async fn decide(&self, mut ledger: Ledger, leads: Vec<EnrichedLead>) -> Option<(Ledger, Vec<Entry>)> {
        let rules = self.desktop.rules.clone();
        let clock = self.desktop.clock.clone();
        let worked = tokio::task::spawn_blocking(move || {
            ledger.forget(clock.now());
            let entries = leads.into_iter().map(|lead| ledger.decide(lead, &*rules, clock.now())).collect();
            (ledger, entries)
        });
        worked
            .await
            .inspect_err(|error| {
                tracing::error!(tenant = %self.desktop.tenant, %error, "Deciding ended in a defect of Rota; please report it");
            })
            .ok()
    }

    /// Records entries, and keeps the ledger only if they were recorded: false means that
    /// another process was first.
    async fn commit(&mut self, ledger: Ledger, expected: u64, entries: Vec<Entry>) -> Result<bool, StoreError> {
        match self.desktop.store.record(&self.desktop.tenant, expected, entries).await {
            Ok(()) => {
                self.ledger = Some(ledger);
                Ok(true)
            }
            Err(StoreError::Conflict { seq, .. }) => {
                tracing::debug!(tenant = %self.desktop.tenant, seq, "Another process was first; deciding again");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn ledger(&mut self) -> Result<Ledger, StoreError> {
        match self.ledger.take() {
            Some(ledger) => Ok(ledger),
            None => load(&self.desktop).await,
        }
    }

    /// Lets a person know of effects whose connection the workspace has no more: nobody
    /// would ever carry them.
    async fn strand(&self) -> Result<(), StoreError> {
        let Desktop { tenant, store, revision, clock, .. } = &self.desktop;
        let destinations = revision.workspace.destinations.iter().map(Destination::line);
        let connections: Vec<_> = revision.crms.keys().cloned().chain(destinations).collect();
        let stranded = store.strand(tenant, &connections, clock.now()).await?;
        if stranded > 0 {
            tracing::warn!(%tenant, stranded, "Effects of removed connections are dead: see `rota outbox list --dead`");
        }
        Ok(())
    }

    /// Enters the workspace if it is not the one that the log ends with.
    async fn enter_workspace(&mut self) -> Result<(), StoreError> {
        loop {
            let mut ledger = self.ledger().await?;
            if ledger.desk().revision > 0 && ledger.desk().workspace == self.desktop.revision.workspace {
                self.ledger = Some(ledger);
                return Ok(());
            }
            let expected = ledger.seq();
            let (workspace, bindings) =
                (self.desktop.revision.workspace.clone(), self.desktop.revision.bindings.clone());
            let entry = ledger.revise(workspace, bindings, self.desktop.clock.now());
            if self.commit(ledger, expected, vec![entry]).await? {
                return Ok(());
            }
        }
    }

    /// Enters whom the CRMs' directories know to have left, or to be there again.
    async fn enter_statuses(&mut self) -> Result<(), StoreError> {
        loop {
            let mut ledger = self.ledger().await?;
            let (expected, now) = (ledger.seq(), self.desktop.clock.now());
            let entries: Vec<Entry> = changes(&ledger, &self.accounts)
                .into_iter()
                .map(|(rep, status)| {
                    tracing::info!(tenant = %self.desktop.tenant, %rep, ?status, "The CRM's directory changed a rep");
                    ledger.status(rep, status, now)
                })
                .collect();
            if entries.is_empty() {
                self.ledger = Some(ledger);
                return Ok(());
            }
            if self.commit(ledger, expected, entries).await? {
                return Ok(());
            }
        }
    }

    async fn read_directories(&mut self) {
        for (connection, crm) in &self.desktop.revision.crms {
            let account = self.accounts.entry(connection.clone());
            let account = account.or_insert_with(|| Account { crm: crm.clone(), directory: None });
            match crm.directory().await {
                Ok(directory) => account.directory = Some(directory),
                Err(error) => tracing::warn!(%connection, %error, "The CRM's owners cannot be read"),
            }
        }
    }
}

/// How far a turn came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something was recorded, or has to be decided again.
    More,
    /// Nothing waits.
    Idle,
    /// What waits cannot be read now.
    Blocked,
}

async fn load(desktop: &Desktop) -> Result<Ledger, StoreError> {
    let since = remembered_since(&desktop.revision.workspace, desktop.clock.now());
    let snapshot = desktop.store.load(&desktop.tenant, since).await?;
    Ok(Ledger::restored(snapshot, desktop.revision.workspace.clone(), desktop.revision.bindings.clone(), Mode::Live))
}

/// Reps whom the CRMs' directories know to have left, or to be there again. Whoever is in
/// several CRMs has left when none of them has them.
fn changes(ledger: &Ledger, accounts: &Accounts) -> Vec<(RepId, Status)> {
    let desk = ledger.desk();
    let change = |rep: &Rep| {
        let mut known = accounts.iter().filter_map(|(connection, account)| {
            let (owner, directory) = (rep.crm.get(connection)?, account.directory.as_ref()?);
            Some(directory.owner(owner).is_some_and(|owner| !owner.archived))
        });
        let first = known.next()?;
        let there = first || known.any(|there| there);
        match (there, desk.status(&rep.id)) {
            (false, Some(Status::Left)) => None,
            (false, _) => Some((rep.id.clone(), Status::Left)),
            (true, Some(Status::Left)) => Some((rep.id.clone(), Status::Back)),
            (true, _) => None,
        }
    };
    desk.workspace.reps.iter().filter_map(change).collect()
}
