//! The processes on one SQLite file: each holds a lock on a file in `<database>.hosts`, which
//! the system lets go when the process ends. Process ids would not do, since they are used again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rota_domain::id::HostId;

use super::Found;

/// The files of this database's processes.
pub(super) struct Files {
    folder: PathBuf,
    /// This process's own, whose lock lasts as long as it is open; none where it could not be
    /// made: then the others take nobody for dead because of it.
    mine: Option<(PathBuf, File)>,
    me: HostId,
}

impl Files {
    /// Makes this process's file. Where that cannot be done, claims of the dead end with their
    /// lease, as they do without it.
    pub(super) fn join(database: &Path, me: &HostId) -> Self {
        // One folder, by whatever name the database is called.
        let database = fs::canonicalize(database).unwrap_or_else(|_| database.to_path_buf());
        let mut folder = database.into_os_string();
        folder.push(".hosts");
        let folder = PathBuf::from(folder);
        let mine = match make(&folder, me) {
            Ok(mine) => Some(mine),
            Err(error) => {
                tracing::warn!(%error, "{} cannot be written: what a host that is killed was sending waits until its lease ends", folder.display());
                None
            }
        };
        Self { folder, mine, me: me.clone() }
    }

    /// Whether no other process lives, for certain.
    pub(super) fn are_empty(&self) -> bool {
        self.mine.is_some() && self.others().is_ok_and(|others| others.values().all(|path| !is_held(path)))
    }

    /// Who lives, and who died.
    pub(super) fn look(&self) -> Found {
        let mut found = Found::default();
        for (host, path) in self.others().unwrap_or_default() {
            if is_held(&path) {
                found.alive.insert(host);
            } else if path.exists() {
                found.died.push(host);
            }
        }
        found
    }

    /// Removes the file of one that is dead.
    pub(super) fn bury(&self, host: &HostId) {
        let _ = fs::remove_file(self.folder.join(host.as_str()));
    }

    /// Removes this process's own file.
    pub(super) fn leave(&mut self) {
        if let Some((path, _lock)) = self.mine.take() {
            let _ = fs::remove_file(path);
            // The last one leaves nothing behind; where there are others, this does nothing.
            let _ = fs::remove_dir(&self.folder);
        }
    }

    fn others(&self) -> io::Result<BTreeMap<HostId, PathBuf>> {
        let mut others = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // A name with a dot is of one that is not locked yet.
            if name != self.me.as_str() && !name.starts_with('.') {
                others.insert(name.into(), entry.path());
            }
        }
        Ok(others)
    }
}

/// Makes a file and locks it, and only then gives it its name: nobody sees it free.
fn make(folder: &Path, me: &HostId) -> io::Result<(PathBuf, File)> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let (before, path) = (folder.join(format!(".{me}")), folder.join(me.as_str()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&before)?;
    file.lock()?;
    fs::rename(&before, &path)?;
    Ok((path, file))
}

/// Whether somebody holds this file's lock. Where that cannot be said, somebody does.
fn is_held(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_as_long_as_it_holds_its_file_and_leaves_nothing_when_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("rota.db");
        let [a, b] = ["a", "b"].map(HostId::from);
        let one = Files::join(&database, &a);
        assert!(one.are_empty());
        let mut other = Files::join(&database, &b);
        assert!(!other.are_empty());
        assert_eq!(other.look(), Found { alive: [a.clone()].into(), died: vec![], lost: false });
        drop(one);
        assert_eq!(other.look(), Found { alive: [].into(), died: vec![a.clone()], lost: false });
        other.bury(&a);
        assert_eq!(other.look(), Found::default());
        other.leave();
        assert!(!folder.path().join("rota.db.hosts").exists());
    }

    #[test]
    fn where_no_file_can_be_made_nobody_is_taken_for_dead() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("none/rota.db");
        let files = Files::join(&database, &"a".into());
        assert!(!files.are_empty());
        assert_eq!(files.look(), Found::default());
    }
}
