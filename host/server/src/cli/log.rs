//! `rota log`.

use super::database::Source;
use super::output;
use crate::exit::Exit;
use crate::log::PAGE;
use crate::show::{NO_DECISIONS, log_line};

/// List decisions, oldest first
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Only decisions after this number in the log.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    /// At most so many.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (store, tenant) = arguments.source.open().await?;
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    let mut after = arguments.after;
    let mut any = false;
    loop {
        let page = store.log(&tenant, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for stored in page.iter().take(left) {
            if arguments.json {
                output::json(&stored.decision)?;
            } else {
                output::line(&log_line(stored, output::palette()));
            }
        }
        any = true;
        left = left.saturating_sub(page.len());
        if left == 0 {
            break;
        }
    }
    if !any && !arguments.json {
        output::line(NO_DECISIONS.trim_end());
    }
    Ok(Exit::Well)
}
