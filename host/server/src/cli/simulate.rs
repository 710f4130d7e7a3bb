//! `rota simulate`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::Seed;
use rota_rules::Catalogue;

use super::output;
use crate::bind::bind;
use crate::config::read_events;
use crate::exit::Exit;
use crate::simulate::Simulation;

/// Decide about a file of leads, without a CRM and without a database
///
/// Prints one decision a line, as JSON. The same workspace, leads and seed give the same
/// bytes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// Events, one JSON object a line, in the order of time (`rota schema event`); - reads stdin.
    /// What is due after the last one does not happen: a `tick` lets time pass.
    #[arg(long, value_name = "FILE")]
    leads: PathBuf,
    /// What ids and the rules' chance are made from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Decisions as JSON only, without totals on stderr.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = super::serve::load(&arguments.workspace)?;
    let name = arguments.leads.display().to_string();
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).context("cannot read stdin")?;
        bytes
    } else {
        std::fs::read(&arguments.leads)
            .with_context(|| format!("cannot read {name}: give a file of events, one JSON object a line"))?
    };
    let events = read_events(&name, &bytes, &loaded.workspace)?;
    let catalogue = Arc::new(Catalogue::new()?);
    let bound = bind(loaded, &catalogue)?;
    let began = events.first().map(|(_, event)| event.at).unwrap_or_default();
    let mut simulation = Simulation::new(bound, catalogue, Seed::from_number(arguments.seed), began);
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures: BTreeMap<String, u64> = BTreeMap::new();
    for decision in simulation.decisions(events.into_iter().map(|(_, event)| event)) {
        let who = decision.rep.as_ref().map_or_else(|| decision.outcome.as_str().to_owned(), ToString::to_string);
        *totals.entry(who).or_default() += 1;
        if let (Some(code), Some(detail)) = (decision.error, &decision.error_detail) {
            *failures
                .entry(format!(
                    "{} failed [{code}]: {detail}",
                    decision.plugin.as_ref().map_or("the plugin", |plugin| &plugin.name)
                ))
                .or_default() += 1;
        }
        output::json(&decision)?;
    }
    for (failure, count) in failures {
        output::note(&format!("{count} × {failure}"));
    }
    if !arguments.json {
        let totals: Vec<String> = totals.iter().map(|(who, count)| format!("{who} {count}")).collect();
        output::note(&totals.join(", "));
    }
    Ok(Exit::Well)
}
