//! `rota plan`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::output;
use super::remote::Remote;
use crate::exit::Exit;
use crate::show::plan as shown;
use crate::workspaces::{Bundle, Gathered, Planned, gather};

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
    let gathered = gather(&arguments.directory)?;
    let sending: Vec<String> = secrets(&gathered).into_keys().collect();
    let planned = ask(&arguments.remote, &gathered.bundle, &sending).await?;
    show(&planned, &sending, arguments.json)?;
    Ok(if planned.errors.is_empty() { Exit::Well } else { Exit::BadInput })
}

/// The values of secrets that a workspace names and that are set where this runs: `rota apply`
/// sends them along.
pub(super) fn secrets(gathered: &Gathered) -> BTreeMap<String, String> {
    let names = gathered.loaded.workspace.secrets().map(|(secret, _)| &secret.env);
    names.filter_map(|name| Some((name.clone(), std::env::var(name).ok().filter(|value| !value.is_empty())?))).collect()
}

/// What the server would make of this bundle, with these secrets sent along.
pub(super) async fn ask(remote: &Remote, bundle: &Bundle, sending: &[String]) -> anyhow::Result<Planned> {
    let mut body = json!({ "files": bundle.texts(), "components": bundle.components });
    if !sending.is_empty() {
        body["sending"] = json!(sending);
    }
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
