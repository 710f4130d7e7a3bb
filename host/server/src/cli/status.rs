//! `rota status`.

use super::output;
use super::remote::Remote;
use crate::exit::Exit;
use crate::show::status;
use crate::status::Status;

/// Say how a server, its database and each tenant stand, and what to do where something is wrong
///
/// It needs a token of the host's operator. The exit code is 1 where something is wrong, and 3
/// where the server cannot be reached.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    remote: Remote,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let found: Status = arguments.remote.get("/v1/status").await?;
    if arguments.json {
        output::json(&found)?;
    } else {
        output::line(status(&found, output::palette()).trim_end());
    }
    Ok(if found.ok { Exit::Well } else { Exit::Finding })
}
