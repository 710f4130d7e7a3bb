//! Files that remember what was read of them: what a workspace names, and nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::config::Files;

/// Files that remember what was read of them.
pub(super) struct Watched<'f> {
    files: &'f dyn Files,
    read: RefCell<BTreeMap<String, Arc<[u8]>>>,
}

impl<'f> Watched<'f> {
    /// Nothing has been read of them yet.
    pub(super) fn new(files: &'f dyn Files) -> Self {
        Self { files, read: RefCell::default() }
    }

    /// What was read, by the path that it was asked for with; the bytes are those that were
    /// given, and no copy.
    pub(super) fn read(self) -> BTreeMap<String, Arc<[u8]>> {
        self.read.into_inner()
    }
}

impl Files for Watched<'_> {
    fn name(&self) -> &str {
        self.files.name()
    }

    fn read(&self, relative: &str, most: u64) -> io::Result<Arc<[u8]>> {
        let bytes = self.files.read(relative, most)?;
        self.read.borrow_mut().insert(relative.to_owned(), bytes.clone());
        Ok(bytes)
    }
}
