//! `rota sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use rota_sandbox::{Options, Seed};

use super::output;
use crate::exit::Exit;

/// Run a double of HubSpot: contacts, companies, owners, tasks, webhooks, limits, faults
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where its webhooks go; it can be set later with POST /_sandbox/target.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// What is in it at the start, as JSON; without it, a few owners.
    #[arg(long, value_name = "FILE")]
    seed_file: Option<PathBuf>,
    /// What its webhooks are signed with.
    #[arg(long, value_name = "SECRET", default_value = "sandbox-secret")]
    client_secret: String,
    /// Print the address as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let seed = match &arguments.seed_file {
        Some(path) => {
            let text = std::fs::read(path).with_context(|| format!("cannot read the seed file {}", path.display()))?;
            serde_json::from_slice(&text).with_context(|| format!("{} is no seed of the double", path.display()))?
        }
        None => Seed::default(),
    };
    let options =
        Options { listen: arguments.listen, target: arguments.target, seed, client_secret: arguments.client_secret };
    let sandbox = rota_sandbox::start(options).await?;
    let address = format!("http://{}", sandbox.address());
    if arguments.json {
        output::json(&serde_json::json!({ "listening": address }))?;
    } else {
        output::line(&format!("HubSpot's double listens on {address}; Ctrl-C ends it."));
        output::note(&format!("  its state: {address}/_sandbox/state"));
    }
    super::serve::told_to_stop().await?;
    sandbox.stop().await;
    Ok(Exit::Well)
}
