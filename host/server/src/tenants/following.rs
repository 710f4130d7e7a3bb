//! Several hosts on one database: what another one changed is taken up here. How tenants stand,
//! which revision each is at, and when secrets were set is read every second; it is a few rows a
//! tenant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_flow::ports::{StoreError, Tenancy, Vault};
use tokio::sync::{Mutex, watch};

use super::{Tenant, Tenants, tenant};

/// How often it is read, so that a revision is active on every host within two seconds, unless a
/// component of it is to be compiled there first.
const FOLLOW: Duration = Duration::from_secs(1);

/// After so many looks, what was refused here is tried again: half a minute.
const AGAIN: u32 = 30;

/// Looks at the database for somebody who names what is not known here yet: one at a time, and who
/// asks before one begins shares it.
#[derive(Default)]
pub(super) struct Looks {
    begun: AtomicU64,
    /// The revision of each tenant that was tried last.
    one: Mutex<BTreeMap<TenantId, u64>>,
}

/// What was seen of the database.
#[derive(Default)]
struct Seen {
    /// The revisions that were tried here lately.
    revisions: BTreeMap<TenantId, u64>,
    /// Secrets that changed and could not be used yet, each with what was said of it.
    unused: BTreeMap<(TenantId, String), String>,
    looks: u32,
}

impl Tenants {
    /// Takes up, until the host stops, what other processes changed in the database.
    pub async fn follow(
        self: Arc<Self>,
        tenancy: Arc<dyn Tenancy>,
        vault: Arc<dyn Vault>,
        mut stopped: watch::Receiver<bool>,
    ) {
        // What did not start here was said already.
        let mut seen = Seen { revisions: self.parts.standings.revisions(), ..Seen::default() };
        while !*stopped.borrow() {
            tokio::select! {
                () = tokio::time::sleep(FOLLOW) => {
                    if let Err(error) = self.look(&*tenancy, &*vault, &mut seen).await {
                        tracing::warn!(%error, "What other hosts changed could not be read");
                    }
                    self.heed();
                }
                _ = stopped.changed() => {}
            }
        }
    }

    /// The tenant, if it is alive here, or can be once the database was looked at.
    pub async fn find(&self, id: &TenantId, tenancy: &dyn Tenancy) -> Option<Arc<Tenant>> {
        if self.get(id).is_none() {
            self.look_again(tenancy).await;
        }
        self.get(id)
    }

    /// Takes up at once what another host applied, so that nobody is told that something is not
    /// there which is only not known here yet. A revision that does not hold here is tried once.
    pub async fn look_again(&self, tenancy: &dyn Tenancy) {
        let begun = self.looks.begun.load(Ordering::SeqCst);
        let mut tried = self.looks.one.lock().await;
        if self.looks.begun.load(Ordering::SeqCst) > begun {
            return;
        }
        self.looks.begun.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = self.parts.standings.read(tenancy).await {
            tracing::warn!(%error, "What other hosts changed could not be read");
            return;
        }
        self.take_up_newer(&mut tried).await;
    }

    async fn look(&self, tenancy: &dyn Tenancy, vault: &dyn Vault, seen: &mut Seen) -> Result<(), StoreError> {
        seen.looks += 1;
        if seen.looks.is_multiple_of(AGAIN) {
            seen.revisions.clear();
        }
        self.parts.standings.read(tenancy).await?;
        self.take_up_newer(&mut seen.revisions).await;
        self.look_at_secrets(vault.set_when().await?, seen).await;
        Ok(())
    }

    /// Connects anew whoever is connected with a secret that was set or removed since: the
    /// environment may have one of that name. What cannot be connected stays as it is, and is tried
    /// again with every look; that is said once.
    async fn look_at_secrets(&self, now: BTreeMap<(TenantId, String), Timestamp>, seen: &mut Seen) {
        let mut unused = BTreeMap::new();
        for id in self.names() {
            let connected = self.get(&id).map(|tenant| tenant.secrets()).unwrap_or_default();
            for (name, set) in connected {
                let secret = (id.clone(), name);
                if now.get(&secret).copied() == set {
                    continue;
                }
                let Err(error) = self.reconnect(&id, &secret.1).await else { continue };
                let said = format!("{error:#}");
                if seen.unused.get(&secret) != Some(&said) {
                    let (name, done) = (&secret.1, if now.contains_key(&secret) { "set anew" } else { "removed" });
                    tracing::error!(tenant = %id, "The secret `{name}` was {done}, and what uses it stays connected as before: {said}");
                }
                unused.insert(secret, said);
            }
        }
        seen.unused = unused;
    }

    /// Takes up revisions that are newer than those at work here, but those that were tried.
    async fn take_up_newer(&self, tried: &mut BTreeMap<TenantId, u64>) {
        for (id, revision) in self.parts.standings.revisions() {
            let here = self.get(&id).map_or(0, |tenant| tenant.revision());
            if here >= revision || self.is_from_files(&id) || tried.insert(id.clone(), revision) == Some(revision) {
                continue;
            }
            if let Err(error) = self.take_up(&id, revision).await {
                tracing::error!(tenant = %id, "Revision {revision}, which another host entered, does not hold here: {error:#}");
            }
        }
    }

    /// Decides under the newest revision that the log has of this tenant, which is this one or newer.
    async fn take_up(&self, id: &TenantId, newest: u64) -> anyhow::Result<()> {
        let turn = self.turn(id).await;
        // Whoever changed it here had the turn before, and nothing is to be bound or compiled.
        let first = |revision: u64| self.get(id).is_some_and(|tenant| tenant.revision() >= revision);
        if first(newest) {
            return Ok(());
        }
        let Some((revision, bound)) = self.bound_under(id, self.plan(id)).await? else {
            anyhow::bail!("a part of its workspace is not in the database; apply the workspace again");
        };
        if first(revision) {
            return Ok(());
        }
        match self.apply_in(&turn, bound, Some(revision), None).await {
            // There is a newer one already, which is seen the next time.
            Err(error) if tenant::moved(&error).is_some() => Ok(()),
            done => done.map(drop),
        }
    }
}
