//! The files of a workspace in memory, as they come over HTTP or out of the store. A bundle
//! holds exactly what `workspace.toml` names; components are named by their digests, since
//! they are sent on their own.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use rota_domain::id::Digest;
use serde::{Deserialize, Serialize};

use crate::config::{Files, within};

/// The most files of a workspace.
const FILES_MOST: usize = 200;
/// The most bytes of a path.
const PATH_MOST: usize = 200;

/// The files of a workspace, and the digests of the components beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// What each file holds, by its path in the workspace, without `./`.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The digests of components, by the path that a flow names.
    pub components: BTreeMap<String, Digest>,
}

/// What a bundle is kept as: each file is kept on its own, so that a table that many
/// revisions have in common is there once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) files: BTreeMap<String, Digest>,
    pub(super) components: BTreeMap<String, Digest>,
}

/// A path that no file of a workspace can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {why}")]
pub struct BadPath {
    path: String,
    why: &'static str,
}

impl Bundle {
    /// A bundle of these files.
    ///
    /// # Errors
    /// When there are too many, or a path could lead anywhere else.
    pub fn new(
        files: impl IntoIterator<Item = (String, Arc<[u8]>)>,
        components: BTreeMap<String, Digest>,
    ) -> Result<Self, BadPath> {
        let bad = |path: &str, why| Err(BadPath { path: path.into(), why });
        let mut bundle = Self { files: BTreeMap::new(), components };
        for (path, bytes) in files {
            if let Some(why) = unsound(&path) {
                return bad(&path, why);
            }
            if bundle.files.len() == FILES_MOST {
                return bad(&path, "is one file too many: a workspace has at most 200");
            }
            bundle.files.insert(path, bytes);
        }
        for path in bundle.components.keys() {
            if let Some(why) = unsound(path.strip_prefix("./").unwrap_or(path)) {
                return bad(path, why);
            }
        }
        if bundle.components.len() > FILES_MOST {
            return bad("components", "are too many: a workspace has at most 200");
        }
        Ok(bundle)
    }

    /// How it is kept, with the bytes of each file; the last are those of the manifest.
    pub(super) fn kept(&self) -> (Digest, Vec<Arc<[u8]>>) {
        let files = self.files.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect();
        let manifest = Manifest { files, components: self.components.clone() };
        let manifest: Arc<[u8]> = serde_json::to_vec(&manifest).unwrap_or_default().into();
        let digest = Digest::of(&manifest);
        let kept = self.files.values().cloned().chain([manifest]).collect();
        (digest, kept)
    }

    /// The files as text, as JSON carries them.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<String, String> {
        let text = |bytes: &Arc<[u8]>| String::from_utf8_lossy(bytes).into_owned();
        self.files.iter().map(|(path, bytes)| (path.clone(), text(bytes))).collect()
    }
}

/// Why a file of a workspace cannot have this path.
fn unsound(path: &str) -> Option<&'static str> {
    if path.is_empty() || path.len() > PATH_MOST {
        return Some("is no path of 1 to 200 bytes");
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        return Some("has a backslash or a control character; separate folders with /");
    }
    let strange = |part: &str| part.is_empty() || part == "." || part == "..";
    path.split('/').any(strange).then_some("leads out of the workspace; name a file inside it, without `.` and `..`")
}

/// Components that were found, by the path that a flow names.
pub(super) type Components = BTreeMap<String, Arc<[u8]>>;

/// A bundle with its components found, ready to be read as a workspace.
pub(super) struct Found<'b> {
    pub(super) bundle: &'b Bundle,
    pub(super) components: &'b Components,
}

impl Files for Found<'_> {
    fn name(&self) -> &str {
        ""
    }

    fn read(&self, relative: &str, most: u64) -> io::Result<Arc<[u8]>> {
        if let Some(component) = self.components.get(relative) {
            return within(component.clone(), most);
        }
        if let Some(digest) = self.bundle.components.get(relative) {
            let what = format!("({digest}) is not on this server; send it with `rota push {relative}`");
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let plain = relative.strip_prefix("./").unwrap_or(relative);
        let found = self.bundle.files.get(plain).ok_or(ErrorKind::NotFound)?;
        within(found.clone(), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(paths: &[&str]) -> Result<Bundle, BadPath> {
        Bundle::new(paths.iter().map(|path| ((*path).to_owned(), Arc::from(b"x".as_slice()))), BTreeMap::new())
    }

    #[test]
    fn a_path_that_could_lead_elsewhere_is_refused() {
        for path in ["../x", "a/../../x", "/etc/passwd", "a//b", "a\\b", "", "./a", "a/\u{0}b"] {
            assert!(bundle(&[path]).is_err(), "{path}");
        }
        assert!(bundle(&["workspace.toml", "settings/inbound.json"]).is_ok());
    }

    #[test]
    fn more_than_two_hundred_files_are_refused() {
        let paths: Vec<String> = (0..=FILES_MOST).map(|n| format!("tables/{n}.csv")).collect();
        assert!(bundle(&paths.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
    }

    #[test]
    fn the_same_file_in_two_bundles_is_kept_under_one_digest() {
        let (one, kept) = bundle(&["workspace.toml"]).unwrap().kept();
        let (other, again) = bundle(&["workspace.toml", "more.json"]).unwrap().kept();
        assert_ne!(one, other);
        assert_eq!(kept[0], again[0]);
    }
}
