//! The components of the bundled plugins, kept in the repository with the digest of what they
//! were built from, so that nobody needs a WebAssembly toolchain to run them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Built, build, source_digest, sources};

const DIGESTS: &str = "digests.toml";
const HEADER: &str = "# What each component was built from. Written by `rota build --prebuilt`.\n\n";

/// What is known of a component in `plugins/prebuilt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prebuilt {
    /// The digest of its sources: see [`source_digest`].
    pub source: String,
    /// The digest of the component.
    pub wasm: String,
    /// What compiled it, in one line.
    pub toolchain: String,
}

/// Builds a bundled plugin into `prebuilt/` beside its folder, and writes down from what.
///
/// # Errors
/// As [`build()`], or if the folder cannot be written.
pub fn prebuild(plugin_dir: &Path) -> Result<Built> {
    // First: sources that change during the build must not pass as built.
    let source = source_digest(plugin_dir)?;
    let folder = folder(plugin_dir)?;
    let name = plugin_dir.canonicalize()?.file_name().context("a plugin has a folder")?.to_owned();
    let built = build(plugin_dir, &folder.join(name).with_extension("wasm"))?;
    let mut digests = prebuilt_digests(&folder)?;
    let (wasm, toolchain) = (built.digest.clone(), built.toolchain.clone());
    digests.insert(built.name.clone(), Prebuilt { source, wasm, toolchain });
    let path = folder.join(DIGESTS);
    let text = toml::to_string(&digests).context("writing the digests down")?;
    fs::write(&path, format!("{HEADER}{text}")).with_context(|| format!("writing {}", path.display()))?;
    Ok(built)
}

/// What `digests.toml` in this folder says, by plugin; nothing if there is no such file.
///
/// # Errors
/// If it cannot be read.
pub fn prebuilt_digests(prebuilt_dir: &Path) -> Result<BTreeMap<String, Prebuilt>> {
    let path = prebuilt_dir.join(DIGESTS);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// Whether the prebuilt component of a bundled plugin is the one that was written down, and
/// was built from the sources as they are now.
///
/// # Errors
/// If a file cannot be read.
pub fn is_current(plugin_dir: &Path) -> Result<bool> {
    let folder = folder(plugin_dir)?;
    let plugin_dir = plugin_dir.canonicalize()?;
    let name = plugin_dir.file_name().context("a plugin has a folder")?.to_string_lossy();
    let path = folder.join(format!("{name}.wasm"));
    let wasm = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let digests = prebuilt_digests(&folder)?;
    let written = digests.get(name.as_ref());
    let source = source_digest(&plugin_dir)?;
    Ok(written.is_some_and(|known| known.source == source && known.wasm == sources::sha256(&wasm)))
}

/// The prebuilt component of a plugin's folder, if it was built from what is there now.
pub(super) fn current(plugin_dir: &Path) -> Option<PathBuf> {
    let name = plugin_dir.canonicalize().ok()?.file_name()?.to_owned();
    // A folder anywhere else has no such neighbour, which is no mistake.
    is_current(plugin_dir).unwrap_or(false).then_some(())?;
    Some(folder(plugin_dir).ok()?.join(name).with_extension("wasm"))
}

fn folder(plugin_dir: &Path) -> Result<PathBuf> {
    let plugin_dir = plugin_dir.canonicalize().with_context(|| format!("{} is not there", plugin_dir.display()))?;
    Ok(plugin_dir.parent().context("a bundled plugin lies in plugins/")?.join("prebuilt"))
}
