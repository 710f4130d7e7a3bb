//! A receiver of Standard Webhooks: it checks signatures by itself, keeps what came, and
//! answers as it is told.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::lock::lock;

/// A message that came.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its `webhook-id`.
    pub id: String,
    /// Its `webhook-timestamp`.
    pub timestamp: i64,
    /// Whether its signature is right.
    pub verified: bool,
    /// Its body; null where that is no JSON.
    pub body: serde_json::Value,
}

/// An answer in place of 200.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// Seconds in a `Retry-After`.
    pub retry_after_s: Option<u32>,
}

/// A running receiver; it stops when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

struct Inner {
    key: Vec<u8>,
    messages: Mutex<Vec<Message>>,
    refusals: Mutex<VecDeque<Refusal>>,
}

/// Starts a receiver of messages that are signed with this secret.
pub async fn receive(secret: &str) -> anyhow::Result<Receiver> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret))?;
    let inner = Arc::new(Inner { key, messages: Mutex::default(), refusals: Mutex::default() });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/hook", post(take)).with_state(Arc::clone(&inner));
    let server = tokio::spawn(async move {
        // An error means that it was dropped.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(Receiver { address, inner, server })
}

impl Receiver {
    /// The URL that takes messages.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What came, in its order, refused ones too.
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.inner.messages).clone()
    }

    /// Refuses the next messages so, one each.
    pub fn refuse(&self, refusals: impl IntoIterator<Item = Refusal>) {
        lock(&self.inner.refusals).extend(refusals);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (id, timestamp, signatures) = (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"));
    let verified = signatures.split(' ').any(|one| genuine(&inner.key, &id, &timestamp, &body, one));
    lock(&inner.messages).push(Message {
        id,
        timestamp: timestamp.parse().unwrap_or_default(),
        verified,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let Some(Refusal { status, retry_after_s }) = lock(&inner.refusals).pop_front() else {
        return StatusCode::OK.into_response();
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = status.into_response();
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn genuine(key: &[u8], id: &str, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Some(given) = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok()) else { return false };
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(&given).is_ok()
}
