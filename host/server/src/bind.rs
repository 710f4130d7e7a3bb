//! From a workspace as it is written to one that can decide: each flow's plugin is found
//! and taken in, and its settings stand in the workspace itself, so that a revision in the
//! log is whole.

use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::Digest;
use rota_domain::workspace::{Flow, Settings, Workspace};
use rota_flow::bindings::{Binding, Bindings};
use rota_flow::ports::{Plugin, Rules as _};
use rota_rules::Catalogue;

use crate::bundled::BUNDLED;
use crate::config::Loaded;

/// A workspace that can decide.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The workspace, settings included.
    pub workspace: Arc<Workspace>,
    /// The plugin of each flow.
    pub bindings: Arc<Bindings>,
}

/// Finds each flow's plugin and takes it in.
///
/// # Errors
/// When a plugin is not there or is refused: which flow, and why.
pub fn bind(loaded: Loaded, catalogue: &Catalogue) -> anyhow::Result<Bound> {
    let Loaded { mut workspace, settings, components, .. } = loaded;
    let mut bindings = Bindings::new();
    for flow in &mut workspace.flows {
        let plugin = match components.get(&flow.id) {
            Some(component) => catalogue
                .take_in(component)
                .with_context(|| format!("the plugin `{}` of flow `{}` is refused", flow.plugin, flow.id))?,
            None => find(flow, catalogue)?,
        };
        let text = settings.get(&flow.id).cloned().unwrap_or_else(|| "{}".into());
        flow.settings = Settings::Inline(serde_json::from_str(&text).context("settings are an object")?);
        bindings.insert(flow.id.clone(), Binding { plugin, settings: text });
    }
    Ok(Bound { workspace: Arc::new(workspace), bindings: Arc::new(bindings) })
}

/// A plugin by its bundled name, `name@version`, or digest.
fn find(flow: &Flow, catalogue: &Catalogue) -> anyhow::Result<Plugin> {
    let (name, version) = match flow.plugin.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (flow.plugin.as_str(), None),
    };
    if let Some((_, component)) = BUNDLED.iter().find(|(known, _)| *known == name) {
        let plugin = catalogue.take_in(component).context("a bundled plugin is refused: this build is broken")?;
        let has = &plugin.manifest.version;
        anyhow::ensure!(
            version.is_none_or(|version| version == has),
            "flow `{}` asks for {}, and this build has {name}@{has}: correct the version, or leave it out",
            flow.id,
            flow.plugin
        );
        return Ok(plugin);
    }
    let installed = BUNDLED.iter().find(|(_, component)| Digest::of(component).as_str() == flow.plugin);
    if let Some((_, component)) = installed {
        return catalogue.take_in(component).context("a bundled plugin is refused: this build is broken");
    }
    if let Some(plugin) = catalogue.plugin(&Digest::from(flow.plugin.as_str())) {
        return Ok(plugin);
    }
    let known: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
    anyhow::bail!(
        "flow `{}` names the plugin `{}`, which is not there: use {}, or a file such as \"./rule.wasm\"",
        flow.id,
        flow.plugin,
        known.join(", ")
    )
}
