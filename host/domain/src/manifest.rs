//! What a plugin says of itself: `plugin.toml`, carried inside the component.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::property::Kind;

/// The manifest of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// What it does, in one sentence.
    #[serde(default)]
    pub summary: String,
    /// The release of `rota:routing` that it was written for, such as `0.1`.
    pub contract: String,
    /// The language class whose limits it asks for; the tenant's plan grants it.
    #[serde(default)]
    pub language: Language,
    /// Lead properties that it reads, each with its type.
    #[serde(default)]
    pub reads: BTreeMap<String, Kind>,
    /// Lead properties that it writes, each with its type.
    #[serde(default)]
    pub writes: BTreeMap<String, Kind>,
    /// What it reads of the lead's company.
    #[serde(default)]
    pub company: CompanyReads,
    /// Pools that its code opens by a fixed name. Those named in settings need no mention.
    #[serde(default)]
    pub pools: Vec<String>,
    /// Tables that its code opens by a fixed name.
    #[serde(default)]
    pub tables: Vec<String>,
}

/// What a plugin reads of a lead's company.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyReads {
    /// Company properties besides `name` and `domain`, each with its type.
    #[serde(default)]
    pub reads: BTreeMap<String, Kind>,
}

/// How a plugin was made, which decides its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust, or anything else that compiles to small modules.
    #[default]
    Rust,
    /// JavaScript with an engine inside.
    #[serde(rename = "javascript")]
    JavaScript,
    /// Python with an interpreter inside.
    Python,
}

impl Language {
    /// The class as manifests and plans write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::Python => "python",
        }
    }
}
