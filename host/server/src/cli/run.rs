//! `rota run`.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use rota_domain::lead::Lead;
use rota_flow::ports::Clock as _;
use serde_json::json;

use super::output;
use crate::author;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show::{Why, trial_tail};
use crate::trial::Trial;

/// Decide about one lead with a plugin, and show everything that it did
///
/// Nothing is stored and nothing is sent. Exit code 1 means that the plugin failed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder, a component, or a bundled plugin's name.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: String,
    /// The lead, as JSON.
    #[arg(long, value_name = "FILE")]
    lead: PathBuf,
    /// The workspace, with its reps, pools and settings.
    #[arg(long, value_name = "DIR")]
    workspace: PathBuf,
    /// The flow that asks [default: the one that names the plugin].
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// The time of the decision [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let found = author::find(&arguments.plugin)?;
    let trial = Trial::prepare(&found.component, &arguments.workspace, arguments.flow.as_deref())?;
    let lead = lead(&arguments.lead)?;
    let at = arguments.at.unwrap_or_else(|| SystemClock.now());
    let tried = trial.decide(lead, at)?;
    let recalled = tried.recalled();
    if arguments.json {
        let mut told = serde_json::to_value(Why::of(&recalled))?;
        told["log"] = json!(tried.recorded.private.log);
        told["fuel"] = json!(tried.recorded.decision.fuel);
        told["micros"] = json!(tried.recorded.decide_nanos / 1_000);
        output::json(&told)?;
    } else {
        output::line(Why::text(&recalled, output::palette()).trim_end());
        output::line(trial_tail(&tried, output::palette()).trim_end());
    }
    Ok(if tried.recorded.decision.error.is_none() { Exit::Well } else { Exit::Finding })
}

/// Reads a file with one lead.
pub(super) fn lead(path: &PathBuf) -> anyhow::Result<Lead> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {shown}: give a file with one lead, as `rota schema lead` describes"))?;
    serde_json::from_str(&text).with_context(|| format!("{shown} is no lead; `rota schema lead` describes one"))
}
