//! `rota push`.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::Value;

use super::output;
use super::remote::Remote;
use crate::author;
use crate::exit::Exit;

/// Send a component to a server, for flows to name
///
/// It is there when this ends, and no flow asks it yet: name it in workspace.toml, as
/// `plugin = "name"`, "name@version" or its digest, and run `rota apply`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A component, or the folder of a plugin that was built.
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: String,
    #[command(flatten)]
    remote: Remote,
    /// Print the server's answer as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let found = author::find_built(&arguments.plugin)?;
    output::note(&format!("{}: {} KiB", found.from, found.component.len() >> 10));
    let answer = arguments.remote.send(Method::POST, "/v1/plugins", Some(found.component), "application/wasm").await?;
    let is_new = answer.status() == reqwest::StatusCode::CREATED;
    let body: Value = answer.json().await.context("the server's answer does not read; look with `rota plugins`")?;
    if arguments.json {
        output::json(&body)?;
        return Ok(Exit::Well);
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    output::line(&format!("{}@{} {}", text("name"), text("version"), text("digest")));
    match (is_new, body["bundled"].as_bool() == Some(true)) {
        (true, _) => output::note(&format!("It was taken in within {} ms.", body["took_ms"])),
        (false, true) => output::note("It is a bundled plugin, which every tenant has."),
        (false, false) => output::note("It was there already."),
    }
    Ok(Exit::Well)
}
