//! A new rule, from nothing, anywhere on disk: the folder with everything that its author
//! needs, and with it the SDK and the contract, neither of which is published.

mod lock;
mod name;
mod template;
mod vendored;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

pub use vendored::{VENDORED, sdk_manifest};

/// Makes the folder of a new rule; `folder` absent means one of its name, here.
///
/// # Errors
/// If the name is no plugin's, if the folder is there already, or if it cannot be written.
pub fn create(name: &str, folder: Option<&Path>) -> Result<PathBuf> {
    name::check(name)?;
    let folder = folder.map_or_else(|| PathBuf::from(name), Path::to_owned);
    ensure!(
        fs::symlink_metadata(&folder).is_err(),
        "{} is there already, and nothing in it was touched: choose another name, or another folder with --dir",
        folder.display()
    );
    // First: what cannot be worked out must not leave half a folder behind.
    let files = files(name)?;
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(folder)
}

/// Every file of a new rule, by its path in the folder.
fn files(name: &str) -> Result<Vec<(String, String)>> {
    let mut files = template::files(name)?;
    files.extend(vendored::files()?);
    files.push(("Cargo.lock".into(), lock::pruned()?));
    Ok(files)
}
