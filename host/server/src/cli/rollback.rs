//! `rota rollback`.

use serde_json::{Value, json};

use super::apply;
use super::remote::Remote;
use crate::exit::Exit;

/// Let a server decide under an earlier revision again, as a new one
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which revision; `rota revisions` lists them.
    #[arg(value_name = "N")]
    revision: u64,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    remote: Remote,
    /// Print what became of it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { revision, note, remote, json } = arguments;
    let answer: Value = remote.post("/v1/workspace/rollback", &json!({ "revision": revision, "note": note })).await?;
    apply::tell(&answer, *json)?;
    Ok(Exit::Well)
}
