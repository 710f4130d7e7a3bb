//! What is sent and answered about workspaces.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::workspaces::Change;

/// The files of a workspace, to be planned.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceFiles {
    /// What each file says, by its path: `workspace.toml` and what it names.
    pub(super) files: BTreeMap<String, String>,
    /// The digests of components that flows name by file, by that path; they are uploaded
    /// before.
    #[serde(default)]
    pub(super) components: BTreeMap<String, String>,
    /// The names of secrets that will be sent along when it is applied, whatever the server
    /// has under them.
    #[serde(default)]
    pub(super) sending: BTreeSet<String>,
}

/// The files of a workspace, to be applied.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceApply {
    /// What each file says, by its path: `workspace.toml` and what it names.
    pub(super) files: BTreeMap<String, String>,
    /// The digests of components that flows name by file, by that path; they are uploaded
    /// before.
    #[serde(default)]
    pub(super) components: BTreeMap<String, String>,
    /// The revision that this was made for, 0 for the first: if another one holds by now,
    /// nothing is applied. Left out, it is applied over whichever holds.
    #[serde(default)]
    pub(super) base: Option<u64>,
    /// Why.
    #[serde(default)]
    pub(super) note: Option<String>,
    /// Values of secrets that the workspace names, by name. They are sealed, and come out for
    /// nobody.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, String>,
}

/// Back to an earlier revision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceRollback {
    /// Which one.
    pub(super) revision: u64,
    /// The revision that holds, so that nothing newer is undone unseen.
    #[serde(default)]
    pub(super) base: Option<u64>,
    /// Why.
    #[serde(default)]
    pub(super) note: Option<String>,
}

/// A plugin for a flow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PluginUse {
    /// The flow.
    pub(super) flow: String,
    /// Why.
    #[serde(default)]
    pub(super) note: Option<String>,
}

/// A revision of the workspace.
#[derive(Serialize, JsonSchema)]
pub(super) struct RevisionInfo {
    /// Its number; decisions name it.
    pub(super) revision: u64,
    /// Since when it held.
    pub(super) at: String,
    /// Who applied it; absent where the server read it from a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) who: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// A revision of the workspace with its files.
#[derive(Serialize, JsonSchema)]
pub(super) struct WorkspaceRevision {
    /// Which one it is.
    #[serde(flatten)]
    pub(super) info: RevisionInfo,
    /// What each file says, by its path; absent where the server read it from a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<BTreeMap<String, String>>,
    /// The digests of components that flows name by file, by that path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) components: BTreeMap<String, String>,
}

/// What holds from now on.
#[derive(Serialize, JsonSchema)]
pub(super) struct WorkspaceApplied {
    /// The revision that holds.
    pub(super) revision: u64,
    /// The one before; 0 if there was none.
    pub(super) base: u64,
    /// Whether it is a new one: false where nothing was different.
    pub(super) changed: bool,
    /// What is different.
    pub(super) changes: Vec<Change>,
    /// What the author should know, a sentence each.
    pub(super) warnings: Vec<String>,
}
