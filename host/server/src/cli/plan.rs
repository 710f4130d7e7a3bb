//! `rota plan`.

use std::path::PathBuf;

use serde_json::json;

use super::output;
use super::remote::Remote;
use crate::exit::Exit;
use crate::show::plan as shown;
use crate::workspaces::{Bundle, Planned, gather};

/// Show what applying a workspace would change on a server
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The directory of the workspace [default: this one].
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    #[command(flatten)]
    remote: Remote,
    /// Print the plan as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let bundle = gather(&arguments.directory)?.bundle;
    let planned = ask(&arguments.remote, &bundle).await?;
    show(&planned, &[], arguments.json)?;
    Ok(if planned.errors.is_empty() { Exit::Well } else { Exit::BadInput })
}

/// What the server would make of this bundle.
pub(super) async fn ask(remote: &Remote, bundle: &Bundle) -> anyhow::Result<Planned> {
    let body = json!({ "files": bundle.texts(), "components": bundle.components });
    remote.post("/v1/workspace/plan", &body).await
}

/// Prints a plan; `sent` are the names of secrets that are sent along.
pub(super) fn show(planned: &Planned, sent: &[String], json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(planned);
    }
    output::line(shown(planned, sent, output::palette()).trim_end());
    Ok(())
}
