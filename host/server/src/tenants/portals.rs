//! Whose an account of an app is. It is the tenant's whose newest revision names it, whether
//! that tenant is at work, suspended, or could not start: what comes for it waits in its
//! inbox, and nobody else is given the account. The claim is the revision in the log, so that
//! it lasts as long as the log does. A tenant lets go of an account by a revision without it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rota_domain::id::{ConnectionId, TenantId};
use rota_domain::workspace::Workspace;

/// An account of an app.
type Account = (String, u64);

/// Which accounts are whose.
#[derive(Default)]
pub(super) struct Portals(RwLock<State>);

#[derive(Default)]
struct State {
    held: HashMap<Account, (TenantId, ConnectionId)>,
    /// Accounts that a revision under way is about to name.
    claimed: HashMap<Account, TenantId>,
}

/// The account is another connection's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the portal {portal} of the app `{app}` is connected already: one connection has to let go of it first, by a revision without it"
)]
pub struct Taken {
    app: String,
    portal: u64,
}

/// Accounts that are about to be a tenant's, until it is dropped.
pub(super) struct Claim<'p> {
    portals: &'p Portals,
    tenant: TenantId,
    accounts: HashMap<Account, ConnectionId>,
}

impl Portals {
    /// Whose connection an account is.
    pub(super) fn of(&self, app: &str, portal: u64) -> Option<(TenantId, ConnectionId)> {
        self.read().held.get(&(app.to_owned(), portal)).cloned()
    }

    /// Takes down what a tenant's newest revision connects, before that tenant is at work.
    /// What somebody has already stays theirs, and is answered.
    pub(super) fn remember(&self, workspace: &Workspace) -> Vec<Taken> {
        let mut state = self.write();
        let mut taken = Vec::new();
        for ((app, portal), connection) in named(workspace) {
            let held = state.held.entry((app.clone(), portal));
            let (holder, _) = held.or_insert_with(|| (workspace.tenant.clone(), connection));
            if *holder != workspace.tenant {
                taken.push(Taken { app, portal });
            }
        }
        taken
    }

    /// Whether a workspace could have the accounts that it names.
    pub(super) fn check(&self, workspace: &Workspace) -> Result<(), Taken> {
        self.read().free_for(workspace).map(drop)
    }

    /// Keeps the accounts that a workspace names for it, for as long as the claim lives.
    pub(super) fn claim(&self, workspace: &Workspace) -> Result<Claim<'_>, Taken> {
        let mut state = self.write();
        let accounts = state.free_for(workspace)?;
        state.claimed.extend(accounts.keys().map(|account| (account.clone(), workspace.tenant.clone())));
        Ok(Claim { portals: self, tenant: workspace.tenant.clone(), accounts })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The accounts of a workspace, if nobody else has them and none is named twice.
    fn free_for(&self, workspace: &Workspace) -> Result<HashMap<Account, ConnectionId>, Taken> {
        let mut accounts = HashMap::new();
        for (account, connection) in named(workspace) {
            let holder = self.held.get(&account).map(|(tenant, _)| tenant).or_else(|| self.claimed.get(&account));
            let other = holder.is_some_and(|holder| *holder != workspace.tenant);
            if other || accounts.insert(account.clone(), connection).is_some() {
                return Err(Taken { app: account.0, portal: account.1 });
            }
        }
        Ok(accounts)
    }
}

impl Claim<'_> {
    /// The revision holds: the tenant's accounts are these from now on, and no others.
    pub(super) fn hold(mut self) {
        let accounts = std::mem::take(&mut self.accounts);
        let mut state = self.portals.write();
        state.held.retain(|_, (tenant, _)| *tenant != self.tenant);
        for (account, connection) in accounts {
            state.claimed.remove(&account);
            state.held.insert(account, (self.tenant.clone(), connection));
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut state = self.portals.write();
        self.accounts.keys().for_each(|account| drop(state.claimed.remove(account)));
    }
}

/// The accounts that a workspace names, each with its connection.
fn named(workspace: &Workspace) -> impl Iterator<Item = (Account, ConnectionId)> {
    workspace
        .connections
        .iter()
        .filter_map(|connection| Some(((connection.app.clone()?, connection.portal_id?), connection.id.clone())))
}
