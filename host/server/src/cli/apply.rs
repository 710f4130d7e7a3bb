//! `rota apply`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::remote::Remote;
use super::{output, plan};
use crate::exit::Exit;
use crate::workspaces::gather;

/// Let a server decide under a workspace from now on: plan, ask, apply as one revision
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The directory of the workspace [default: this one].
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// Why, for those who read the list of revisions.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    remote: Remote,
    /// Print what became of it as one line of JSON, and do not ask.
    #[arg(long)]
    json: bool,
}

/// What a server says of a revision that was entered.
#[derive(Deserialize)]
pub(super) struct Applied {
    revision: u64,
    changed: bool,
    warnings: Vec<String>,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { directory, note, yes, remote, json } = arguments;
    let gathered = gather(directory)?;
    let secrets = plan::secrets(&gathered);
    let bundle = gathered.bundle;
    let sent: Vec<String> = secrets.keys().cloned().collect();
    let planned = plan::ask(remote, &bundle, &sent).await?;
    if !json || !planned.errors.is_empty() {
        plan::show(&planned, &sent, *json)?;
    }
    if !planned.errors.is_empty() {
        return Ok(Exit::BadInput);
    }
    if planned.is_same() && secrets.is_empty() && !json {
        return Ok(Exit::Well);
    }
    if !yes && !json && std::io::stdin().is_terminal() && !agreed()? {
        output::note("Nothing was applied.");
        return Ok(Exit::Finding);
    }
    let body = json!({
        "files": bundle.texts(),
        "components": bundle.components,
        "base": planned.base,
        "note": note,
        "secrets": secrets,
    });
    let answer: Value = remote.post("/v1/workspace/apply", &body).await?;
    tell(&answer, *json)?;
    Ok(Exit::Well)
}

/// Says what became of a change.
pub(super) fn tell(answer: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(answer);
    }
    let applied: Applied = serde_json::from_value(answer.clone())?;
    applied.warnings.iter().for_each(|warning| output::note(warning));
    let words = if applied.changed { "holds from now on" } else { "holds as before" };
    output::line(&format!("Revision {} {words}.", applied.revision));
    Ok(())
}

fn agreed() -> anyhow::Result<bool> {
    let mut stderr = std::io::stderr();
    write!(stderr, "\nApply this? [y/N] ")?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
