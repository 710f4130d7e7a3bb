//! Whom the CRMs' directories know. They are read beside everything else: an account that does not
//! answer holds up no lead that needs none of its records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rota_domain::id::ConnectionId;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinHandle;

use super::Sequencer;
use crate::enrich::{Account, Accounts};
use crate::ports::{Crm, StoreError};

/// How long a tenant waits for its directories when it is opened.
const FIRST_READ: Duration = Duration::from_secs(1);

/// Directories that are being read.
pub(super) struct Meeting {
    task: JoinHandle<()>,
    end: oneshot::Receiver<Accounts>,
}

impl Sequencer {
    /// Reads the accounts' directories for the first time. One that takes long holds up no start: other
    /// hosts may have used what can be asked of it, for one. Its records wait until it is read.
    pub(super) async fn meet_accounts(&mut self) {
        let crms = &self.desktop.revision.crms;
        let unread = |(connection, crm): (&ConnectionId, &Arc<dyn Crm>)| {
            (connection.clone(), Account { crm: crm.clone(), directory: None })
        };
        let unread: Accounts = crms.iter().map(unread).collect();
        let read = tokio::time::timeout(FIRST_READ, refreshed(unread.clone(), crms)).await;
        self.accounts = read.unwrap_or(unread);
    }

    pub(super) async fn read_directories(&mut self) {
        let accounts = std::mem::take(&mut self.accounts);
        self.accounts = refreshed(accounts, &self.desktop.revision.crms).await;
    }

    /// Begins to read them anew where that is wanted, and nobody does so already.
    pub(super) fn meet(&mut self) {
        let refreshing = self.reading.as_ref().is_some_and(|reading| reading.refreshes);
        if !self.refresh || self.meeting.is_some() || refreshing {
            return;
        }
        self.refresh = false;
        let (ended, end) = oneshot::channel();
        let (accounts, crms) = (self.accounts.clone(), self.desktop.revision.crms.clone());
        let stirred = self.stirred.clone();
        let task = tokio::spawn(async move {
            let _ = ended.send(refreshed(accounts, &crms).await);
            stirred.notify_one();
        });
        self.meeting = Some(Meeting { task, end });
    }

    /// Takes over what was read; false if nothing was.
    pub(super) async fn met(&mut self) -> Result<bool, StoreError> {
        let Some(meeting) = &mut self.meeting else { return Ok(false) };
        let read = match meeting.end.try_recv() {
            Err(TryRecvError::Empty) => return Ok(false),
            Err(TryRecvError::Closed) => None,
            Ok(read) => Some(read),
        };
        self.meeting = None;
        let Some(accounts) = read else { return Ok(true) };
        let lacked = self.lacks_directory();
        self.accounts = accounts;
        self.enter_directories().await?;
        if lacked && !self.lacks_directory() {
            // Records wait that could not be read without.
            self.inbox.again();
        }
        Ok(true)
    }

    /// Gives it up, and reads them another time.
    pub(super) fn stop_meeting(&mut self) {
        if let Some(Meeting { task, .. }) = self.meeting.take() {
            task.abort();
            self.refresh = true;
        }
    }

    /// Whether an account's owners could not be read yet.
    pub(super) fn lacks_directory(&self) -> bool {
        let lacks = |connection| self.accounts.get(connection).is_none_or(|account| account.directory.is_none());
        self.desktop.revision.crms.keys().any(lacks)
    }
}

/// The accounts with their directories as they are now; one that cannot be read stays as it
/// was.
pub(super) async fn refreshed(mut accounts: Accounts, crms: &BTreeMap<ConnectionId, Arc<dyn Crm>>) -> Accounts {
    for (connection, crm) in crms {
        let account = accounts.entry(connection.clone());
        let account = account.or_insert_with(|| Account { crm: crm.clone(), directory: None });
        match crm.directory().await {
            Ok(directory) => account.directory = Some(Arc::new(directory)),
            Err(error) => tracing::warn!(%connection, %error, "The CRM's owners cannot be read"),
        }
    }
    accounts
}
