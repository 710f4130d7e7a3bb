//! `rota inspect`.

use super::output;
use crate::author;
use crate::exit::Exit;
use crate::show::inspected;

/// Say what a plugin is, and what it can read, write and call
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A component, a plugin's folder, a bundled plugin's name, or its digest.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: String,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let found = author::find(&arguments.plugin)?;
    let what = author::inspect(&found.component)?;
    if arguments.json {
        output::json(&what)?;
    } else {
        output::line(inspected(&what, output::palette()).trim_end());
    }
    Ok(Exit::Well)
}
