//! Flows that name what their tenant uploaded: by digest, by name, which means the newest
//! version, or by name and version. Where a later Rota bundles a plugin of the same name, the
//! tenant's own still comes first.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::{Digest, TenantId};
use rota_domain::library::{PluginName, Uploaded};
use rota_domain::workspace::{Flow, Workspace};
use rota_flow::ports::{Library, Store, StoreError};

use super::bundled;
use crate::bundled::BUNDLED;
use crate::config::{Loaded, TOGETHER_MOST};

/// Adds the components of flows whose plugin was uploaded to what was read of a workspace. A
/// flow that has its component already keeps it, and bundled plugins are left to [`super::bind`].
///
/// # Errors
/// When a flow's plugin is nowhere or was withdrawn: which, and what to do; or when the
/// database fails.
pub async fn find_uploaded(loaded: &mut Loaded, library: &dyn Library, store: &dyn Store) -> anyhow::Result<()> {
    let mut shelf = Shelf::new(&loaded.workspace.tenant, library, store, 0).await?;
    for flow in &loaded.workspace.flows {
        if !loaded.components.contains_key(&flow.id)
            && let Some(component) = shelf.of_flow(flow).await?
        {
            loaded.components.insert(flow.id.clone(), component);
        }
    }
    Ok(())
}

/// The components that a workspace finds at its tenant's: each comes out of the store once,
/// however many paths and flows name it, and together they are no more than a workspace may
/// have. Else a few lines that name one large component over and over would fill the host.
pub struct Shelf<'s> {
    tenant: TenantId,
    store: &'s dyn Store,
    uploaded: Vec<Uploaded>,
    fetched: BTreeMap<Digest, Arc<[u8]>>,
    room: u64,
}

impl<'s> Shelf<'s> {
    /// The shelf of a tenant, for a workspace that has so many bytes besides.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn new(
        tenant: &TenantId,
        library: &dyn Library,
        store: &'s dyn Store,
        besides: u64,
    ) -> Result<Self, StoreError> {
        let uploaded = library.uploaded(tenant).await?;
        let room = TOGETHER_MOST.saturating_sub(besides);
        Ok(Self { tenant: tenant.clone(), store, uploaded, fetched: BTreeMap::new(), room })
    }

    /// What the tenant uploaded.
    #[must_use]
    pub fn uploaded(&self) -> &[Uploaded] {
        &self.uploaded
    }

    /// The component of this digest, if its bytes are there.
    ///
    /// # Errors
    /// When there would be too much of them, or the database fails.
    pub async fn component(&mut self, digest: &Digest) -> anyhow::Result<Option<Arc<[u8]>>> {
        if let Some(component) = self.fetched.get(digest) {
            return Ok(Some(component.clone()));
        }
        let Some(component) = self.store.kept(&self.tenant, digest).await? else { return Ok(None) };
        let room = self.room.checked_sub(component.len() as u64).with_context(|| {
            let most = TOGETHER_MOST >> 20;
            format!("the components and files of the workspace have more than {most} MiB together: name fewer")
        })?;
        self.room = room;
        let component: Arc<[u8]> = component.into();
        self.fetched.insert(digest.clone(), component.clone());
        Ok(Some(component))
    }

    /// The component of a flow whose plugin was uploaded; none of one that is bundled.
    ///
    /// # Errors
    /// When the flow's plugin is nowhere or was withdrawn, there would be too much, or the
    /// database fails.
    pub async fn of_flow(&mut self, flow: &Flow) -> anyhow::Result<Option<Arc<[u8]>>> {
        let Some(found) = PluginName::read(&flow.plugin).among(&self.uploaded) else {
            bundled(flow).map_err(|_| nowhere(flow, &self.uploaded))?;
            return Ok(None);
        };
        check_withdrawn(flow, found)?;
        let digest = found.digest.clone();
        let gone =
            || format!("the bytes of the plugin `{}` of flow `{}` are gone: upload it again", flow.plugin, flow.id);
        self.component(&digest).await?.with_context(gone).map(Some)
    }
}

/// Refuses a workspace, bound before, that uses what has been withdrawn since.
///
/// # Errors
/// Which flow it is and what to do; or when the database fails.
pub async fn refuse_withdrawn(workspace: &Arc<Workspace>, library: &dyn Library) -> anyhow::Result<()> {
    let uploaded = library.uploaded(&workspace.tenant).await?;
    for flow in &workspace.flows {
        if let Some(found) = uploaded.iter().find(|one| Some(&one.digest) == flow.digest.as_ref()) {
            check_withdrawn(flow, found)?;
        }
    }
    Ok(())
}

fn check_withdrawn(flow: &Flow, found: &Uploaded) -> anyhow::Result<()> {
    let Some(withdrawn) = found.withdrawn else { return Ok(()) };
    anyhow::bail!(
        "flow `{}` names the plugin `{}`, which was withdrawn at {withdrawn}: name another, or upload it again",
        flow.id,
        flow.plugin
    )
}

/// The error of a name that means nothing, with the names that mean something.
fn nowhere(flow: &Flow, uploaded: &[Uploaded]) -> anyhow::Error {
    let own = uploaded.iter().filter(|one| one.withdrawn.is_none());
    let mut names: Vec<String> = own.map(|one| format!("{}@{}", one.manifest.name, one.manifest.version)).collect();
    names.extend(BUNDLED.iter().map(|(name, _)| (*name).to_owned()));
    anyhow::anyhow!(
        "flow `{}` names the plugin `{}`, which is not there: use {}, or upload it with `rota push`",
        flow.id,
        flow.plugin,
        names.join(", ")
    )
}
