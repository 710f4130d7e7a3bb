//! `rota plugins`.

use serde_json::Value;

use super::output;
use super::reach::whole;
use super::remote::Remote;
use crate::exit::Exit;
use crate::show::{PluginRow, plugins};

/// List the plugins that a server has for its flows, or withdraw one
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Withdraw the plugin of this digest: no flow may name it from then on, and past
    /// decisions still replay.
    #[arg(long, value_name = "DIGEST")]
    withdraw: Option<String>,
    #[command(flatten)]
    remote: Remote,
    /// Print it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let answer: Value = match &arguments.withdraw {
        None => Value::Array(whole(&arguments.remote, "/v1/plugins", None, usize::MAX).await?),
        Some(digest) => arguments.remote.post(&format!("/v1/plugins/{digest}/withdraw"), &Value::Null).await?,
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
