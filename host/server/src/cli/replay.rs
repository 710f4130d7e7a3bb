//! `rota replay`.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use rota_domain::id::{DecisionId, LeadId};

use super::database::Source;
use super::output;
use crate::exit::Exit;
use crate::keeping::Keeping;
use crate::log;
use crate::replay::{Replayer, Tally};
use crate::show::replay;

/// Ask the plugins of past decisions again, and compare every call and result byte for byte
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A decision's id, or a lead's (its newest decision).
    #[arg(value_name = "DECISION|LEAD", required_unless_present = "all")]
    decision: Option<String>,
    /// All decisions of the log.
    #[arg(long, conflicts_with = "decision")]
    all: bool,
    #[command(flatten)]
    source: Source,
    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "how long it took is said, and decides nothing")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (store, tenant) = arguments.source.open().await?;
    // What is replayed was somebody's component: a child compiles it, as it did before. What the
    // server keeps is not touched.
    let folder = tempfile::tempdir().context("cannot make a folder for compiled plugins")?;
    let catalogue = Keeping::beside(&folder.path().join("replay"))?.open()?;
    let replayer = Arc::new(Replayer::new(store.clone(), tenant.clone(), catalogue)?);
    let began = Instant::now();
    let tally = match &arguments.decision {
        Some(id) => {
            let newest = store.decisions_of(&tenant, &LeadId::from(id.as_str())).await?.into_iter().next();
            let id = newest.unwrap_or_else(|| DecisionId::from(id.as_str()));
            let Some(outcome) = replayer.one(&id).await? else {
                if let Some(gone) = log::gone(&*store, &tenant, id.as_str()).await? {
                    anyhow::bail!("`{tenant}` has no decision and no lead `{id}` any more: {gone}");
                }
                anyhow::bail!("`{tenant}` has no decision and no lead `{id}`: `rota log` lists what there is");
            };
            let mut tally = Tally::default();
            tally.count(&id, outcome);
            tally
        }
        None => replayer.all(std::thread::available_parallelism().map_or(1, usize::from)).await?,
    };
    if arguments.json {
        output::json(&tally)?;
    } else {
        output::line(replay(&tally, began.elapsed(), output::palette()).trim_end());
    }
    if tally.replayed == 0 {
        output::complain("nothing was replayed: no decision here asked a plugin, or none can be asked again");
        return Ok(Exit::BadInput);
    }
    Ok(if tally.different.is_empty() { Exit::Well } else { Exit::Finding })
}
