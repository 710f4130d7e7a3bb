//! `rota test`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use super::output;
use crate::author;
use crate::cases::{self, Coverage};
use crate::exit::Exit;
use crate::show;

/// How long to wait before looking again whether a file has changed.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// Run a plugin's cases (cases/*.json) against its component
///
/// The component is what `rota build` made of the folder, and is built first if it is not
/// there or older than its sources. Exit code 1 means that a case failed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: PathBuf,
    /// The component [default: the folder's own, built if need be].
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Run them again whenever a source, a case or the component changes.
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if !arguments.watch {
        return once(arguments);
    }
    loop {
        // Before the run: what changes during it counts as a change after it.
        let seen = author::state_of(&arguments.plugin, arguments.component.as_deref());
        if let Err(error) = once(arguments) {
            output::complain(&format!("{error:#}"));
        }
        output::line("Waiting for a change; Ctrl-C ends this.");
        while author::state_of(&arguments.plugin, arguments.component.as_deref()) == seen {
            std::thread::sleep(LOOK_AGAIN);
        }
        output::line("");
    }
}

fn once(arguments: &Arguments) -> anyhow::Result<Exit> {
    let component = component(arguments)?;
    let outcomes = cases::run(&arguments.plugin, &component)?;
    // A folder with cases alone is fine for a component from elsewhere.
    let known = if has_manifest(&arguments.plugin) { author::branches(&arguments.plugin)? } else { Default::default() };
    let coverage = Coverage::of(&outcomes, &known);
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    if arguments.json {
        let passed = outcomes.len() - failed;
        output::json(&json!({ "passed": passed, "failed": failed, "cases": outcomes, "coverage": coverage }))?;
    } else {
        output::line(show::cases(&outcomes, &coverage, output::palette()).trim_end());
    }
    Ok(if failed == 0 { Exit::Well } else { Exit::Finding })
}

fn component(arguments: &Arguments) -> anyhow::Result<Vec<u8>> {
    if let Some(path) = &arguments.component {
        return std::fs::read(path).with_context(|| format!("cannot read the component {}", path.display()));
    }
    let folder = arguments.plugin.display().to_string();
    anyhow::ensure!(arguments.plugin.is_dir(), "there is no folder {folder}: name the plugin's");
    Ok(author::find(&folder)?.component)
}

fn has_manifest(folder: &Path) -> bool {
    folder.join("plugin.toml").exists()
}
