//! Components that tenants uploaded, and how a flow names one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::id::Digest;
use crate::manifest::Manifest;

/// What a component is made of, besides what it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Makeup {
    /// The interfaces of the contract that it imports.
    pub imports: Vec<String>,
    /// Languages and tools that made it, such as `rustc 1.96.0`.
    pub made_with: BTreeSet<String>,
    /// Bytes of memory before anything runs.
    pub memory: u64,
    /// Whether its functions have names, which the trace of a panic shows.
    pub function_names: bool,
}

/// A component that a tenant uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uploaded {
    /// The digest of its bytes.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What it is made of.
    pub makeup: Makeup,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was uploaded.
    pub at: Timestamp,
    /// Who uploaded it.
    pub who: String,
    /// When it was withdrawn: from then on no workspace may name it, and it still replays.
    pub withdrawn: Option<Timestamp>,
}

/// How a flow names a plugin that is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginName {
    /// By its digest.
    Digest(Digest),
    /// By its name, and by its version where one is given.
    Name {
        /// The name.
        name: String,
        /// The version; none means the newest.
        version: Option<String>,
    },
}

impl PluginName {
    /// Reads `name`, `name@version` or a digest.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if text.starts_with("sha256:") {
            return Self::Digest(text.into());
        }
        match text.split_once('@') {
            Some((name, version)) => Self::Name { name: name.into(), version: Some(version.into()) },
            None => Self::Name { name: text.into(), version: None },
        }
    }

    /// Whom it means among these: of a name without a version, the newest that is no
    /// preview, or else the newest preview. A name means none that was withdrawn; a digest
    /// means that very one, withdrawn or not.
    #[must_use]
    pub fn among<'a>(&self, uploaded: &'a [Uploaded]) -> Option<&'a Uploaded> {
        let mut at_hand = uploaded.iter().filter(|one| one.withdrawn.is_none());
        match self {
            Self::Digest(digest) => uploaded.iter().find(|one| one.digest == *digest),
            Self::Name { name, version: Some(version) } => {
                at_hand.find(|one| one.manifest.name == *name && one.manifest.version == *version)
            }
            Self::Name { name, version: None } => {
                at_hand.filter(|one| one.manifest.name == *name).max_by_key(|one| rank(&one.manifest.version))
            }
        }
    }
}

/// The rank of a version: what is none comes first, then previews, then the rest in the order
/// of Semantic Versioning 2.0.0, section 11.
fn rank(version: &str) -> (bool, Option<Version>, String) {
    let read = Version::parse(version).ok();
    (read.as_ref().is_some_and(|version| version.pre.is_empty()), read, version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uploaded(version: &str, withdrawn: bool) -> Uploaded {
        let manifest = serde_json::json!({ "name": "rule", "version": version, "contract": "0.1" });
        Uploaded {
            digest: Digest::of(version.as_bytes()),
            manifest: serde_json::from_value(manifest).unwrap(),
            makeup: Makeup::default(),
            bytes: 1,
            at: Timestamp::UNIX_EPOCH,
            who: "a test".into(),
            withdrawn: withdrawn.then_some(Timestamp::UNIX_EPOCH),
        }
    }

    fn meant(name: &str) -> Option<String> {
        let versions = [("1.9.0", false), ("1.10.0", false), ("latest", false), ("2.0.0-rc.1", false), ("3.0.0", true)];
        let all: Vec<Uploaded> = versions.iter().map(|(version, withdrawn)| uploaded(version, *withdrawn)).collect();
        PluginName::read(name).among(&all).map(|one| one.manifest.version.clone())
    }

    #[test]
    fn a_name_means_the_newest_version_that_is_no_preview_and_not_withdrawn() {
        assert_eq!(meant("rule").as_deref(), Some("1.10.0"));
        assert_eq!(meant("other"), None);
    }

    #[test]
    fn a_name_with_a_version_means_that_one_unless_it_was_withdrawn() {
        assert_eq!(meant("rule@2.0.0-rc.1").as_deref(), Some("2.0.0-rc.1"));
        assert_eq!(meant("rule@3.0.0"), None);
    }

    #[test]
    fn a_digest_means_that_very_one_even_if_it_was_withdrawn() {
        assert_eq!(meant(Digest::of(b"3.0.0").as_str()).as_deref(), Some("3.0.0"));
    }

    #[test]
    fn previews_alone_are_taken_by_their_order() {
        let all = [uploaded("1.0.0-rc.2", false), uploaded("1.0.0-rc.10", false)];
        let newest = PluginName::read("rule").among(&all).unwrap();
        assert_eq!(newest.manifest.version, "1.0.0-rc.10");
    }
}
