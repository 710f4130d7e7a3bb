//! `rota fairness`.

use super::database::Source;
use super::output;
use crate::exit::Exit;
use crate::log;
use crate::show::{Fairness, fairness};

/// Work out from the log how fairly each pool's turns were given
///
/// Exit code 1 means that a pool left its bound.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (store, tenant) = arguments.source.open().await?;
    let pools = log::fairness(&*store, &tenant).await?;
    let result = Fairness::of(&pools);
    if arguments.json {
        output::json(&result)?;
    } else {
        output::line(fairness(&pools, output::palette()).trim_end());
    }
    Ok(if result.ok { Exit::Well } else { Exit::Finding })
}
