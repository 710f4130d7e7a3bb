//! A server that a command talks to over HTTP.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// With which header the host's operator names a tenant.
const TENANT: &str = "x-rota-tenant";
/// Longer than anything that a server does while somebody waits.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Which server, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Remote {
    /// The server's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "ROTA_SERVER")]
    pub(super) server: String,
    /// The token to show; better in the environment, where no list of processes shows it.
    #[arg(long, value_name = "TOKEN", env = "ROTA_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    /// Whose, for a token of the host's operator.
    #[arg(long, value_name = "NAME")]
    pub(super) tenant: Option<String>,
}

/// The server did not answer at all.
#[derive(Debug, thiserror::Error)]
#[error("the server {server} could not be reached ({why}): start it with `rota serve`, or name another with --server")]
pub(super) struct Unreachable {
    server: String,
    why: String,
}

impl Remote {
    /// What the server has at this path.
    ///
    /// # Errors
    /// When it could not be reached, or refused: in its own words.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.send(Method::GET, path, None, "application/json").await?;
        answer.json().await.with_context(|| format!("the answer of {path} does not read"))
    }

    /// Posts this, and reads the answer.
    ///
    /// # Errors
    /// The same.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body)?;
        let answer = self.send(Method::POST, path, Some(body), "application/json").await?;
        answer.json().await.with_context(|| format!("the answer of {path} does not read"))
    }

    /// Sends bytes of this kind, and gives the answer if it is a good one.
    ///
    /// # Errors
    /// The same.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        media: &str,
    ) -> anyhow::Result<Response> {
        let server = self.server.trim_end_matches('/');
        rota_crm::outbound::install_tls();
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        let mut request = client.request(method, format!("{server}{path}"));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.trim());
        }
        if let Some(tenant) = &self.tenant {
            request = request.header(TENANT, tenant);
        }
        if let Some(body) = body {
            request = request.header(reqwest::header::CONTENT_TYPE, media).body(body);
        }
        let answer = request.send().await.map_err(|error| Unreachable {
            server: server.to_owned(),
            why: if error.is_timeout() { "no answer came".into() } else { error.without_url().to_string() },
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let problem: Value = answer.json().await.unwrap_or_default();
        match (problem["detail"].as_str(), problem["mend"].as_str()) {
            (Some(detail), Some(mend)) => anyhow::bail!("{detail} {mend}"),
            _ => anyhow::bail!("{server} answered {status} to {path}: is it Rota that listens there?"),
        }
    }
}
