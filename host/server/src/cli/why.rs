//! `rota why`.

use super::database::Source;
use super::output;
use crate::exit::Exit;
use crate::log;
use crate::show::Why;

/// Explain a decision: what was read, which branches were taken, who was considered
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A decision's id, or a lead's (its newest decision), such as hs:contact:101.
    #[arg(value_name = "DECISION|LEAD")]
    which: String,
    #[command(flatten)]
    source: Source,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (store, tenant) = arguments.source.open().await?;
    let which = arguments.which.as_str();
    let Some(recalled) = log::recall(&*store, &tenant, which).await? else {
        if let Some(gone) = log::gone(&*store, &tenant, which).await? {
            anyhow::bail!("`{tenant}` has no decision and no lead `{which}` any more: {gone}");
        }
        anyhow::bail!("`{tenant}` has no decision and no lead `{which}`: `rota log` lists what there is");
    };
    if arguments.json {
        output::json(&Why::of(&recalled))?;
    } else {
        output::line(Why::text(&recalled, output::palette()).trim_end());
    }
    Ok(Exit::Well)
}
