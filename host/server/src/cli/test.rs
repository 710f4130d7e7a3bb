//! `rota test`.

use std::path::PathBuf;

use anyhow::Context as _;

use super::output;
use crate::bundled::BUNDLED;
use crate::cases;
use crate::exit::Exit;

/// Run a plugin's cases (cases/*.json) against its component
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: PathBuf,
    /// The component [default: the bundled one of the folder's name].
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let component = match &arguments.component {
        Some(path) => std::fs::read(path).with_context(|| format!("cannot read the component {}", path.display()))?,
        None => bundled(arguments)?,
    };
    let outcomes = cases::run(&arguments.plugin, &component)?;
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    for outcome in &outcomes {
        let mark = if outcome.differences.is_empty() { "ok    " } else { "FAILED" };
        output::line(&format!("{mark} {:<36} {}", outcome.name, outcome.about));
        outcome.differences.iter().for_each(|difference| output::line(&format!("         {difference}")));
    }
    output::line(&format!("{} passed, {failed} failed", outcomes.len() - failed));
    Ok(if failed == 0 { Exit::Well } else { Exit::Finding })
}

fn bundled(arguments: &Arguments) -> anyhow::Result<Vec<u8>> {
    let folder = arguments
        .plugin
        .canonicalize()
        .with_context(|| format!("there is no folder {}", arguments.plugin.display()))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let found = BUNDLED.iter().find(|(known, _)| *known == name);
    let (_, component) = found.with_context(|| {
        format!("`{name}` is no bundled plugin: build it with `rota build`, and name the result with --component")
    })?;
    Ok(component.to_vec())
}
