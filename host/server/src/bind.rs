//! From a workspace as it is written to one that can decide: each flow's plugin is found
//! and taken in, and its settings stand in the workspace itself, so that a revision in the
//! log is whole.

use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::Digest;
use rota_domain::limits::Limits;
use rota_domain::workspace::{Flow, Settings, Workspace};
use rota_flow::bindings::{Binding, Bindings};
use rota_flow::ports::Plugin;
use rota_rules::Catalogue;

use crate::bundled::BUNDLED;
use crate::config::Loaded;

/// A workspace that can decide.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The workspace, settings included.
    pub workspace: Arc<Workspace>,
    /// The plugin of each flow, and the tables.
    pub bindings: Arc<Bindings>,
    /// The bytes of components and tables, which the store keeps for replay.
    pub kept: Vec<Arc<[u8]>>,
}

/// Finds each flow's plugin and takes it in.
///
/// # Errors
/// When a plugin is not there or is refused: which flow, and why.
pub fn bind(loaded: Loaded, catalogue: &Catalogue) -> anyhow::Result<Bound> {
    let Loaded { mut workspace, settings, components, .. } = loaded;
    let mut bindings = Bindings::default();
    let mut kept: Vec<Arc<[u8]>> = Vec::new();
    for flow in &mut workspace.flows {
        let (component, plugin): (&[u8], _) = match components.get(&flow.id) {
            Some(component) => {
                let refused = || format!("the plugin `{}` of flow `{}` is refused", flow.plugin, flow.id);
                (component, catalogue.take_in_from(&workspace.tenant, component).with_context(refused)?)
            }
            None => {
                let component = bundled(flow)?;
                let broken = "a bundled plugin is refused: this build is broken";
                (component, catalogue.take_in(component).context(broken)?)
            }
        };
        check_version(flow, &plugin)?;
        let text = settings.get(&flow.id).cloned().unwrap_or_else(|| "{}".into());
        flow.settings = Settings::Inline(serde_json::from_str(&text).context("settings are an object")?);
        flow.digest = Some(plugin.digest.clone());
        kept.push(component.into());
        let limits = Limits::of(plugin.manifest.language);
        bindings.flows.insert(flow.id.clone(), Binding { plugin, settings: text, limits });
    }
    Ok(Bound { workspace: Arc::new(workspace), bindings: Arc::new(bindings), kept })
}

/// A bundled plugin by its name, `name@version`, or digest.
fn bundled(flow: &Flow) -> anyhow::Result<&'static [u8]> {
    let name = flow.plugin.split_once('@').map_or(flow.plugin.as_str(), |(name, _)| name);
    let found = BUNDLED.iter().find(|(known, component)| *known == name || Digest::of(component).as_str() == name);
    if let Some((_, component)) = found {
        return Ok(component);
    }
    let known: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
    anyhow::bail!(
        "flow `{}` names the plugin `{}`, which is not there: use {}, or a file such as \"./rule.wasm\"",
        flow.id,
        flow.plugin,
        known.join(", ")
    )
}

fn check_version(flow: &Flow, plugin: &Plugin) -> anyhow::Result<()> {
    let Some((name, version)) = flow.plugin.split_once('@') else { return Ok(()) };
    let has = &plugin.manifest.version;
    anyhow::ensure!(
        version == has,
        "flow `{}` asks for {}, and this build has {name}@{has}: correct the version, or leave it out",
        flow.id,
        flow.plugin
    );
    Ok(())
}
