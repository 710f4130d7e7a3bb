//! `rota check`.

use std::path::Path;

use serde_json::json;

use super::output;
use crate::author::{self, check};
use crate::exit::Exit;
use crate::show::findings;

/// Find what a host would refuse about a plugin, each with its mend
///
/// Exit code 1 means that something has to be mended; hints alone do not.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder, a component, or a bundled plugin's name.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: String,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let path = Path::new(&arguments.plugin);
    let mut found = if path.is_dir() { check::folder(path) } else { Vec::new() };
    let has_problem = |found: &[check::Finding]| found.iter().any(|finding| finding.weight == check::Weight::Problem);
    // A manifest that cannot be used cannot be built with either.
    let mut from = None;
    if !has_problem(&found) {
        let component = author::find(&arguments.plugin)?;
        let of_folder: Vec<String> = found.iter().map(|finding| finding.what.clone()).collect();
        found.extend(check::component(&component.component).into_iter().filter(|new| !of_folder.contains(&new.what)));
        from = Some((component.from, component.component.len()));
    }
    let ok = !has_problem(&found);
    if arguments.json {
        output::json(&json!({ "ok": ok, "findings": found }))?;
    } else {
        if let Some((from, size)) = &from {
            output::note(&format!("{from}: {} KiB", size >> 10));
        }
        output::line(findings(&found, output::palette()).trim_end());
    }
    Ok(if ok { Exit::Well } else { Exit::Finding })
}
