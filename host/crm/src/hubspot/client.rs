//! The transport: one HTTP call at HubSpot's pace, and what came of it. The way out is
//! `outbound`'s.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use rota_domain::delivery::Trouble;
use rota_flow::ports::CrmError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::api::ApiStyle;
use super::errors::{Failure, Intent};
use super::limit::{Limit, Said, TooLong};
use super::{Config, LONGEST_TIMEOUT, Paces};
use crate::outbound::{self, Chain, Unread};

/// A hundred records with long texts are some megabytes.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// An account's API.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    api: ApiStyle,
    authorization: HeaderValue,
    limit: Arc<Limit>,
    timeout: Duration,
}

/// The calls that one call of the port makes. After `until` it begins no more, so that all
/// of it ends within two time-outs, which is the lease.
pub(super) struct Errand<'a> {
    client: &'a Client,
    until: Instant,
}

/// One HTTP call.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Value>,
    pub(super) intent: Intent,
    /// What is being done, for people, such as `reading 3 contacts`.
    pub(super) about: &'a str,
}

impl Client {
    pub(super) fn new(config: Config, paces: &Paces) -> Result<Self, CrmError> {
        let refuse = |detail: String| CrmError { trouble: Trouble::Rejected, detail };
        let timeout = config.timeout.min(LONGEST_TIMEOUT);
        let (http, base) = config.reach.client(&config.base_url, timeout).map_err(|refused| {
            refuse(format!(
                "base_url of connection `{}`: {refused}; HubSpot's is {}",
                config.connection,
                super::PUBLIC_URL
            ))
        })?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", config.token.expose())).map_err(|_| {
            refuse(format!(
                "the token of connection `{}` has characters that no token has: set it anew",
                config.connection
            ))
        })?;
        authorization.set_sensitive(true);
        let limit = paces.of(&base, &config.token, config.burst);
        Ok(Self { http, base, api: config.api, authorization, limit, timeout })
    }

    /// Begins an errand now.
    pub(super) fn errand(&self) -> Errand<'_> {
        Errand { client: self, until: Instant::now() + self.timeout }
    }
}

impl Errand<'_> {
    /// The address of `rest` below a kind of records.
    pub(super) fn object(&self, object: &str, rest: &[&str]) -> Url {
        self.client.api.object(&self.client.base, object, rest)
    }

    /// The address of the batch read of associations.
    pub(super) fn associations(&self, from: &str, to: &str) -> Url {
        self.client.api.associations(&self.client.base, from, to)
    }

    /// The address of the owners.
    pub(super) fn owners(&self) -> Url {
        self.client.api.owners(&self.client.base)
    }

    /// The address of the definitions of a kind's properties.
    pub(super) fn properties(&self, object: &str) -> Url {
        self.client.api.properties(&self.client.base, object)
    }

    /// The address of the account itself.
    pub(super) fn account(&self) -> Url {
        self.client.api.account(&self.client.base)
    }

    /// A batch or another body sent with POST.
    pub(super) async fn post<T>(&self, url: Url, body: Value, intent: Intent, about: &str) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        self.call(Call { method: Method::POST, url, body: Some(body), intent, about }).await
    }

    /// Makes a call and reads its answer.
    pub(super) async fn call<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Failure> {
        let Call { intent, about, .. } = call;
        let client = self.client;
        let permit =
            client.limit.acquire(self.until).await.map_err(|TooLong { wait }| Failure::no_leave(about, wait))?;
        let method = call.method.clone();
        let path = call.url.path().to_owned();
        let began = Instant::now();
        let mut request =
            client.http.request(call.method, call.url).header(AUTHORIZATION, client.authorization.clone());
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let outcome = request.send().await;
        let response = outcome.map_err(|wrong| failed(&wrong, intent, about))?;
        let (status, headers) = (response.status(), response.headers().clone());
        client.limit.learn(&permit, said(&headers));
        let body = read(response, intent, about).await;
        drop(permit);
        let (code, elapsed_ms) = (status.as_u16(), began.elapsed().as_millis());
        tracing::debug!(%method, path, status = code, elapsed_ms, "HubSpot answered");
        if !status.is_success() {
            let failure = Failure::answered(about, status.as_u16(), &headers, &body.unwrap_or_default());
            if let Trouble::RateLimited { retry_after_ms } = failure.error.trouble {
                client.limit.empty(retry_after_ms.map(Duration::from_millis));
            }
            return Err(failure);
        }
        serde_json::from_slice(&body?).map_err(|wrong| {
            Failure::lost(about, intent, &format!("HubSpot answered {status} with a body that does not read: {wrong}"))
        })
    }
}

/// Reads the whole body, if it is not too long.
async fn read(response: Response, intent: Intent, about: &str) -> Result<Vec<u8>, Failure> {
    outbound::body(response, MAX_ANSWER_BYTES).await.map_err(|unread| match unread {
        Unread::Broken(wrong) => failed(&wrong, intent, about),
        Unread::TooLong(most) => Failure::lost(about, intent, &format!("HubSpot's answer is longer than {most} bytes")),
    })
}

fn failed(wrong: &reqwest::Error, intent: Intent, about: &str) -> Failure {
    if wrong.is_connect() {
        return Failure::unsent(about, &format!("HubSpot could not be reached: {}", Chain(wrong)));
    }
    if wrong.is_builder() {
        return Failure::unsent(about, &format!("the request could not be made: {}", Chain(wrong)));
    }
    let what = if wrong.is_timeout() { "no answer came in time" } else { "the connection broke before the answer" };
    Failure::lost(about, intent, &format!("{what}: {}", Chain(wrong)))
}

fn said(headers: &HeaderMap) -> Said {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
    Said {
        max: number("x-hubspot-ratelimit-max"),
        window: number("x-hubspot-ratelimit-interval-milliseconds").map(|ms| Duration::from_millis(ms.into())),
        remaining: number("x-hubspot-ratelimit-remaining"),
    }
}
