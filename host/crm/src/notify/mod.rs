//! Messages to destinations: a signed webhook for each, as Standard Webhooks describes them.
//!
//! A message is delivered at least once. It has the same `webhook-id` and the same body each
//! time, so that a receiver knows a repeat by its id.

mod sign;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use rota_domain::decision::Offered;
use rota_domain::delivery::Trouble;
use rota_domain::effect::{About, Act, Effect};
use rota_domain::id::{DecisionId, EffectId, LeadId};
use rota_flow::ports::{Carrier, Clock, CrmError, Delivered};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Secret;
use crate::outbound::{self, Chain, Reach};
use sign::Key;

/// How many messages are under way to one destination at a time.
const AT_ONCE: usize = 8;
/// What an answer says is read so far, and only to know that it ended.
const ANSWER_MOST: usize = 64 << 10;
/// How long one message may take, and for how long a round begins new ones. Twice this is less
/// than the lease.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether messages can be signed with this.
///
/// # Errors
/// What such a secret has to look like; never the secret.
pub fn can_sign(secret: &Secret) -> Result<(), String> {
    Key::read(secret).map(drop)
}

/// Where a destination is, and what is needed to reach it.
pub struct Config {
    /// Its name in the workspace.
    pub destination: String,
    /// Where it listens.
    pub url: String,
    /// What its messages are signed with.
    pub secret: Secret,
    /// Whom it may be.
    pub reach: Reach,
    /// How long one message may take.
    pub timeout: Duration,
    /// The time that stands in signatures.
    pub clock: Arc<dyn Clock>,
    /// Makes the links of offers.
    pub links: Arc<dyn Links>,
}

/// Makes links with which reps take leads that they are asked to take.
#[async_trait]
pub trait Links: Send + Sync {
    /// The link of this rep, the same each time.
    ///
    /// # Errors
    /// Why none can be made now.
    async fn link(&self, decision: &DecisionId, lead: &LeadId, asked: &Offered) -> Result<String, String>;
}

/// A destination of messages.
pub struct Webhook(Arc<Inner>);

struct Inner {
    destination: String,
    client: Client,
    url: Url,
    key: Key,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    links: Arc<dyn Links>,
    places: Semaphore,
}

impl Webhook {
    /// Prepares to send; nothing is sent yet.
    ///
    /// # Errors
    /// When the address is none that may be reached, or the secret is none: which, and what
    /// to do.
    pub fn new(config: Config) -> Result<Self, CrmError> {
        let Config { destination, url, secret, reach, timeout, clock, links } = config;
        let refuse = |detail: String| CrmError { trouble: Trouble::Rejected, detail };
        let timeout = timeout.min(TIMEOUT);
        let (client, url) = reach
            .client(&url, timeout)
            .map_err(|refused| refuse(format!("the url of destination `{destination}`: {refused}")))?;
        let key = Key::read(&secret)
            .map_err(|why| refuse(format!("the secret of destination `{destination}` cannot be used: {why}")))?;
        let places = Semaphore::new(AT_ONCE);
        Ok(Self(Arc::new(Inner { destination, client, url, key, timeout, clock, links, places })))
    }
}

#[async_trait]
impl Carrier for Webhook {
    async fn deliver(&self, effects: &[(Effect, u32)]) -> Vec<(EffectId, Result<Delivered, CrmError>)> {
        let until = Instant::now() + self.0.timeout;
        let mut under_way = JoinSet::new();
        for (effect, _) in effects {
            let (inner, effect) = (self.0.clone(), effect.clone());
            under_way.spawn(async move {
                let outcome = inner.send(&effect, until).await;
                (effect.id, outcome.map(|()| Delivered::Done))
            });
        }
        let mut settled = Vec::with_capacity(effects.len());
        // One that ended badly is not among the answers, and counts as unknown.
        while let Some(ended) = under_way.join_next().await {
            settled.extend(ended.ok());
        }
        settled
    }
}

impl Inner {
    async fn send(&self, effect: &Effect, until: Instant) -> Result<(), CrmError> {
        let Act::Notify { destination, message, about } = &effect.act else {
            return Err(self.error(Trouble::Rejected, "it is no message to a destination; nothing was sent"));
        };
        if *destination != self.destination {
            return Err(self.error(Trouble::Rejected, &format!("the message is for `{destination}`; nothing was sent")));
        }
        let place = tokio::time::timeout_at(until, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            let later = Trouble::RateLimited { retry_after_ms: Some(1) };
            return Err(self.error(later, "no time is left for it in this round; nothing was sent"));
        };
        let link = match &about.offered {
            Some(asked) => self.links.link(&about.decision, &about.lead, asked).await.map(Some),
            None => Ok(None),
        };
        let no_link =
            |why| self.error(Trouble::Unavailable, &format!("no link can be made now: {why}; nothing was sent"));
        let payload = payload(message, about, link.map_err(no_link)?.as_deref());
        let id = effect.id.as_str();
        let timestamp = self.clock.now().as_second();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.key.sign(id, timestamp, &payload))
            .body(payload);
        // Receivers have secrets in their paths: an error names the host, and no path.
        let answer = request.send().await.map_err(|wrong| self.failed(&wrong.without_url()))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        // Whatever else it says, the status has been heard.
        let _ = outbound::body(answer, ANSWER_MOST).await;
        self.answered(status, &headers)
    }

    fn answered(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), CrmError> {
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        let retry_after_ms = seconds.map(|seconds| seconds.saturating_mul(1_000));
        let (trouble, next) = match status.as_u16() {
            200..=299 => return Ok(()),
            410 => (Trouble::NotFound, "it wants no more messages: take it out of the workspace, or mend it and retry"),
            429 => (Trouble::RateLimited { retry_after_ms }, "everything for it waits"),
            503 if retry_after_ms.is_some() => (Trouble::RateLimited { retry_after_ms }, "everything for it waits"),
            500.. => (Trouble::Unavailable, "it is out of order; it is tried again"),
            300..=399 => {
                (Trouble::Deferred, "redirects are not followed: set its url to where it is; it is tried again")
            }
            _ => (Trouble::Deferred, "it refuses the message; it is tried again"),
        };
        Err(self.error(trouble, &format!("it answered {}; {next}", status.as_u16())))
    }

    fn failed(&self, wrong: &reqwest::Error) -> CrmError {
        if wrong.is_connect() {
            let detail = format!("it could not be reached: {}; nothing was sent", Chain(wrong));
            return self.error(Trouble::Unavailable, &detail);
        }
        let what = if wrong.is_timeout() { "no answer came in time" } else { "the connection broke" };
        self.error(Trouble::Unknown, &format!("{what}; it may have got the message, and is sent it again"))
    }

    fn error(&self, trouble: Trouble, what: &str) -> CrmError {
        CrmError { trouble, detail: format!("destination `{}`: {what}", self.destination) }
    }
}

/// The body: the same however often it is sent.
fn payload(message: &str, about: &About, link: Option<&str>) -> Vec<u8> {
    let About { decision, at, lead, flow, outcome, rep, owner, queue, offered, class, urgency } = about;
    let offered = offered.as_ref().map(|asked| json!({ "rep": asked.rep, "until": asked.until, "link": link }));
    let data = json!({
        "decision": decision, "lead": lead, "flow": flow, "outcome": outcome,
        "rep": rep, "owner": owner, "queue": queue, "offered": offered, "class": class, "urgency": urgency, "message": message,
    });
    json!({ "type": "lead.decided", "timestamp": at, "data": data }).to_string().into_bytes()
}
