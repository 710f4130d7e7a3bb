//! The host's keys, under which everything personal or secret in the database is sealed: in a
//! file beside the database, in one that rota.toml names, or in the environment. A backup of
//! the database without its keys is unreadable, so keys are backed up, too, and elsewhere.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rota_store::{HostKeys, KeySource, Keys};

/// Where the host's keys lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Master {
    /// A file with one key a line, the current one first.
    File(PathBuf),
    /// An environment variable with the same lines; commas will do for line ends.
    Env(String),
}

impl Master {
    /// The file `<database>.master`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".master");
        Self::File(path.into())
    }

    /// What a store is opened with.
    #[must_use]
    pub fn keys(&self) -> Keys {
        Keys { source: Arc::new(self.clone()), chance: Arc::new(|bytes: &mut [u8]| rand::fill(bytes)) }
    }

    /// Puts a new key before those of the file, which stay: backups may be sealed under them,
    /// and a running server has to open what it finds. Gives the new one's id.
    ///
    /// # Errors
    /// When the keys are in the environment, or the file cannot be written: what to do.
    pub fn renew(&self) -> Result<String, String> {
        let Self::File(path) = self else {
            return Err(format!(
                "the keys are in the environment, where nobody but you can put a new one: write the line that `rota key new` prints before the others in {self}, and run this again with it"
            ));
        };
        let before = fs::read_to_string(path).map_err(|error| format!("cannot read the keys {self}: {error}"))?;
        let line = HostKeys::line(&rand::random());
        let whole = zeroed(format!("{}{before}", line.as_str()));
        let written = write(path, whole.as_bytes()).and_then(|unfinished| fs::rename(unfinished, path));
        written.map_err(|error| format!("cannot write the keys {self}: {error}"))?;
        Ok(line[..16].to_owned())
    }

    /// Takes all keys but the current one out of the file.
    ///
    /// # Errors
    /// As for `renew`.
    pub fn forget_older(&self) -> Result<(), String> {
        let Self::File(path) = self else {
            return Err(format!("the keys are in the environment: take the older lines out of {self} yourself"));
        };
        let before = fs::read_to_string(path).map_err(|error| format!("cannot read the keys {self}: {error}"))?;
        let before = zeroed(before);
        let first = before.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
        let written = write(path, format!("{first}\n").as_bytes()).and_then(|unfinished| fs::rename(unfinished, path));
        written.map_err(|error| format!("cannot write the keys {self}: {error}"))
    }
}

impl KeySource for Master {
    fn read(&self) -> Result<Option<HostKeys>, String> {
        let text = match self {
            Self::File(path) => match fs::read_to_string(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                read => read.map_err(|error| format!("its keys {self} cannot be read ({error})"))?,
            },
            Self::Env(name) => match std::env::var(name) {
                Ok(text) if !text.trim().is_empty() => text.replace(',', "\n"),
                _ => return Ok(None),
            },
        };
        let text = zeroed(text);
        if let Self::File(path) = self {
            let open_to = fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
            if open_to & 0o077 != 0 {
                return Err(format!(
                    "its keys {self} are open to others: take their leave away (chmod 600), and if somebody can have read them, run `rota key rotate`"
                ));
            }
        }
        HostKeys::parse(&text).map(Some).map_err(|why| {
            format!("its keys {self} do not read: {why}; put them back from a backup, as without them nothing personal in the database can be read")
        })
    }

    fn first(&self) -> Result<HostKeys, String> {
        if let Some(keys) = self.read()? {
            return Ok(keys);
        }
        match self {
            Self::File(path) => {
                draw(path).map_err(|error| format!("a key for it cannot be written to {self} ({error})"))?;
                self.read()?.ok_or_else(|| format!("its new key {self} is gone already"))
            }
            Self::Env(_) => {
                Err(format!("it is new and needs a key: put the line that `rota key new` prints into {self}"))
            }
        }
    }
}

impl std::fmt::Display for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Env(name) => write!(f, "${name}"),
        }
    }
}

/// Writes a first key whole, unless there is a file by now.
fn draw(path: &Path) -> std::io::Result<()> {
    let unfinished = write(path, HostKeys::line(&rand::random()).as_bytes())?;
    // A link is made only where there is no file of that name: of two servers, one is first.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file of keys beside the place where it is to be, for its owner alone.
fn write(path: &Path, text: &[u8]) -> std::io::Result<PathBuf> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!("-{:x}", rand::random::<u64>()));
    let unfinished = PathBuf::from(unfinished);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text).and_then(|()| file.sync_all())?;
    Ok(unfinished)
}

/// Text that does not stay in memory that is given back.
fn zeroed(text: String) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(text)
}
