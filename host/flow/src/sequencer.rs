//! One tenant's order: what waits is read, decided one after the other against the state
//! that the one before left, and recorded in one commit.
//!
//! If another process wrote to the log first, the commit is refused: the state is loaded
//! again and everything decided again, which is harmless, since deciding changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rota_domain::event::Status;
use rota_domain::id::{ConnectionId, Seed, TenantId};
use rota_domain::rule::Mode;
use rota_domain::workspace::Workspace;
use tokio::sync::{Notify, watch};

use crate::bindings::Bindings;
use crate::decide::DELIVERY_FAILED;
use crate::enrich::{Account, EnrichedLead, enrich, wanted};
use crate::ledger::{Ledger, remembered_since};
use crate::ports::{Clock, Crm, Entry, Payload, Rules, Store, StoreError};

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
    /// The workspace as its files say, settings included.
    pub workspace: Arc<Workspace>,
    /// The plugin of each flow.
    pub bindings: Arc<Bindings>,
    /// The tenant's randomness, if it is new.
    pub seed: Seed,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Who runs rules.
    pub rules: Arc<dyn Rules>,
    /// The CRM accounts.
    pub crms: BTreeMap<ConnectionId, Arc<dyn Crm>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Decides what arrives for one tenant.
pub struct Sequencer {
    desktop: Desktop,
    /// None while it is not certain what the store holds: then it is loaded.
    ledger: Option<Ledger>,
    accounts: BTreeMap<ConnectionId, Account>,
}

impl Sequencer {
    /// Takes the tenant's log up where it stands, and enters the workspace if it changed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(desktop: Desktop) -> Result<Self, StoreError> {
        desktop.store.open(&desktop.tenant, desktop.seed).await?;
        let mut sequencer = Self { desktop, ledger: None, accounts: BTreeMap::new() };
        sequencer.settle_in().await?;
        Ok(sequencer)
    }

    /// Works until told to stop. `bell` rings when something arrived; `done` are rung after
    /// each commit.
    pub async fn run(mut self, bell: Arc<Notify>, done: Vec<Arc<Notify>>, mut stop: watch::Receiver<bool>) {
        let mut directories = tokio::time::interval(DIRECTORY_EVERY);
        directories.tick().await;
        while !*stop.borrow() {
            let wait = match self.turn().await {
                Ok(Progress::More) => {
                    done.iter().for_each(|courier| courier.notify_one());
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
                () = tokio::time::sleep(wait) => {}
                _ = stop.changed() => {}
                _ = directories.tick() => {
                    if let Err(error) = self.settle_in().await {
                        tracing::warn!(tenant = %self.desktop.tenant, %error, "The owners' changes were not recorded");
                    }
                }
            }
        }
    }

    /// Decides about one batch of what waits.
    ///
    /// # Errors
    /// When the store fails. A conflict is not an error: the state is loaded again.
    pub async fn turn(&mut self) -> Result<Progress, StoreError> {
        let waiting = self.desktop.store.waiting(&self.desktop.tenant, 0, BATCH).await?;
        if waiting.is_empty() {
            return Ok(Progress::Idle);
        }
        if waiting
            .iter()
            .any(|row| matches!(&row.payload, Payload::Record { trigger, .. } if trigger == DELIVERY_FAILED))
        {
            // The CRM did not take an owner: whoever has left it must not be chosen again.
            self.settle_in().await?;
        }
        let ledger = self.ledger().await?;
        let wanted = wanted(&ledger.desk().workspace, ledger.bindings());
        let (leads, errors) = enrich(waiting, &self.accounts, &wanted, &*self.desktop.clock).await;
        for error in &errors {
            tracing::warn!(tenant = %self.desktop.tenant, %error, "Leads wait: their records cannot be read");
        }
        if leads.is_empty() {
            self.ledger = Some(ledger);
            return Ok(Progress::Blocked);
        }
        let expected = ledger.seq();
        let (ledger, entries) = self.decide(ledger, leads).await;
        self.commit(ledger, expected, entries).await?;
        Ok(Progress::More)
    }

    /// A rule keeps its thread busy, so the batch is decided where that hurts nobody.
    async fn decide(&self, mut ledger: Ledger, leads: Vec<EnrichedLead>) -> (Ledger, Vec<Entry>) {
        let rules = self.desktop.rules.clone();
        let clock = self.desktop.clock.clone();
        let worked = tokio::task::spawn_blocking(move || {
            ledger.forget(clock.now());
            let entries = leads.into_iter().map(|lead| ledger.decide(lead, &*rules, clock.now())).collect();
            (ledger, entries)
        });
        match worked.await {
            Ok(decided) => decided,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
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

    /// Enters what differs between the log and the world: the workspace's files, and owners
    /// who have left the CRM or are there again.
    async fn settle_in(&mut self) -> Result<(), StoreError> {
        self.read_directories().await;
        loop {
            let mut ledger = self.ledger().await?;
            let expected = ledger.seq();
            let entries = self.differences(&mut ledger);
            if entries.is_empty() {
                self.ledger = Some(ledger);
                return Ok(());
            }
            if self.commit(ledger, expected, entries).await? {
                return Ok(());
            }
        }
    }

    fn differences(&self, ledger: &mut Ledger) -> Vec<Entry> {
        let now = self.desktop.clock.now();
        let mut entries = Vec::new();
        let seen = ledger.desk();
        if seen.revision == 0 || seen.workspace != self.desktop.workspace {
            entries.push(ledger.revise(self.desktop.workspace.clone(), self.desktop.bindings.clone(), now));
        }
        for (rep, status) in changes(ledger, &self.accounts) {
            tracing::info!(tenant = %self.desktop.tenant, rep = %rep, ?status, "The CRM's directory changed a rep");
            entries.push(ledger.status(rep, status, now));
        }
        entries
    }

    async fn read_directories(&mut self) {
        for (connection, crm) in &self.desktop.crms {
            match crm.directory().await {
                Ok(directory) => {
                    self.accounts.insert(connection.clone(), Account { crm: crm.clone(), directory });
                }
                Err(error) => {
                    tracing::warn!(%connection, %error, "The CRM's owners cannot be read; the last known ones hold");
                    self.accounts
                        .entry(connection.clone())
                        .or_insert_with(|| Account { crm: crm.clone(), directory: crate::ports::Directory::default() });
                }
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
    let since = remembered_since(&desktop.workspace, desktop.clock.now());
    let snapshot = desktop.store.load(&desktop.tenant, since).await?;
    Ok(Ledger::restored(snapshot, desktop.workspace.clone(), desktop.bindings.clone(), Mode::Live))
}

/// Reps whom the CRM's directory knows to have left, or to be there again.
fn changes(ledger: &Ledger, accounts: &BTreeMap<ConnectionId, Account>) -> Vec<(rota_domain::id::RepId, Status)> {
    let desk = ledger.desk();
    let mut changes = Vec::new();
    for (connection, account) in accounts {
        if account.directory.owners.is_empty() {
            continue;
        }
        for rep in &desk.workspace.reps {
            let Some(owner) = rep.crm.get(connection) else { continue };
            let there = account.directory.owner(owner).is_some_and(|owner| !owner.archived);
            match (there, desk.status(&rep.id)) {
                (false, Some(Status::Left)) => {}
                (false, _) => changes.push((rep.id.clone(), Status::Left)),
                (true, Some(Status::Left)) => changes.push((rep.id.clone(), Status::Back)),
                (true, _) => {}
            }
        }
    }
    changes
}
