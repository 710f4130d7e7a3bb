//! Compiled code that may be loaded: the one place where bytes become code that runs.

use std::fs::File;
use std::os::fd::AsRawFd as _;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Compiled code that this host made. Only the shelf, after it has compared every byte with
/// what it wrote down, and the workshop, straight from its child, can make one.
pub(crate) enum Artefact {
    /// An open file, which is mapped.
    Verified(File),
    /// Bytes that have just been made.
    Fresh(Vec<u8>),
}

impl Artefact {
    /// The component, ready for use.
    ///
    /// # Errors
    /// When it is of another engine, or wants more instances than the pool holds for one.
    #[expect(unsafe_code, reason = "loading compiled code is")]
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        match self {
            // SAFETY: the shelf's record says, under a MAC whose key lies elsewhere, that this
            // host's compiler made this file, and its SHA-256 was compared on this very open
            // file. It is opened by its descriptor, so it cannot be another file now. Nobody
            // but this user can write into the shelf's folder, and Rota never changes a file
            // there: it replaces them.
            Self::Verified(file) => unsafe { Component::deserialize_file(engine, by_descriptor(file)) },
            // SAFETY: a child of this host, which ran this very program, made these bytes with
            // the same engine a moment ago; they were never anywhere else.
            Self::Fresh(bytes) => unsafe { Component::deserialize(engine, bytes) },
        }
    }
}

/// A path to an open file itself, whatever its name means by now.
fn by_descriptor(file: &File) -> String {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    format!("{folder}/{}", file.as_raw_fd())
}
