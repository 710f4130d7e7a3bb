//! A small disk of memory for a database, mounted for one run, which can be filled without harm to
//! any other.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk that is mounted; dropped, what is on it is copied beside it, and it is gone.
#[derive(Debug)]
pub struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Mounts one of so many MiB in this folder, which needs root.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub fn mount(folder: &Path, mib: u32) -> std::io::Result<Self> {
        let at = folder.join("disk");
        fs::create_dir_all(&at)?;
        let size = format!("size={mib}m");
        let ended = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).status()?;
        if !ended.success() {
            return Err(std::io::Error::other(format!("a disk of memory cannot be mounted: mount ends with {ended}")));
        }
        Ok(Self { at })
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let Ok(mut file) = fs::File::create(self.at.join("filler")) else { return };
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![1; size];
            while file.write_all(&piece).is_ok() {}
        }
    }

    /// Frees what was filled.
    ///
    /// # Errors
    /// When it cannot be freed.
    pub fn free(&self) -> std::io::Result<()> {
        fs::remove_file(self.at.join("filler"))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What cannot be copied is only missed where somebody looks into it later.
        let _ = fs::remove_file(self.at.join("filler"));
        let kept = self.at.with_extension("kept");
        if fs::create_dir_all(&kept).is_ok() {
            for entry in fs::read_dir(&self.at).into_iter().flatten().flatten() {
                let _ = fs::copy(entry.path(), kept.join(entry.file_name()));
            }
        }
        let _ = Command::new("umount").arg(&self.at).status();
    }
}
