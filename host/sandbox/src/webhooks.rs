//! Sends webhooks: gathers events for a moment, posts them in batches, tries again what failed and
//! gives up in the end. Order is not promised, and an event may come more than once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::sync::{Notify, Semaphore, watch};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::events::Event;
use crate::faults::{FaultKind, Faults};
use crate::lock::lock;
use crate::seed::WebhookSettings;
use crate::signature;

/// The most events in one request.
const MAX_BATCH: usize = 100;
/// How long an event is held back so that later ones overtake it.
const HELD_BACK_MS: std::ops::RangeInclusive<u64> = 20..=300;
/// The header says ten seconds although the documentation says five; so does the CRM.
const ANNOUNCED_TIMEOUT_MS: &str = "10000";
const USER_AGENT: &str = "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client) - WebhooksExecutorDaemon-executor";

/// How many events went where. `created + duplicated` is always
/// `delivered + pending + given_up`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    /// Events that changes caused.
    created: u64,
    /// Copies that a fault added.
    duplicated: u64,
    /// Events answered with 2xx.
    delivered: u64,
    /// Events still to be sent or to be sent again.
    pending: u64,
    /// Events whose retries are used up.
    given_up: u64,
    /// Requests that failed.
    failed_attempts: u64,
}

/// The sender of webhooks.
pub(crate) struct Webhooks {
    settings: WebhookSettings,
    secret: String,
    target: watch::Sender<Option<reqwest::Url>>,
    gathered: Mutex<Vec<Event>>,
    more: Notify,
    in_flight: Semaphore,
    counts: Mutex<Counts>,
    client: reqwest::Client,
    clock: Arc<Clock>,
    chance: Arc<Chance>,
    faults: Arc<Faults>,
    stop: watch::Receiver<bool>,
}

impl Webhooks {
    pub(crate) fn new(
        settings: WebhookSettings,
        secret: String,
        faults: Arc<Faults>,
        (clock, chance): (Arc<Clock>, Arc<Chance>),
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let in_flight = usize::try_from(settings.max_in_flight.max(1))?;
        Ok(Self {
            client: client(Duration::from_millis(settings.timeout_ms))?,
            target: watch::Sender::new(None),
            gathered: Mutex::default(),
            more: Notify::new(),
            in_flight: Semaphore::new(in_flight),
            counts: Mutex::default(),
            settings,
            secret,
            clock,
            chance,
            faults,
            stop,
        })
    }

    /// Where webhooks go from now on, retries included.
    pub(crate) fn set_target(&self, url: &str) -> anyhow::Result<()> {
        let url = reqwest::Url::parse(url)
            .with_context(|| format!("the webhook target `{url}` is no URL; give http://host:port/path"))?;
        if !["http", "https"].contains(&url.scheme()) {
            bail!("the webhook target `{url}` is not on HTTP; give http://host:port/path");
        }
        self.target.send_replace(Some(url));
        Ok(())
    }

    pub(crate) fn target(&self) -> Option<String> {
        self.target.borrow().as_ref().map(ToString::to_string)
    }

    pub(crate) fn counts(&self) -> Counts {
        *lock(&self.counts)
    }

    /// Takes events to be sent soon.
    pub(crate) fn send(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        self.count(|counts| {
            counts.created += events.len() as u64;
            counts.pending += events.len() as u64;
        });
        lock(&self.gathered).extend(events);
        self.more.notify_one();
    }

    /// Sends what is gathered, until the double stops.
    pub(crate) async fn run(self: Arc<Self>) {
        let sender = Arc::clone(&self);
        self.until_stopped(async move {
            loop {
                sender.more.notified().await;
                sender.clock.sleep(Duration::from_millis(sender.settings.gather_ms)).await;
                let events = std::mem::take(&mut *lock(&sender.gathered));
                sender.dispatch(events);
            }
        })
        .await;
    }

    fn dispatch(self: &Arc<Self>, events: Vec<Event>) {
        let mut batch = Vec::with_capacity(events.len());
        for event in events {
            if self.faults.webhook(FaultKind::WebhookDuplicate) {
                self.count(|counts| {
                    counts.duplicated += 1;
                    counts.pending += 1;
                });
                self.spawn(vec![event.clone()], self.chance.between(HELD_BACK_MS));
            }
            if self.faults.webhook(FaultKind::WebhookDisorder) {
                self.spawn(vec![event], self.chance.between(HELD_BACK_MS));
            } else {
                batch.push(event);
            }
        }
        for batch in batch.chunks(MAX_BATCH) {
            self.spawn(batch.to_vec(), 0);
        }
    }

    fn spawn(self: &Arc<Self>, batch: Vec<Event>, held_back_ms: u64) {
        let sender = Arc::clone(self);
        tokio::spawn(async move {
            let delivery = async {
                if held_back_ms > 0 {
                    sender.clock.sleep(Duration::from_millis(held_back_ms)).await;
                }
                sender.deliver(batch).await;
            };
            sender.until_stopped(delivery).await;
        });
    }

    async fn deliver(&self, mut batch: Vec<Event>) {
        let events = batch.len() as u64;
        for attempt in 0..=self.settings.max_retries {
            if attempt > 0 {
                self.clock.sleep(self.retry_delay(attempt)).await;
            }
            for event in &mut batch {
                event.attempt_number = attempt;
            }
            match self.post(&batch).await {
                Ok(()) => {
                    return self.count(|counts| {
                        counts.delivered += events;
                        counts.pending -= events;
                    });
                }
                Err(cause) => {
                    self.count(|counts| counts.failed_attempts += 1);
                    tracing::debug!(attempt, events, %cause, "A webhook delivery failed");
                }
            }
        }
        tracing::warn!(events, "A webhook delivery was given up; its events are lost to the receiver");
        self.count(|counts| {
            counts.given_up += events;
            counts.pending -= events;
        });
    }

    /// Grows by half from one retry to the next up to the longest, and is spread by half to either side.
    fn retry_delay(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt - 1).unwrap_or(i32::MAX);
        let grown_ms = self.settings.retry_base_ms as f64 * 1.5_f64.powi(exponent);
        let middle_ms = grown_ms.min(self.settings.retry_longest_ms as f64);
        let spread = self.chance.between(500..=1_500) as f64 / 1_000.0;
        Duration::try_from_secs_f64(middle_ms * spread / 1_000.0).unwrap_or(Duration::MAX)
    }

    async fn post(&self, batch: &[Event]) -> anyhow::Result<()> {
        let target = self.awaited_target().await?;
        let _permit = self.in_flight.acquire().await?;
        let body = serde_json::to_vec(batch)?;
        let timestamp_ms = self.clock.now_ms();
        let uri = signature::signed_uri(target.as_str(), self.settings.signed_uri);
        let request = self
            .client
            .post(target)
            .header("content-type", "application/json")
            .header("user-agent", USER_AGENT)
            .header("x-hubspot-request-timestamp", timestamp_ms.to_string())
            .header("x-hubspot-signature", signature::v1(&self.secret, &body))
            .header("x-hubspot-signature-version", "v1")
            .header("x-hubspot-signature-v3", signature::v3(&self.secret, "POST", &uri, &body, timestamp_ms))
            .header("x-hubspot-timeout-millis", ANNOUNCED_TIMEOUT_MS)
            .body(body);
        let status = request.send().await?.status();
        if !status.is_success() {
            bail!("the receiver answered {status}");
        }
        if self.faults.webhook(FaultKind::WebhookLostAck) {
            bail!("the answer {status} was lost by a fault");
        }
        Ok(())
    }

    /// The target, as soon as there is one: a receiver may start after the double.
    async fn awaited_target(&self) -> anyhow::Result<reqwest::Url> {
        let mut target = self.target.subscribe();
        let known = target.wait_for(Option::is_some).await?;
        known.clone().context("the target is gone")
    }

    async fn until_stopped(&self, work: impl Future<Output = ()>) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|stopped| *stopped) => {}
        }
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut lock(&self.counts));
    }
}

fn client(timeout: Duration) -> anyhow::Result<reqwest::Client> {
    // The process may have chosen a provider already; then this one is not needed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let redirect = reqwest::redirect::Policy::none();
        reqwest::Client::builder().timeout(timeout).redirect(redirect).no_proxy()
    };
    // A machine without root certificates can still have webhooks over plain HTTP.
    let client = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    client.context("the webhook sender could not be set up")
}
