//! `rota export`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reqwest::Method;
use rota_domain::id::Digest;
use serde::Deserialize;
use serde_json::json;

use super::output;
use super::remote::{Refused, Remote};
use crate::exit::Exit;
use crate::workspaces::Bundle;

/// Write a workspace of a server into a directory, as it was applied, comments and all
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The directory; it is made if it is not there [default: this one].
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// Which revision [default: the one that holds].
    #[arg(long, value_name = "N")]
    revision: Option<u64>,
    /// Write over files that say something else.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    remote: Remote,
    /// Print what was written as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// A revision with its files, as a server gives it.
#[derive(Deserialize)]
struct Exported {
    revision: u64,
    files: Option<BTreeMap<String, String>>,
    #[serde(default)]
    components: BTreeMap<String, Digest>,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { directory, revision, force, remote, json } = arguments;
    let path = revision.map_or("/v1/workspace".to_owned(), |n| format!("/v1/workspace/revisions/{n}"));
    let exported: Exported = remote.get(&path).await?;
    let number = exported.revision;
    let files = exported.files.with_context(|| {
        format!("revision {number} was read from a directory on the server, and its files are there: copy them from it")
    })?;
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes().into()));
    let mut bundle = Bundle::new(files, exported.components).context("the server names a file that none can be")?;
    let mut absent = Vec::new();
    for (path, digest) in std::mem::take(&mut bundle.components) {
        match component(remote, &digest).await? {
            Some(bytes) => {
                bundle.files.insert(path.trim_start_matches("./").to_owned(), bytes.into());
            }
            None => absent.push(path),
        }
    }
    if !force {
        let differing: Vec<&str> = bundle
            .files
            .iter()
            .filter(|(path, bytes)| differs(&directory.join(path), bytes))
            .map(|(path, _)| path.as_str())
            .collect();
        anyhow::ensure!(
            differing.is_empty(),
            "{} in {} would be overwritten with other text: choose another directory, or say --force",
            differing.join(", "),
            directory.display()
        );
    }
    for (path, bytes) in &bundle.files {
        write(directory, path, bytes)?;
    }
    let written: Vec<&String> = bundle.files.keys().collect();
    if *json {
        output::json(&json!({ "revision": number, "written": written, "absent": absent }))?;
    } else {
        output::line(&format!("Revision {number} is in {}: {} files.", directory.display(), written.len()));
    }
    for path in absent {
        output::note(&format!("{path} is not on the server any more: put the component there yourself"));
    }
    Ok(Exit::Well)
}

/// A component by its digest; none where the server does not give it out.
async fn component(remote: &Remote, digest: &Digest) -> anyhow::Result<Option<Vec<u8>>> {
    let answer = remote.send(Method::GET, &format!("/v1/plugins/{digest}/component"), None, "").await;
    let bytes = match answer {
        Ok(answer) => answer.bytes().await.context("a component broke off; try again")?.to_vec(),
        Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == 404) => return Ok(None),
        Err(error) => return Err(error),
    };
    anyhow::ensure!(Digest::of(&bytes) == *digest, "the server sent another component than {digest}; try again");
    Ok(Some(bytes))
}

fn differs(path: &Path, bytes: &[u8]) -> bool {
    match fs::read(path) {
        Ok(there) => there != bytes,
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// Writes a file below the directory; no link is followed on the way.
fn write(directory: &Path, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let mut place = directory.to_path_buf();
    for part in path.split('/') {
        if place != directory || !place.exists() {
            fs::create_dir_all(&place).with_context(|| format!("cannot make the folder {}", place.display()))?;
        }
        place.push(part);
        let is_link = fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink());
        anyhow::ensure!(!is_link, "{} is a link, which a workspace may not have: take it away", place.display());
    }
    fs::write(&place, bytes).with_context(|| format!("cannot write {}", place.display()))
}
