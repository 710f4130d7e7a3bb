//! `rota build`.

use std::path::PathBuf;

use super::output;
use crate::author;
use crate::exit::Exit;

/// Build a rule's crate into a component that carries its manifest
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder, with Cargo.toml and plugin.toml.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: PathBuf,
    /// Where the component goes [default: its name and .wasm, in the plugin's folder].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Put it among the bundled plugins, with the digest of its sources.
    #[arg(long, conflicts_with = "out")]
    prebuilt: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let built = if arguments.prebuilt {
        author::prebuild(&arguments.plugin)?
    } else {
        let out = arguments.out.clone().map_or_else(|| default_out(arguments), Ok)?;
        author::build(&arguments.plugin, &out)?
    };
    let size = std::fs::metadata(&built.component).map_or(0, |found| found.len());
    output::line(&format!("{}@{}: {} ({} KiB)", built.name, built.version, built.component.display(), size >> 10));
    Ok(Exit::Well)
}

fn default_out(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let folder = arguments.plugin.canonicalize().map_err(|error| {
        anyhow::anyhow!("there is no folder {} ({error}): name the plugin's", arguments.plugin.display())
    })?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(folder.join(format!("{name}.wasm")))
}
