//! `rota plugins`.

use clap::Subcommand;
use serde_json::Value;

use super::output;
use super::remote::Remote;
use crate::exit::Exit;
use crate::show::{PluginRow, plugins};

/// List the plugins that a server has for its flows, or withdraw one
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    remote: Remote,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Withdraw a plugin: no flow may name it from then on, and past decisions still replay
    Withdraw {
        /// Its digest.
        digest: String,
    },
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let answer: Value = match &arguments.verb {
        None => arguments.remote.get("/v1/plugins").await?,
        Some(Verb::Withdraw { digest }) => {
            let path = format!("/v1/plugins/{digest}/withdraw");
            arguments.remote.post(&path, &Value::Null).await?
        }
    };
    if arguments.json {
        output::json(&answer)?;
        return Ok(Exit::Well);
    }
    let rows = if answer.is_array() { answer } else { Value::Array(vec![answer]) };
    let rows: Vec<PluginRow> = serde_json::from_value(rows)?;
    output::line(plugins(&rows, output::palette()).trim_end());
    Ok(Exit::Well)
}
