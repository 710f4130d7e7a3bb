//! Compiled plugins on disk, so that a host compiles each only once: the component, what was
//! found at its intake, and the compiled code; and which settings fitted which schema. The intake's file is sealed and holds the hash
//! of the code; the name and the seal hold what it was compiled from and for which engine.
//! What does not fit is not believed, and is made again from the component.

mod seal;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rota_domain::id::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use seal::Key;

use crate::artefact::Artefact;
use crate::intake::Intake;

/// The ends of the names: what was sent in, what it was found to be, what it was compiled to.
const COMPONENT: &str = "wasm";
const RECORD: &str = "intake";
const CODE: &str = "code";
/// That settings fitted a schema.
const FIT: &str = "fits";
/// A file that is being written.
const UNFINISHED: &str = "new";
/// The most bytes of an intake's file: a sealed intake, each byte escaped.
const RECORD_MAX: u64 = 4 << 20;

/// The shelf cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot keep compiled plugins in {folder}: {error}; let the server write there, or name another folder with `compiled` in rota.toml"
)]
pub struct ShelfError {
    folder: String,
    error: io::Error,
}

/// A folder of compiled plugins.
pub(crate) struct Shelf {
    folder: PathBuf,
    key: Key,
    /// What code and intakes of this build are marked with.
    mark: String,
    /// Tells unfinished files of this process apart.
    written: AtomicU64,
}

/// What is known of a compiled component.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    component: Digest,
    mark: String,
    code: Digest,
    intake: Intake,
}

impl Shelf {
    /// Opens a folder, which only this user may look into, and makes it where it is missing.
    pub(crate) fn open(folder: &Path, key: Key, mark: String) -> Result<Self, ShelfError> {
        let failed = |error| ShelfError { folder: folder.display().to_string(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        // A folder that was there is somebody's: it is used as it is, or not at all.
        if fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o022 != 0 {
            let why = "others may write there; name a folder of its own, or take their leave away (chmod 700)";
            return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, why)));
        }
        let folder = folder.canonicalize().map_err(failed)?;
        let shelf = Self { folder, key, mark, written: AtomicU64::new(0) };
        shelf.sweep().map_err(failed)?;
        Ok(shelf)
    }

    /// What was found at the intake of a component, if this build compiled it before.
    pub(crate) fn intake(&self, component: &Digest) -> Option<Intake> {
        self.record(component).map(|record| record.intake)
    }

    /// The compiled code of a component, if it is there and as it was written.
    /// With it comes what was found at its intake.
    pub(crate) fn code(&self, component: &Digest) -> Option<(Artefact, Intake)> {
        let record = self.record(component)?;
        let path = self.path(component, CODE);
        let checked = File::open(&path).and_then(|mut file| Ok((digest_of(&mut file)?, file)));
        match checked {
            Ok((digest, file)) if digest == record.code => Some((Artefact::Verified(file), record.intake)),
            Ok(_) => {
                tracing::error!(file = %path.display(), "Compiled code was changed by somebody; it is made again");
                None
            }
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "Compiled code cannot be read; it is made again");
                None
            }
        }
    }

    /// A component as it was sent in.
    pub(crate) fn component(&self, digest: &Digest) -> Option<Vec<u8>> {
        let bytes = fs::read(self.path(digest, COMPONENT)).ok()?;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    /// Keeps a component, what was found of it, and its code.
    pub(crate) fn keep(&self, component: &[u8], intake: &Intake, code: &[u8]) -> io::Result<()> {
        let digest = Digest::of(component);
        let record = Record {
            component: digest.clone(),
            mark: self.mark.clone(),
            code: Digest::of(code),
            intake: intake.clone(),
        };
        let sealed = self.key.seal(&serde_json::to_vec(&record)?);
        if self.component(&digest).is_none() {
            self.write(&self.path(&digest, COMPONENT), component)?;
        }
        self.write(&self.path(&digest, CODE), code)?;
        self.write(&self.path(&digest, RECORD), &sealed)
    }

    /// Whether it was noted that settings fit their schema; `both` is the digest of the two.
    pub(crate) fn fitted(&self, both: &Digest) -> bool {
        let sealed = fs::read(self.path(both, FIT)).unwrap_or_default();
        self.key.open(&sealed).is_some_and(|text| text == both.as_str().as_bytes())
    }

    /// Notes that settings fit their schema.
    pub(crate) fn note_fit(&self, both: &Digest) -> io::Result<()> {
        self.write(&self.path(both, FIT), &self.key.seal(both.as_str().as_bytes()))
    }

    fn record(&self, component: &Digest) -> Option<Record> {
        let path = self.path(component, RECORD);
        let mut sealed = Vec::new();
        match File::open(&path).and_then(|file| file.take(RECORD_MAX).read_to_end(&mut sealed)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "A compiled plugin cannot be read; it is made again");
                return None;
            }
        }
        let record = self.key.open(&sealed).and_then(|text| serde_json::from_slice::<Record>(text).ok());
        let record = record.filter(|record| record.component == *component && record.mark == self.mark);
        if record.is_none() {
            tracing::error!(file = %path.display(), "The record of a compiled plugin was not written with this host's key, or was changed since; the plugin is compiled again");
        }
        record
    }

    /// The path of a component's file. A digest of ours has no character that means anything
    /// in a path; of any other text, only such characters are used.
    fn path(&self, component: &Digest, end: &str) -> PathBuf {
        let name = component.as_str().strip_prefix("sha256:").unwrap_or_default();
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let mark = if end == COMPONENT { String::new() } else { format!(".{}", self.mark) };
        self.folder.join(format!("{name}{mark}.{end}"))
    }

    /// Writes a file whole, or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = path.with_extension(format!("{}-{number}.{UNFINISHED}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let written = file.write_all(bytes).and_then(|()| match path.extension() {
            // The rest can be made again from it.
            Some(end) if end == COMPONENT => file.sync_all(),
            _ => Ok(()),
        });
        let written = written.and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes what another build compiled, and what was never finished.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
            let mark = path.file_stem().and_then(|stem| Path::new(stem).extension()?.to_str());
            let stale = [RECORD, CODE, FIT].contains(&end) && mark != Some(&self.mark);
            if (stale || end == UNFINISHED) && is_ours(&path) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// Whether a file's name is one that a shelf gives: it begins with a digest.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digest = name.split('.').next().unwrap_or_default();
    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The digest of a whole file, without holding it in memory.
fn digest_of(file: &mut File) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(Digest::of_hash(hash.finalize().into()))
}
