//! Where the files of a workspace come from: a directory, or the binary itself. No path
//! leaves the workspace, no link is followed, and no file is larger than it should be.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::ConfigError;

/// The files of one workspace.
pub trait Files {
    /// What a person calls the place, such as `acme`; empty for the current directory.
    fn name(&self) -> &str;

    /// The bytes of a file that is named relative to the workspace. What is in memory already
    /// is shared and not copied.
    ///
    /// # Errors
    /// Where it is not there, is no plain file inside the workspace, or has more than `most`
    /// bytes. The text fits after "`tables/x.csv` ".
    fn read(&self, relative: &str, most: u64) -> io::Result<Arc<[u8]>>;

    /// Whether the operator put the workspace there, who may name private addresses. What came
    /// from anybody else may not.
    fn trusted(&self) -> bool {
        false
    }

    /// A file as a person would write it from where they are.
    fn path(&self, relative: &str) -> String {
        let relative = relative.trim_start_matches("./");
        match self.name() {
            "" => relative.into(),
            name => format!("{name}/{relative}"),
        }
    }
}

/// A workspace in a directory.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
    name: String,
}

impl Directory {
    /// The directory at this path.
    ///
    /// # Errors
    /// Where there is none.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let name = shown.trim_start_matches("./").trim_end_matches('/');
        let name = if name == "." { "" } else { name };
        let wrong = |what: String| Err(ConfigError::whole(if name.is_empty() { "." } else { name }, what));
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self { root: path.into(), name: name.into() }),
            Ok(_) => {
                let parent = match path.parent() {
                    Some(parent) if parent != Path::new("") => parent.display().to_string(),
                    _ => ".".into(),
                };
                wrong(format!("this is a file; give the directory that holds workspace.toml, such as {parent}"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                wrong("there is no such directory; give the one that holds workspace.toml".into())
            }
            Err(error) => wrong(format!("the directory cannot be opened ({error})")),
        }
    }
}

impl Files for Directory {
    fn name(&self) -> &str {
        &self.name
    }

    fn trusted(&self) -> bool {
        true
    }

    fn read(&self, relative: &str, most: u64) -> io::Result<Arc<[u8]>> {
        let inside = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(relative).components().all(|part| inside(&part)) {
            return Err(refused("leads out of the workspace; name a file inside it"));
        }
        let mut path = self.root.clone();
        for part in Path::new(relative).components() {
            path.push(part);
            if fs::symlink_metadata(&path)?.is_symlink() {
                return Err(refused("is reached by a link, which a workspace may not have; put the file itself there"));
            }
        }
        // Checked before it is opened, since opening a pipe would wait for a writer.
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(refused("is no file"));
        }
        let mut bytes = Vec::new();
        File::open(&path)?.take(most + 1).read_to_end(&mut bytes)?;
        within(bytes.into(), most)
    }
}

/// A workspace inside the binary.
#[derive(Clone, Copy, Debug)]
pub struct Bundle {
    /// What people call it.
    pub name: &'static str,
    /// The files, by their path in the workspace.
    pub files: &'static [(&'static str, &'static [u8])],
}

impl Files for Bundle {
    fn name(&self) -> &str {
        self.name
    }

    fn trusted(&self) -> bool {
        true
    }

    fn read(&self, relative: &str, most: u64) -> io::Result<Arc<[u8]>> {
        let wanted = relative.trim_start_matches("./");
        let found = self.files.iter().find(|(path, _)| *path == wanted).ok_or(ErrorKind::NotFound)?;
        within(found.1.into(), most)
    }
}

/// Why a file cannot be read, to stand after its name.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "is not there; create it, or correct the name".into(),
        ErrorKind::PermissionDenied => "may not be read by this user".into(),
        ErrorKind::InvalidInput | ErrorKind::FileTooLarge => error.to_string(),
        _ => format!("cannot be read ({error})"),
    }
}

/// These bytes, unless they are too many; the error fits after the file's name.
pub(crate) fn within(bytes: Arc<[u8]>, most: u64) -> io::Result<Arc<[u8]>> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        let size = if most >= 1 << 20 { format!("{} MiB", most >> 20) } else { format!("{} KiB", most >> 10) };
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("is larger than {size}, the most that is read")));
    }
    Ok(bytes)
}

fn refused(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}
