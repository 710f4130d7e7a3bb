//! `rota log`.

use super::database::Source;
use super::output;
use crate::exit::Exit;
use crate::log::PAGE;
use crate::show::{Export, NO_DECISIONS, log_line};

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
    #[arg(long, visible_alias = "jsonl", conflicts_with = "csv")]
    json: bool,
    /// Print a table for spreadsheets; cells that could be formulas begin with '.
    #[arg(long)]
    csv: bool,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (store, tenant) = arguments.source.open().await?;
    let export = match arguments {
        Arguments { json: true, .. } => Some(Export::Jsonl),
        Arguments { csv: true, .. } => Some(Export::Csv),
        _ => None,
    };
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    let mut after = arguments.after;
    let mut any = false;
    if let Some(export) = export {
        output::text(&export.head());
    }
    loop {
        let page = store.log(&tenant, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for stored in page.iter().take(left) {
            match export {
                Some(export) => output::text(&export.line(stored)),
                None => output::line(&log_line(stored, output::palette())),
            }
        }
        any = true;
        left = left.saturating_sub(page.len());
        if left == 0 {
            break;
        }
    }
    if !any && export.is_none() {
        output::line(NO_DECISIONS.trim_end());
    }
    Ok(Exit::Well)
}
