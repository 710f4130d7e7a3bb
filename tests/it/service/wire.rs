//! Callers who speak HTTP by hand, as slowly or as badly as a test wants.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rota::clock::SystemClock;
use rota_flow::ports::Clock as _;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection.
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) async fn open(to: SocketAddr) -> Self {
        Self(TcpStream::connect(to).await.expect("a connection"))
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("it is sent");
    }

    /// Reads until this has come.
    pub(super) async fn until(&mut self, text: &str) {
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(text) {
            all.push(self.0.read_u8().await.expect("there is more"));
        }
    }

    /// Everything that comes until the server ends the connection, whichever way.
    pub(super) async fn rest(mut self) -> String {
        let mut all = Vec::new();
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = self.0.read(&mut part).await {
            all.extend_from_slice(&part[..length]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// A `POST` of this text, cut before its last byte, which is the second part.
pub(super) fn halves(path: &str, headers: &str, body: &str) -> (String, String) {
    let (first, last) = body.split_at(body.len() - 1);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: rota\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    (head + first, last.to_owned())
}

/// The path of the app's webhooks.
pub(super) const HOOK: &str = "/v1/hubspot/main/webhook";

/// New contacts of these numbers, each of a portal.
pub(super) fn created(contacts: &[(u64, u32)]) -> String {
    contacts.iter().map(|contact| event("contact.creation", *contact)).collect::<Value>().to_string()
}

/// What became of a contact of a portal, in a webhook's words.
pub(super) fn event(what: &str, (portal, id): (u64, u32)) -> Value {
    json!({"eventId": id, "subscriptionId": 1, "portalId": portal, "appId": 7, "occurredAt": 1_769_081_993_375_u64,
           "subscriptionType": what, "attemptNumber": 0, "objectId": id})
}

/// The headers of a webhook with this body, which are signed as the CRM does it.
pub(super) fn signature(url: &str, body: &str) -> [(&'static str, String); 2] {
    let at = SystemClock.now().as_millisecond().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("a key");
    for part in ["POST", url, HOOK, body, &at] {
        mac.update(part.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    [("x-hubspot-signature-v3", signature), ("x-hubspot-request-timestamp", at)]
}
