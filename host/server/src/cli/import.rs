//! `rota import`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;

use super::output;
use super::remote::Remote;
use crate::exit::Exit;

/// Take a file into a server
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Take leads in: JSON lines, or CSV with a column `id` and one for each property
    ///
    /// The same file under the same name doubles nothing. Exit code 1 means that some lines
    /// are no leads; the others were taken.
    Leads {
        /// The file; what ends in .csv is CSV.
        file: PathBuf,
        /// What the import is called [default: the file's name].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Ask this flow only, whatever it enrols.
        #[arg(long, value_name = "FLOW")]
        flow: Option<String>,
        #[command(flatten)]
        remote: Remote,
        /// Print what became of them as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Verb::Leads { file, name, flow, remote, json } = &arguments.verb;
    let bytes = std::fs::read(file).with_context(|| format!("the file {} cannot be read", file.display()))?;
    let base = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.clone().or(base).context("the import needs a name: give it one with --name")?;
    let mut asked = vec![("import", name.as_str())];
    asked.extend(flow.as_deref().map(|flow| ("flow", flow)));
    let csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let media = if csv { "text/csv" } else { "application/jsonl" };
    let answer = remote.send(reqwest::Method::POST, &path(&asked)?, Some(bytes), media).await?;
    let told: Value = answer.json().await.context("the answer broke off; import again, which doubles nothing")?;
    if *json {
        output::json(&told)?;
    } else {
        tell(&told);
    }
    Ok(if told["bad"].as_u64() == Some(0) { Exit::Well } else { Exit::Finding })
}

/// The path of an import, with what it asks.
fn path(asked: &[(&str, &str)]) -> anyhow::Result<String> {
    let url = reqwest::Url::parse_with_params("http://rota/v1/leads", asked)?;
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

fn tell(told: &Value) {
    let number = |key: &str| told[key].as_u64().unwrap_or(0);
    output::line(&format!("{} leads wait now; {} had come before.", number("accepted"), number("duplicates")));
    if number("bad") == 0 {
        return;
    }
    output::line(&format!("{} lines are no leads:", number("bad")));
    for bad in told["bad_lines"].as_array().into_iter().flatten() {
        output::line(&format!("  line {}: {}", bad["line"], bad["what"].as_str().unwrap_or_default()));
    }
}
