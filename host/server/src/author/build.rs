//! From a plugin's folder to a component that carries its manifest and settings schema.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{cargo, componentize, manifest_section, sources, toolchain};

/// A component that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The plugin's name, from `plugin.toml`.
    pub name: String,
    /// Its version, from there too.
    pub version: String,
    /// Where the component is.
    pub component: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// `sha256:` and the hexadecimal digest of the component.
    pub digest: String,
    /// What compiled it, in one line.
    pub toolchain: String,
}

/// Builds the plugin in `plugin_dir` and writes the component to the file `out`.
///
/// # Errors
/// If the folder is no plugin, if no toolchain here can compile for WebAssembly (the error
/// names both mends), if the crate does not compile, or if its module is no rule.
pub fn build(plugin_dir: &Path, out: &Path) -> Result<Built> {
    // The cheap questions first: nobody waits a minute to hear of a typing error.
    let papers = manifest_section::Papers::read(plugin_dir)?;
    let way = toolchain::choose()?;
    let core = cargo::core_module(plugin_dir, &way)?;
    let core = fs::read(&core).with_context(|| format!("reading {}", core.display()))?;
    let component = papers.embed_in(&componentize::componentize(&core)?)?;
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(out, &component).with_context(|| format!("writing {}", out.display()))?;
    Ok(Built {
        name: papers.name,
        version: papers.version,
        component: out.to_owned(),
        size: component.len(),
        digest: sources::sha256(&component),
        toolchain: way.describe(),
    })
}
