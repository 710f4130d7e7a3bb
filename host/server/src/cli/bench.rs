//! `rota bench`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::rule::Question;
use rota_flow::ports::Clock as _;
use rota_rules::Catalogue;

use super::output;
use crate::author;
use crate::bench;
use crate::cases;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show;
use crate::trial::Trial;

/// Say what a decision costs: fuel, time and memory, instantiating and calling apart
///
/// Without a lead the plugin's own cases are asked in turn. Times are of this machine's
/// processor; fuel is the same everywhere.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder, a component, or a bundled plugin's name.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: String,
    /// A lead, as JSON; with --workspace.
    #[arg(long, value_name = "FILE", requires = "workspace")]
    lead: Option<PathBuf>,
    /// The workspace; with --lead.
    #[arg(long, value_name = "DIR", requires = "lead")]
    workspace: Option<PathBuf>,
    /// The flow that asks [default: the one that names the plugin].
    #[arg(long, value_name = "FLOW", requires = "workspace")]
    flow: Option<String>,
    /// How many decisions.
    #[arg(long, value_name = "NUMBER", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    n: u32,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let found = author::find(&arguments.plugin)?;
    let catalogue = Arc::new(Catalogue::new()?);
    catalogue.take_in(&found.component).context("the component is refused")?;
    let questions = questions(arguments, &found, &catalogue)?;
    anyhow::ensure!(
        !questions.is_empty(),
        "the host decides about this lead without asking the plugin: take another, such as one without an owner"
    );
    let figures = bench::measure(&catalogue, &questions, arguments.n)?;
    if arguments.json {
        output::json(&figures)?;
    } else {
        output::line(show::figures(&figures, &found.from).trim_end());
    }
    Ok(Exit::Well)
}

fn questions(
    arguments: &Arguments,
    found: &author::Found,
    catalogue: &Arc<Catalogue>,
) -> anyhow::Result<Vec<Question>> {
    if let (Some(lead), Some(workspace)) = (&arguments.lead, &arguments.workspace) {
        let trial = Trial::prepare(&found.component, workspace, arguments.flow.as_deref())?;
        let tried = trial.decide(super::run::lead(lead)?, SystemClock.now())?;
        return Ok(tried.asked.into_iter().map(|(question, _)| question).collect());
    }
    let folder = found.folder.as_deref().context(
        "there is no lead: give one with --lead and --workspace, or name a plugin's folder, whose cases are asked then",
    )?;
    cases::questions(Path::new(folder), &found.component, catalogue)
}
