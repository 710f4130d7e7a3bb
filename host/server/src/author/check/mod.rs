//! What a host would refuse about a plugin, and what its author had better know, each with
//! its mend, before anybody uploads anything.

mod component;
mod folder;
mod papers;

use std::path::Path;

use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// To be mended: a host would refuse it, or its decisions would fail.
    Problem,
    /// Worth knowing.
    Hint,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// Which thing, such as `plugin.toml`.
    pub about: String,
    /// What is the matter.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Finding {
    fn problem(about: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { weight: Weight::Problem, about: about.into(), what: what.into(), mend: mend.into() }
    }

    fn hint(about: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { weight: Weight::Hint, ..Self::problem(about, what, mend) }
    }
}

/// Checks a plugin's folder: its manifest, its schema, its sources and its cases. The
/// component is not looked at.
#[must_use]
pub fn folder(folder: &Path) -> Vec<Finding> {
    folder::check(folder)
}

/// Checks a component: world, imports, sizes, manifest and schema.
#[must_use]
pub fn component(component: &[u8]) -> Vec<Finding> {
    component::check(component)
}
