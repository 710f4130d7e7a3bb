//! `rota revisions`.

use serde::Deserialize;
use serde_json::Value;

use super::output;
use super::remote::Remote;
use crate::exit::Exit;
use crate::show::{Revision, revisions as shown};

/// List the revisions of a workspace: when, who, why
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many, the newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    remote: Remote,
    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Listed {
    items: Vec<Value>,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let path = format!("/v1/workspace/revisions?limit={}", arguments.limit);
    let Listed { items } = arguments.remote.get(&path).await?;
    if arguments.json {
        items.iter().try_for_each(output::json)?;
        return Ok(Exit::Well);
    }
    let revisions: Vec<Revision> = items.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?;
    output::line(shown(&revisions, output::palette()).trim_end());
    Ok(Exit::Well)
}
