//! Flows that name what their tenant uploaded: by digest, by name, which means the newest
//! version, or by name and version. Where a later Rota bundles a plugin of the same name, the
//! tenant's own still comes first.

use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::library::{PluginName, Uploaded};
use rota_domain::workspace::{Flow, Workspace};
use rota_flow::ports::{Library, Store};

use super::bundled;
use crate::bundled::BUNDLED;
use crate::config::Loaded;

/// Adds the components of flows whose plugin was uploaded to what was read of a workspace. A
/// flow that has its component already keeps it, and bundled plugins are left to [`super::bind`].
///
/// # Errors
/// When a flow's plugin is nowhere or was withdrawn: which, and what to do; or when the
/// database fails.
pub async fn find_uploaded(loaded: &mut Loaded, library: &dyn Library, store: &dyn Store) -> anyhow::Result<()> {
    let tenant = loaded.workspace.tenant.clone();
    let uploaded = library.uploaded(&tenant).await?;
    for flow in &loaded.workspace.flows {
        if loaded.components.contains_key(&flow.id) {
            continue;
        }
        let Some(found) = PluginName::read(&flow.plugin).among(&uploaded) else {
            bundled(flow).map_err(|_| nowhere(flow, &uploaded))?;
            continue;
        };
        check_withdrawn(flow, found)?;
        let component = store.kept(&tenant, &found.digest).await?;
        let gone =
            || format!("the bytes of the plugin `{}` of flow `{}` are gone: upload it again", flow.plugin, flow.id);
        loaded.components.insert(flow.id.clone(), component.with_context(gone)?);
    }
    Ok(())
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
