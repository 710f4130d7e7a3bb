//! From a workspace as it is written to one that can decide: each flow's plugin is found
//! and taken in, and its settings and the digests of tables stand in the workspace itself, so
//! that a revision in the log is whole.

mod uploaded;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::{Digest, FlowId};
use rota_domain::plan::Plan;
use rota_domain::rule::Settings as RuleSettings;
use rota_domain::workspace::{Flow, Settings, Workspace};
use rota_flow::bindings::{Binding, Bindings};
use rota_flow::ports::Plugin;
use rota_rules::{Catalogue, Misfit};

use crate::bundled::BUNDLED;
use crate::calendar_files;
use crate::config::Loaded;

pub use uploaded::{Shelf, find_uploaded, refuse_withdrawn};

/// A workspace that can decide.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The workspace, settings included.
    pub workspace: Arc<Workspace>,
    /// The plugin of each flow, and the tables.
    pub bindings: Arc<Bindings>,
    /// The bytes of components, tables and calendar files, which the store keeps for replay.
    pub kept: Vec<Arc<[u8]>>,
    /// Whether the operator wrote it, who may name private addresses.
    pub trusted: bool,
}

/// Finds each flow's plugin and takes it in, with the usual limits of its language class. A
/// table is known by the digest of its file from here on, so that another file is another
/// revision of the workspace.
///
/// # Errors
/// When a plugin is not there or is refused: which flow, and why.
pub fn bind(loaded: Loaded, catalogue: &Catalogue) -> anyhow::Result<Bound> {
    bind_under(loaded, catalogue, &Plan::default())
}

/// The same with the limits that a plan grants.
///
/// # Errors
/// The same, and when the plan does not grant a plugin's language class.
pub fn bind_under(loaded: Loaded, catalogue: &Catalogue, plan: &Plan) -> anyhow::Result<Bound> {
    let Loaded { mut workspace, settings, components, tables, calendar_files, trusted, .. } = loaded;
    let mut bindings = Bindings::default();
    let mut kept: BTreeMap<Digest, Arc<[u8]>> = BTreeMap::new();
    for flow in &mut workspace.flows {
        let text = settings.get(&flow.id).cloned().unwrap_or_else(|| "{}".into());
        let (component, plugin, misfits): (Arc<[u8]>, _, _) = match components.get(&flow.id) {
            Some(component) => {
                let refused = || format!("the plugin `{}` of flow `{}` is refused", flow.plugin, flow.id);
                let plugin = catalogue.take_in_from(&workspace.tenant, component).with_context(refused)?;
                let misfits = catalogue.judge_from(&workspace.tenant, &plugin, &text).with_context(refused)?;
                (component.clone(), plugin, misfits)
            }
            None => {
                let component = bundled(flow)?;
                let broken = "a bundled plugin is refused: this build is broken";
                let plugin = catalogue.take_in(component).context(broken)?;
                let misfits = catalogue.judge(&plugin, &text).context(broken)?;
                (component.into(), plugin, misfits)
            }
        };
        check_version(flow, &plugin)?;
        if !misfits.is_empty() {
            let plugin = plugin.manifest.name.clone();
            return Err(UnfitSettings { flow: flow.id.clone(), plugin, misfits }.into());
        }
        let value = serde_json::from_str(&text).context("settings are an object")?;
        flow.settings = Settings::Inline(value);
        flow.digest = Some(plugin.digest.clone());
        kept.entry(plugin.digest.clone()).or_insert(component);
        let limits = plan.grant(plugin.manifest.language).with_context(|| {
            format!("the plugin `{}` of flow `{}` is not granted to `{}`", flow.plugin, flow.id, workspace.tenant)
        })?;
        bindings.flows.insert(flow.id.clone(), Binding { plugin, settings: RuleSettings::new(text), limits });
    }
    for table in &mut workspace.tables {
        table.digest = tables.get(&table.id).map(|file| Digest::of(&file.bytes));
    }
    let of_tables = tables.values().map(|file| file.bytes.clone());
    let of_calendars = calendar_files.values().map(|file| file.bytes.clone());
    let kept = kept.into_values().chain(of_tables).chain(of_calendars).collect();
    bindings.calendar_files = calendar_files::read(&calendar_files);
    bindings.tables = Arc::new(tables.into_iter().map(|(id, file)| (id, file.table)).collect());
    Ok(Bound { workspace: Arc::new(workspace), bindings: Arc::new(bindings), kept, trusted })
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

/// The settings of a flow are none that its plugin could use.
#[derive(Debug, thiserror::Error)]
#[error(
    "the settings of flow `{flow}` do not fit the plugin `{plugin}`; correct them, or see what it takes with `rota inspect`:{}",
    misfits.iter().map(|misfit| format!("\n  {misfit}")).collect::<String>()
)]
pub struct UnfitSettings {
    flow: FlowId,
    plugin: String,
    /// What does not fit.
    pub misfits: Vec<Misfit>,
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
