//! `rota secret`.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use super::output;
use super::reach::whole;
use super::remote::Remote;
use crate::exit::Exit;

/// Set the secrets that a workspace names, such as tokens of CRM accounts
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set a secret, typed unseen or read from stdin: `rota secret set ACME_HUBSPOT_TOKEN < token`
    Set {
        /// What the workspace calls it.
        name: String,
        /// An address that it may be sent to besides the CRM itself, such as that of a proxy;
        /// may be given several times [default: those that the workspace names it with].
        #[arg(long = "for", value_name = "URL")]
        sent_to: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the names; values never come out
    List {
        #[command(flatten)]
        remote: Remote,
        /// Print them as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret
    Remove {
        /// What the workspace calls it.
        name: String,
        #[command(flatten)]
        remote: Remote,
    },
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::Set { name, sent_to, remote } => {
            let value = value(name)?;
            let mut body = json!({ "value": value.trim_end_matches(['\n', '\r']) });
            if !sent_to.is_empty() {
                body["sent_to"] = json!(sent_to);
            }
            let body = serde_json::to_vec(&body)?;
            let answer =
                remote.send(Method::PUT, &format!("/v1/secrets/{name}"), Some(body), "application/json").await?;
            let told: Value = answer.json().await.context("the server's answer does not read")?;
            if let Some(trouble) = told["trouble"].as_str() {
                output::complain(&format!("it is set, and no account could be connected with it: {trouble}"));
                return Ok(Exit::Finding);
            }
            let connected = told["connected"].as_bool().unwrap_or_default();
            let places = places(&told);
            output::line(if connected { "It is set, and its accounts use it." } else { "It is set." });
            if !places.is_empty() {
                output::line(&format!("Besides the CRM itself, it may be sent to {places}."));
            }
        }
        Verb::List { remote, json } => {
            let names: Vec<Value> = whole(remote, "/v1/secrets", None, usize::MAX).await?;
            if *json {
                output::json(&names)?;
                return Ok(Exit::Well);
            }
            for name in names {
                let text = |key: &str| name[key].as_str().unwrap_or_default().to_owned();
                let places = Some(places(&name)).filter(|places| !places.is_empty());
                let places = places.map(|places| format!("  for {places}")).unwrap_or_default();
                output::line(&format!("{}  set {} by {}{places}", text("name"), text("at"), text("who")));
            }
        }
        Verb::Remove { name, remote } => {
            remote.send(Method::DELETE, &format!("/v1/secrets/{name}"), None, "").await?;
            output::line("It is removed.");
        }
    }
    Ok(Exit::Well)
}

/// Where a secret may be sent besides the CRM itself, as the server says it.
fn places(told: &Value) -> String {
    let places = told["sent_to"].as_array().into_iter().flatten();
    places.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// The value, which is no argument: those are seen in lists of processes. Who types it does not
/// see it.
fn value(name: &str) -> anyhow::Result<String> {
    let mut value = String::new();
    if std::io::stdin().is_terminal() {
        let prompt = format!("The value of {name} (it is not shown as you type): ");
        value =
            rpassword::prompt_password(prompt).context("the value cannot be read from this terminal; pipe it in")?;
    } else {
        std::io::stdin().read_to_string(&mut value).context("the value on stdin is no text")?;
    }
    anyhow::ensure!(
        !value.trim().is_empty(),
        "there is no value: type it, or pipe it in, as in `rota secret set {name} < file`"
    );
    Ok(value)
}
