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
        let out = match &arguments.out {
            Some(out) => out.clone(),
            None => author::built_path(&arguments.plugin)?,
        };
        author::build(&arguments.plugin, &out)?
    };
    let (name, version, size) = (&built.name, &built.version, built.size >> 10);
    output::line(&format!("{name}@{version}: {} ({size} KiB)", built.component.display()));
    output::note(&format!("{}\n{}", built.digest, built.toolchain));
    Ok(Exit::Well)
}
