//! What a workspace names of a directory: its files are read as a server reads them, and
//! remembered on the way, so that nothing else of the directory is ever sent.

use std::collections::BTreeMap;
use std::path::Path;

use rota_domain::id::Digest;

use super::Bundle;
use super::watched::Watched;
use crate::config::{Directory, Files as _, Loaded, load_workspace};

/// A workspace of a directory: what it says, and its files.
pub struct Gathered {
    /// What it says.
    pub loaded: Loaded,
    /// Its files.
    pub bundle: Bundle,
}

/// Reads a directory's workspace.
///
/// # Errors
/// What is wrong with a file and where, or a file that cannot be sent.
pub fn gather(path: &Path) -> anyhow::Result<Gathered> {
    let directory = Directory::open(path)?;
    let watched = Watched::new(&directory);
    let loaded = load_workspace(&watched)?;
    let read = watched.read();
    let components: BTreeMap<String, Digest> = loaded
        .workspace
        .flows
        .iter()
        .filter_map(|flow| Some((flow.plugin.clone(), Digest::of(loaded.components.get(&flow.id)?))))
        .collect();
    let mut files = Vec::new();
    for (path, bytes) in read.into_iter().filter(|(path, _)| !components.contains_key(path)) {
        anyhow::ensure!(
            std::str::from_utf8(&bytes).is_ok(),
            "{}: this is not UTF-8 text; save the file as UTF-8",
            directory.path(&path)
        );
        files.push((path.strip_prefix("./").unwrap_or(&path).to_owned(), bytes));
    }
    Ok(Gathered { bundle: Bundle::new(files, components)?, loaded })
}
