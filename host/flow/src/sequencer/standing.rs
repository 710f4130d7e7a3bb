//! What a tenant's decisions stand on: the workspace, whom the CRMs' directories know, and
//! their entries in the log.

use std::sync::Arc;

use rota_domain::event::Status;
use rota_domain::id::RepId;
use rota_domain::rule::Mode;
use rota_domain::workspace::{Destination, Rep};

use super::{Desktop, PAUSE, Sequencer};
use crate::enrich::{Accounts, reads};
use crate::ledger::{Ledger, remembered_since};
use crate::orders::{OrderError, Revision};
use crate::ports::{Entry, StoreError};

/// How often the store is asked what became of a revision, with a pause after each time.
const ASKED_AGAIN: u32 = 30;

impl Sequencer {
    /// Decides under this revision from now on. When it cannot be entered, the one before
    /// stays. What is decided already is recorded first; what is only being read is read anew.
    pub(super) async fn revise(&mut self, mut revision: Revision, base: Option<u64>) -> Result<u64, OrderError> {
        self.stop_reading();
        self.stop_meeting();
        self.decide().await?;
        self.flush().await?;
        // What is left was read for the workspace that holds now: it is read anew.
        self.unready();
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
        let refused = match self.enter_workspace(base).await {
            Ok(moved) => moved.map(|now| OrderError::Moved { now }),
            Err(error) => self.is_entered(now, error).await.err(),
        };
        if let Some(refused) = refused {
            self.desktop.revision = before;
            self.ledger = None;
            return Err(refused);
        }
        self.reads = Arc::new(reads(&self.desktop.revision.workspace, &self.desktop.revision.bindings));
        let crms = &self.desktop.revision.crms;
        self.accounts
            .retain(|connection, account| crms.get(connection).is_some_and(|crm| Arc::ptr_eq(crm, &account.crm)));
        let entered = self.revision();
        self.behind = false;
        self.read_directories().await;
        // It is entered already: what fails from here on is done again later, and refuses nothing.
        if let Err(error) = self.settle_in().await {
            tracing::warn!(tenant = %self.desktop.tenant, %error, "After a new revision, owners' changes were not recorded yet");
        }
        Ok(entered)
    }

    /// After an entry of the workspace that failed: whether the log has it all the same, since
    /// only the answer was lost. `before` is the revision that was there. The store is asked
    /// until it answers, for a while: nothing can be decided before it does.
    async fn is_entered(&mut self, before: u64, error: StoreError) -> Result<(), OrderError> {
        for attempt in 1..=ASKED_AGAIN {
            match load(&self.desktop).await {
                Ok(ledger) if ledger.desk().revision == before => return Err(error.into()),
                Ok(ledger) if ledger.desk().workspace == self.desktop.revision.workspace => {
                    self.desktop.revision.origin = None;
                    self.ledger = Some(ledger);
                    return Ok(());
                }
                Ok(ledger) => return Err(OrderError::Moved { now: ledger.desk().revision }),
                Err(error) => {
                    tracing::warn!(tenant = %self.desktop.tenant, %error, attempt, "Whether a revision was entered is not known yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Err(error.into())
    }

    /// What follows from another workspace: who has left its CRMs, and which effects nobody
    /// carries any more. Should it fail, it is done again before anything is decided.
    pub(super) async fn settle_in(&mut self) -> Result<(), StoreError> {
        self.unsettled = true;
        self.enter_statuses().await?;
        self.strand().await?;
        self.unsettled = false;
        Ok(())
    }

    /// Enters what the directories say now. Should it fail, it is done again before anything
    /// is decided.
    pub(super) async fn enter_directories(&mut self) -> Result<(), StoreError> {
        let entered = self.enter_statuses().await;
        self.unsettled |= entered.is_err();
        entered
    }

    /// Lets a person know of effects whose connection the workspace has no more: nobody
    /// would ever carry them.
    async fn strand(&self) -> Result<(), StoreError> {
        let Desktop { tenant, store, revision, clock, .. } = &self.desktop;
        let destinations = revision.workspace.destinations.iter().map(Destination::connection);
        let connections: Vec<_> = revision.crms.keys().cloned().chain(destinations).collect();
        let stranded = store.strand(tenant, &connections, clock.now()).await?;
        if stranded > 0 {
            tracing::warn!(%tenant, stranded, "Effects of removed connections are dead: see `rota outbox list --dead`");
        }
        Ok(())
    }

    /// Enters the workspace if it is not the one that the log ends with, and if the log is at
    /// this base; otherwise gives the revision that the log is at.
    pub(super) async fn enter_workspace(&mut self, base: Option<u64>) -> Result<Option<u64>, StoreError> {
        loop {
            self.flush().await?;
            let mut ledger = self.ledger().await?;
            let now = ledger.desk().revision;
            // Asked each time: after a conflict, it is another log.
            if base.is_some_and(|base| base != now) {
                self.ledger = Some(ledger);
                return Ok(Some(now));
            }
            let Revision { workspace, bindings, origin, .. } = &self.desktop.revision;
            if origin.is_none() && ledger.desk().revision > 0 && ledger.desk().workspace == *workspace {
                self.ledger = Some(ledger);
                return Ok(None);
            }
            let expected = ledger.seq();
            let (workspace, bindings, origin) = (workspace.clone(), bindings.clone(), origin.clone());
            let entry = ledger.revise(workspace, bindings, origin, self.desktop.clock.now());
            if self.enter(ledger, expected, vec![entry]).await? {
                self.desktop.revision.origin = None;
                return Ok(None);
            }
        }
    }

    /// Enters whom the CRMs' directories know to have left, or to be there again.
    async fn enter_statuses(&mut self) -> Result<(), StoreError> {
        loop {
            self.flush().await?;
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
            if self.enter(ledger, expected, entries).await? {
                return Ok(());
            }
        }
    }

    /// Records entries, and keeps the ledger only if they were recorded: false means that
    /// another process was first. Nothing else is under way.
    async fn enter(&mut self, ledger: Ledger, expected: u64, entries: Vec<Entry>) -> Result<bool, StoreError> {
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
}

/// The state that the store holds.
pub(super) async fn load(desktop: &Desktop) -> Result<Ledger, StoreError> {
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
