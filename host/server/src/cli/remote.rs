//! A server that a command talks to over HTTP: where it is, who asks, and what its refusals
//! mean to a person.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long a server may take to be there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take: a component is compiled and accounts are asked meanwhile.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The server where none is named: where `rota serve` listens by itself.
const HERE: &str = "http://127.0.0.1:8080";

/// Which server, and as whom.
#[derive(Clone, clap::Args)]
pub(super) struct Remote {
    /// The server [default: http://127.0.0.1:8080].
    #[arg(long, value_name = "URL", env = "ROTA_SERVER")]
    pub(super) server: Option<String>,
    /// The token to show it; better given by the environment than as an argument.
    #[arg(long, value_name = "TOKEN", env = "ROTA_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    /// Which tenant, where the token is the host operator's or a database has several.
    #[arg(long, value_name = "NAME", env = "ROTA_TENANT")]
    pub(super) tenant: Option<String>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("server", &self.url()).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// The server did not answer at all.
#[derive(Debug, thiserror::Error)]
#[error("the server {server} cannot be reached ({why}): start it, or name another one with --server URL")]
pub(super) struct Unreachable {
    server: String,
    why: String,
}

/// What the server refused, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{detail} {mend}")]
pub(super) struct Refused {
    /// The HTTP status.
    pub(super) status: u16,
    /// What happened.
    pub(super) detail: String,
    /// What to do.
    pub(super) mend: String,
    /// The whole problem, with what else it says.
    pub(super) body: Value,
}

impl Remote {
    /// Where the server is.
    fn url(&self) -> &str {
        self.server.as_deref().unwrap_or(HERE).trim_end_matches('/')
    }

    /// Reads something.
    ///
    /// # Errors
    /// [`Unreachable`], [`Refused`], or an answer that does not read.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        read(self.send(Method::GET, path, None, "").await?).await
    }

    /// Sends something as JSON.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body)?;
        read(self.send(Method::POST, path, Some(body), "application/json").await?).await
    }

    /// Sends any request, and gives its answer if that is no refusal.
    ///
    /// # Errors
    /// [`Unreachable`] or [`Refused`].
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        media: &str,
    ) -> anyhow::Result<reqwest::Response> {
        rota_crm::outbound::install_tls();
        let client = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build()?;
        let url = format!("{}{path}", self.url());
        let mut request = client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Rota-Tenant", tenant);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, media).body(body);
        }
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        let said = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let (detail, mend) = match body["detail"].is_string() {
            true => (said("detail"), said("mend")),
            false => (format!("{} answered {status}.", self.url()), "Name a Rota server with --server URL.".into()),
        };
        let detail = body["errors"].as_array().into_iter().flatten().fold(detail, |told, error| {
            let line = error["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
            let (file, reason) = (error["file"].as_str(), error["reason"].as_str());
            format!("{told}\n  {}{line}: {}\n", file.unwrap_or_default(), reason.unwrap_or_default())
        });
        Err(Refused { status: status.as_u16(), detail, mend, body }.into())
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Unreachable { server: self.url().to_owned(), why: innermost.to_string() }.into()
    }
}

async fn read<T: DeserializeOwned>(answer: reqwest::Response) -> anyhow::Result<T> {
    let text = answer.text().await.context("the answer broke off; try again")?;
    serde_json::from_str(&text)
        .context("the server's answer does not read: it may be of another version than this command")
}
