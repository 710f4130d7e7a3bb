//! Plugins as callers see them.

use std::sync::LazyLock;

use jiff::Timestamp;
use rota_domain::id::{Digest, FlowId};
use rota_domain::library::{Makeup, PluginName, Uploaded};
use rota_domain::manifest::Manifest;
use rota_domain::workspace::Workspace;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::bundled::BUNDLED;

/// A plugin that a flow may name, or could once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PluginView {
    /// The digest of the component.
    pub(super) digest: Digest,
    /// Its name.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// What it says of itself: what it does, reads, writes and opens.
    manifest: Manifest,
    /// What it is made of.
    makeup: Makeup,
    /// The component's bytes.
    bytes: u64,
    /// Whether every tenant has it.
    bundled: bool,
    /// The flows of the current workspace that ask it.
    pub(super) flows: Vec<FlowId>,
    /// When it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    uploaded: Option<Timestamp>,
    /// Who uploaded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    uploaded_by: Option<String>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    withdrawn: Option<Timestamp>,
}

/// A plugin with all that is known of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PluginDetail {
    /// The plugin.
    #[serde(flatten)]
    plugin: PluginView,
    /// The JSON Schema of its settings, if it has one.
    settings_schema: Option<Value>,
}

/// What became of an upload.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct UploadedPlugin {
    /// The plugin.
    #[serde(flatten)]
    pub(super) plugin: PluginView,
    /// Milliseconds from the first byte to this answer.
    pub(super) took_ms: u64,
}

impl PluginView {
    /// An uploaded plugin, in a tenant with this workspace.
    pub(super) fn of(uploaded: &Uploaded, workspace: Option<&Workspace>) -> Self {
        let Uploaded { digest, manifest, makeup, bytes, at, who, withdrawn } = uploaded.clone();
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            flows: flows(&digest, workspace),
            digest,
            manifest,
            makeup,
            bytes,
            bundled: false,
            uploaded: Some(at),
            uploaded_by: Some(who),
            withdrawn,
        }
    }
}

impl PluginDetail {
    /// With this schema, which was found to be JSON when it was taken in.
    pub(super) fn of(plugin: PluginView, schema: Option<&str>) -> Self {
        Self { plugin, settings_schema: schema.and_then(|schema| serde_json::from_str(schema).ok()) }
    }
}

/// The flows of a workspace that ask the plugin of this digest.
fn flows(digest: &Digest, workspace: Option<&Workspace>) -> Vec<FlowId> {
    let flows = workspace.into_iter().flat_map(|workspace| &workspace.flows);
    flows.filter(|flow| flow.digest.as_ref() == Some(digest)).map(|flow| flow.id.clone()).collect()
}

/// A bundled plugin.
pub(super) struct Own {
    pub(super) name: &'static str,
    digest: Digest,
    manifest: Manifest,
    makeup: Makeup,
    bytes: u64,
    /// The JSON Schema of its settings.
    pub(super) settings_schema: Option<String>,
}

/// The bundled plugins, judged once.
pub(super) fn bundled() -> &'static [Own] {
    static ALL: LazyLock<Vec<Own>> = LazyLock::new(|| {
        let own = |(name, component): &(&'static str, &[u8])| {
            let intake = rota_rules::inspect(component).ok()?;
            Some(Own {
                name,
                digest: Digest::of(component),
                manifest: intake.manifest,
                makeup: intake.makeup,
                bytes: component.len() as u64,
                settings_schema: intake.settings_schema,
            })
        };
        BUNDLED.iter().filter_map(own).collect()
    });
    &ALL
}

impl Own {
    /// Whether this name means it.
    pub(super) fn is_meant(&self, name: &PluginName) -> bool {
        match name {
            PluginName::Digest(digest) => self.digest == *digest,
            PluginName::Name { name, version } => {
                self.name == name && version.as_ref().is_none_or(|version| *version == self.manifest.version)
            }
        }
    }

    /// It, in a tenant with this workspace.
    pub(super) fn view(&self, workspace: Option<&Workspace>) -> PluginView {
        PluginView {
            digest: self.digest.clone(),
            name: self.name.into(),
            version: self.manifest.version.clone(),
            manifest: self.manifest.clone(),
            makeup: self.makeup.clone(),
            bytes: self.bytes,
            bundled: true,
            flows: flows(&self.digest, workspace),
            uploaded: None,
            uploaded_by: None,
            withdrawn: None,
        }
    }
}
