//! Which component a command means: a file, a plugin's folder, a bundled plugin's name, or a
//! digest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use rota_domain::id::Digest;

use super::manifest_section::Papers;
use super::{build, prebuilt};
use crate::bundled::BUNDLED;

/// What a plugin's component is made of.
const SOURCES: [&str; 6] = ["Cargo.toml", "Cargo.lock", "plugin.toml", "settings.schema.json", "src", ".rota"];

/// A component, and where it comes from.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its bytes.
    pub component: Vec<u8>,
    /// The plugin's folder, where one was named.
    pub folder: Option<PathBuf>,
    /// Where it comes from, for people.
    pub from: String,
}

/// Finds a component. A plugin's folder means what was built there, if nothing that it is made
/// of is newer; else the bundled component, if it was made from this very folder; else it is
/// built now.
///
/// # Errors
/// If there is none, or if it has to be built and cannot be.
pub fn find(which: &str) -> Result<Found> {
    let path = Path::new(which);
    if path.is_dir() {
        return in_folder(path, |folder, path| build(folder, path).map(drop));
    }
    elsewhere(which)
}

/// The same without ever building: what has to be sent is what has been tried.
///
/// # Errors
/// If there is none, or if its sources are newer.
pub fn find_built(which: &str) -> Result<Found> {
    let path = Path::new(which);
    if path.is_dir() {
        return in_folder(path, |folder, path| {
            let is_there = if path.exists() { "is older than its sources" } else { "is not there" };
            bail!("{} {is_there}: run `rota build {}` first", path.display(), folder.display())
        });
    }
    elsewhere(which)
}

/// A component that is not named by a plugin's folder.
fn elsewhere(which: &str) -> Result<Found> {
    let path = Path::new(which);
    if path.is_file() {
        let component = fs::read(path).with_context(|| format!("reading {which}"))?;
        return Ok(Found { component, folder: None, from: which.into() });
    }
    let bundled = BUNDLED.iter().find(|(name, component)| *name == which || Digest::of(component).as_str() == which);
    if let Some((name, component)) = bundled {
        return Ok(Found { component: component.to_vec(), folder: None, from: format!("bundled {name}") });
    }
    let names: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
    bail!(
        "`{which}` is no component, no plugin's folder and no bundled plugin ({}): name one of these",
        names.join(", ")
    )
}

/// Where the component of a plugin's folder is built to: its name from `plugin.toml` and
/// `.wasm`, beside that.
///
/// # Errors
/// If the folder is no plugin's.
pub fn built_path(folder: &Path) -> Result<PathBuf> {
    let papers = Papers::read(folder)?;
    Ok(folder.join(format!("{}.wasm", papers.name)))
}

fn in_folder(folder: &Path, build: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<Found> {
    let path = built_path(folder)?;
    let found = |path: &Path| -> Result<Found> {
        let component = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Found { component, folder: Some(folder.to_owned()), from: path.display().to_string() })
    };
    // Other languages have their own build; what it left here is all there is.
    let is_ours = folder.join("Cargo.toml").exists();
    let built = changed(&path);
    if built.is_some() && (!is_ours || built >= newest(folder)) {
        return found(&path);
    }
    if let Some(prebuilt) = prebuilt::current(folder) {
        return found(&prebuilt);
    }
    build(folder, &path)?;
    found(&path)
}

/// Everything that the cases of a plugin's folder depend on, as it is now: path, time of the
/// last change and size. It differs as soon as one of them was changed.
#[must_use]
pub fn state_of(folder: &Path, component: Option<&Path>) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let mut state = Vec::new();
    let parts = SOURCES.iter().filter(|part| **part != "Cargo.lock").copied().chain(["cases"]);
    parts.for_each(|part| look(&folder.join(part), &mut state));
    component.into_iter().for_each(|path| look(path, &mut state));
    state
}

fn look(path: &Path, state: &mut Vec<(PathBuf, Option<SystemTime>, u64)>) {
    let Ok(found) = fs::metadata(path) else { return };
    state.push((path.to_owned(), found.modified().ok(), found.len()));
    let mut below: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    below.sort();
    below.iter().for_each(|path| look(path, state));
}

/// When the newest thing that a plugin's component is made of was changed.
pub(super) fn newest(folder: &Path) -> Option<SystemTime> {
    SOURCES.iter().filter_map(|part| newest_below(&folder.join(part))).max()
}

fn newest_below(path: &Path) -> Option<SystemTime> {
    let below = fs::read_dir(path).into_iter().flatten();
    let below = below.filter_map(|entry| newest_below(&entry.ok()?.path())).max();
    changed(path).max(below)
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}
