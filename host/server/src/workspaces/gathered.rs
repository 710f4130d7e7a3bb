//! What a workspace names of a directory: its files are read as a server reads them, and
//! remembered on the way, so that nothing else of the directory is ever sent.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rota_domain::id::Digest;

use super::Bundle;
use crate::config::{Directory, Files, Loaded, load_workspace};

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
    let watched = Watched { files: &directory, read: RefCell::default() };
    let loaded = load_workspace(&watched)?;
    let read = watched.read.into_inner();
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
        files.push((path.strip_prefix("./").unwrap_or(&path).to_owned(), bytes.into()));
    }
    Ok(Gathered { bundle: Bundle::new(files, components)?, loaded })
}

/// Files that remember what was read of them.
struct Watched<'f> {
    files: &'f dyn Files,
    read: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Files for Watched<'_> {
    fn name(&self) -> &str {
        self.files.name()
    }

    fn read(&self, relative: &str, most: u64) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(relative, most)?;
        self.read.borrow_mut().insert(relative.to_owned(), bytes.clone());
        Ok(bytes)
    }
}
