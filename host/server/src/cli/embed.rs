//! `rota embed`.

use std::path::PathBuf;

use super::output;
use crate::author;
use crate::exit::Exit;

/// Put a manifest into a component, whatever language it was written in
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The component; it is rewritten.
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// The manifest, plugin.toml.
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// The JSON Schema of its settings.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    author::embed_files(&arguments.component, &arguments.manifest, arguments.schema.as_deref())?;
    output::line(&format!("{} carries {} now.", arguments.component.display(), arguments.manifest.display()));
    Ok(Exit::Well)
}
