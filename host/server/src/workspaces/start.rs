//! Which tenants come alive when the host starts, and under what.
//!
//! A workspace lives where it was changed last. Once somebody applied it, it lives in the
//! database, and a directory of the same name is left aside: an applied revision is never
//! lost to whatever files a server happens to be started with. The way back is the operator's
//! word, `from_directory = true` under `[tenants.<name>]` in rota.toml: then the directory
//! holds, whatever was applied before, and nothing is applied any more. A workspace whose
//! directory is not served any more lives in the database, too, from its last revision on, and
//! what it may look up and reach is then what rota.toml says of its tenant.

use std::collections::BTreeSet;
use std::sync::Arc;

use rota_domain::id::TenantId;
use rota_domain::workspace::{Connection, Destination, Workspace};
use rota_flow::ports::{Revisions, StoreError};
use tokio::task::JoinSet;

use super::Workspaces;
use super::directories::{Failed, Unread};
use crate::bind::{Bound, bind_under, find_uploaded};
use crate::config::Loaded;
use crate::last_good::last_good;
use crate::tenants::Tenants;

/// How many tenants start at once: each may wait a moment for a CRM that does not answer.
const AT_ONCE: usize = 16;

/// Tenants that are starting.
struct Opening<'a> {
    tenants: &'a Arc<Tenants>,
    under_way: JoinSet<Option<(TenantId, anyhow::Error)>>,
    failed: Vec<(TenantId, anyhow::Error)>,
}

impl<'a> Opening<'a> {
    fn new(tenants: &'a Arc<Tenants>) -> Self {
        Self { tenants, under_way: JoinSet::new(), failed: Vec::new() }
    }

    /// Lets a tenant start, once there is room.
    async fn begin(&mut self, tenant: TenantId, bound: anyhow::Result<Bound>) {
        while self.under_way.len() >= AT_ONCE {
            self.join().await;
        }
        match bound {
            Ok(bound) => {
                let tenants = self.tenants.clone();
                self.under_way.spawn(async move { Some((tenant, tenants.open(bound).await.err()?)) });
            }
            Err(error) => self.failed.push((tenant, error)),
        }
    }

    async fn join(&mut self) {
        match self.under_way.join_next().await {
            Some(Ok(failed)) => self.failed.extend(failed),
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => {}
        }
    }

    /// Waits for all; who did not start, and why.
    async fn end(mut self) -> Vec<(TenantId, anyhow::Error)> {
        while !self.under_way.is_empty() {
            self.join().await;
        }
        self.failed.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.failed
    }
}

/// The tenants of these directories whose workspace nobody has applied, and those whose
/// directory is to `hold` whatever was applied, and whether it can be read or not.
///
/// # Errors
/// When the store fails.
pub async fn from_files(
    directories: &[Loaded],
    hold: &BTreeSet<TenantId>,
    revisions: &dyn Revisions,
) -> Result<BTreeSet<TenantId>, StoreError> {
    let mut tenants = hold.clone();
    for loaded in directories {
        let id = &loaded.workspace.tenant;
        if !is_applied(id, revisions).await? {
            tenants.insert(id.clone());
        }
    }
    Ok(tenants)
}

async fn is_applied(tenant: &TenantId, revisions: &dyn Revisions) -> Result<bool, StoreError> {
    let newest = revisions.revisions(tenant, None, 1).await?;
    Ok(newest.first().is_some_and(|past| past.origin.is_some()))
}

/// What there is to say of a tenant whose directory holds, and was not read.
fn not_read(tenant: &TenantId) -> Failed {
    let error = anyhow::anyhow!(
        "its directory holds, by from_directory = true under [tenants.{tenant}] in rota.toml, and was not read; what \
         comes for it waits. Mend the directory, name it under workspaces, or take from_directory out"
    );
    Failed { what: format!("The tenant `{tenant}`"), tenant: Some(tenant.clone()), error }
}

/// Whom a workspace calls.
type Addresses = (Vec<Connection>, Vec<Destination>);

fn addresses(workspace: &Workspace) -> Addresses {
    (workspace.connections.clone(), workspace.destinations.clone())
}

impl Workspaces {
    /// Takes in the tenants of these directories, and all others of the database. One that
    /// cannot start is said in the log, and the others start. A tenant whose directory holds
    /// and was not read does not start from what was applied.
    ///
    /// # Errors
    /// When a directory cannot be served, and nobody else is or waits for a first workspace.
    pub async fn begin(&self, directories: Vec<Loaded>, unread: Vec<Unread>) -> anyhow::Result<()> {
        self.remember(&directories).await?;
        let mut failed: Vec<Failed> = unread.into_iter().map(Unread::failed).collect();
        let directories_of: BTreeSet<TenantId> =
            directories.iter().map(|loaded| loaded.workspace.tenant.clone()).collect();
        let (told, aside): (Vec<Loaded>, Vec<Loaded>) =
            directories.into_iter().partition(|loaded| self.tenants.is_from_files(&loaded.workspace.tenant));
        let mut opening = Opening::new(&self.tenants);
        for loaded in told {
            let tenant = loaded.workspace.tenant.clone();
            opening.begin(tenant, self.of_directory(loaded).await).await;
        }
        failed.extend(opening.end().await.into_iter().map(|(tenant, error)| Failed {
            what: format!("The tenant `{tenant}`"),
            tenant: Some(tenant),
            error,
        }));
        let known = self.store.tenants().await?;
        let mut opening = Opening::new(&self.tenants);
        let mut without = 0;
        for tenant in &known {
            if self.tenants.is_from_files(tenant) {
                if !directories_of.contains(tenant) {
                    failed.push(not_read(tenant));
                }
                continue;
            }
            // Who has no workspace yet is given one over HTTP.
            if self.revisions.revisions(tenant, None, 1).await?.is_empty() {
                without += usize::from(!failed.iter().any(|one| one.tenant.as_ref() == Some(tenant)));
                continue;
            }
            opening.begin(tenant.clone(), self.of_database(tenant).await).await;
        }
        for (tenant, error) in opening.end().await {
            tracing::error!("The tenant `{tenant}` does not start, and the others do: {error:#}");
        }
        if !failed.is_empty() && self.tenants.names().is_empty() && without == 0 {
            return Err(failed.remove(0).error);
        }
        for Failed { what, error, .. } in failed {
            tracing::error!("{what} is not served, and the others are: {error:#}");
        }
        for loaded in aside {
            self.say_aside(loaded).await?;
        }
        Ok(())
    }

    /// Takes down whose accounts are whose before anybody is at work, so that one who starts
    /// late, or not at all, finds theirs still theirs. Directories come first: they are the
    /// operator's word of today. Of tenants of the database, the older revision does.
    async fn remember(&self, directories: &[Loaded]) -> Result<(), StoreError> {
        let from_files = directories.iter().filter(|loaded| self.tenants.is_from_files(&loaded.workspace.tenant));
        // Whoever names what another directory names is told when it is opened.
        from_files.for_each(|loaded| drop(self.tenants.remember(&loaded.workspace)));
        let mut stored = Vec::new();
        for tenant in self.store.tenants().await? {
            let newest = self.revisions.revisions(&tenant, None, 1).await?.into_iter().next();
            let Some(number) = newest.map(|past| past.number) else { continue };
            match self.revisions.revision(&tenant, number).await {
                Ok(found) => stored.extend(found),
                Err(error) => tracing::error!("Whose webhooks are those of `{tenant}` is not known: {error}"),
            }
        }
        stored.sort_by_key(|(past, _)| past.at);
        for (past, workspace) in stored {
            let tenant = &workspace.tenant;
            for taken in self.tenants.remember(&workspace) {
                if !self.tenants.is_from_files(tenant) {
                    tracing::error!("The tenant `{tenant}` loses an account of its revision {}: {taken}", past.number);
                }
            }
        }
        Ok(())
    }

    /// What a directory says; where that is refused, the last that the tenant decided under.
    /// A tenant that has none is the operator's to look at before anything starts.
    async fn of_directory(&self, mut loaded: Loaded) -> anyhow::Result<Bound> {
        let id = loaded.workspace.tenant.clone();
        let (granted, written) = (self.tenants.plan(&id), addresses(&loaded.workspace));
        let found = find_uploaded(&mut loaded, &*self.library, &*self.store).await;
        let refused = match found.and_then(|()| bind_under(loaded, &self.catalogue, &granted)) {
            Ok(bound) => return Ok(bound),
            Err(refused) => refused,
        };
        let Some((revision, mut loaded)) = last_good(&*self.store, &id).await? else { return Err(refused) };
        // Where it calls those whom the operator's own directory names, the operator means them.
        loaded.trusted = addresses(&loaded.workspace) == written;
        let Ok(bound) = bind_under(loaded, &self.catalogue, &granted) else { return Err(refused) };
        tracing::error!("The workspace `{id}` is refused, and its revision {revision} stays: {refused:#}");
        Ok(bound)
    }

    /// What the database has as the last revision of a tenant.
    async fn of_database(&self, tenant: &TenantId) -> anyhow::Result<Bound> {
        let Some((_, loaded)) = last_good(&*self.store, tenant).await? else {
            anyhow::bail!("a part of its workspace is not in the database; apply the workspace again");
        };
        bind_under(loaded, &self.catalogue, &self.tenants.plan(tenant))
    }

    /// Says of a directory that it was left aside, if it says something else.
    async fn say_aside(&self, loaded: Loaded) -> Result<(), StoreError> {
        let id = loaded.workspace.tenant.clone();
        let newest = self.revisions.revisions(&id, None, 1).await?;
        let revision = newest.first().map_or(0, |past| past.number);
        let holds = self.tenants.get(&id).map(|alive| alive.bound().workspace.clone());
        let same = bind_under(loaded, &self.catalogue, &self.tenants.plan(&id))
            .is_ok_and(|bound| holds.is_some_and(|holds| holds == bound.workspace));
        if !same {
            tracing::error!(
                "The directory of the workspace `{id}` is left aside: revision {revision} was applied, and stays. \
                 Apply the directory with `rota apply`, and take it out of the server's configuration; \
                 or let it hold again with from_directory = true under [tenants.{id}] in rota.toml"
            );
        }
        Ok(())
    }
}
