//! What a bundle would change, in a form that a program compares and a person reviews.

use rota_domain::id::TenantId;
use rota_domain::table::RowChanges;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What applying a bundle would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspacePlan")]
pub struct Planned {
    /// Whose workspace.
    #[serde(rename = "workspace")]
    #[schemars(with = "String")]
    pub tenant: TenantId,
    /// The revision that it is compared with; 0 before the first.
    pub base: u64,
    /// What would change, in the order of the format.
    pub changes: Vec<Change>,
    /// The files whose text differs, also where only comments do.
    pub files: Vec<String>,
    /// Why it would be refused; empty where it would not.
    pub errors: Vec<Fault>,
    /// What its author should know, a sentence each.
    pub warnings: Vec<String>,
    /// The secrets that it needs, by name. A value is never told.
    pub secrets: Vec<SecretNeed>,
}

impl Planned {
    /// Nothing yet, against this revision.
    pub(super) fn new(tenant: TenantId, base: u64) -> Self {
        Self { tenant, base, changes: vec![], files: vec![], errors: vec![], warnings: vec![], secrets: vec![] }
    }

    /// Whether applying it would change nothing at all.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.base > 0 && self.changes.is_empty() && self.files.is_empty() && self.errors.is_empty()
    }
}

/// One thing that would come, go, or be otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceChange")]
pub struct Change {
    /// Of which list of the workspace: `reps`, `pools`, `flows` …; `workspace` for the rest.
    pub kind: String,
    /// Its id; a source's is its class, with `#2` for the second of that class.
    pub id: String,
    /// Whether it comes, goes, or changes.
    pub mark: Mark,
    /// What of it.
    pub fields: Vec<Field>,
    /// For a table, what becomes of its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowChanges>,
}

/// Whether something comes, goes, or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "WorkspaceMark")]
pub enum Mark {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It changes.
    Changed,
}

/// One value that would be another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceField")]
pub struct Field {
    /// Where, as a JSON pointer. A pool's members are found by their rep.
    pub path: String,
    /// What it was; null where it was not there.
    pub from: Value,
    /// What it would be; null where it would not be there.
    pub to: Value,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceFault")]
pub struct Fault {
    /// The file, by its path in the workspace.
    pub file: String,
    /// The line, from 1, where it concerns one.
    #[serde(default)]
    pub line: Option<usize>,
    /// What is wrong, which thing, and what to do.
    pub reason: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

/// A secret that a workspace needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceSecret")]
pub struct SecretNeed {
    /// Its name.
    pub name: String,
    /// What for: a connection, or a destination after `notify:`.
    pub connection: String,
    /// Whether the server has it.
    pub there: bool,
}
