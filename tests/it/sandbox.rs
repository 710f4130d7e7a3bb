//! The CRM double over real HTTP: that it behaves as HubSpot does, fails as asked, and tells the
//! truth about both.

mod access;
mod batches;
mod control;
mod faults;
mod records;
mod relations;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use rota_sandbox::{Options, Sandbox, Seed, WebhookSettings, start};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONTACTS: &str = "/crm/v3/objects/contacts";
const ADA: &str = "41629779";

/// A running double and a client that has its token.
struct Crm {
    sandbox: Sandbox,
    client: reqwest::Client,
}

async fn crm(seed: Seed) -> Crm {
    let options = Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        target: None,
        seed,
        client_secret: "secret".to_owned(),
    };
    // The client comes second: the double has chosen the TLS provider that both need.
    let sandbox = start(options).await.expect("the double starts");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    Crm { sandbox, client }
}

impl Crm {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.sandbox.address());
        self.client.request(method, url).bearer_auth("pat-sandbox")
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, path)).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request(method, path).json(&body)).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, body).await
    }

    /// A contact made by a person; its id.
    async fn contact(&self, properties: Value) -> String {
        let (status, body) = self.post("/_sandbox/contacts", json!({"properties": properties})).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body["ids"][0].as_str().expect("an id").to_owned()
    }

    async fn company(&self, name: &str) -> String {
        let (_, body) = self.post("/_sandbox/companies", json!({"properties": {"name": name}})).await;
        body["ids"][0].as_str().expect("an id").to_owned()
    }

    async fn faults(&self, faults: Value) {
        let (status, body) = self.post("/_sandbox/faults", faults).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    async fn state(&self) -> Value {
        self.get("/_sandbox/state").await.1
    }

    /// Waits until a webhook count is at least this.
    async fn webhooks(&self, count: &str, at_least: u64) -> Value {
        for _ in 0..500 {
            let counts = self.state().await["webhooks"].take();
            if counts[count].as_u64() >= Some(at_least) {
                return counts;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("`{count}` never reached {at_least}: {}", self.state().await["webhooks"]);
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// A receiver of webhooks that answers with the statuses it is given, then with 200.
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    busiest: Arc<Mutex<(usize, usize)>>,
}

impl Receiver {
    async fn answering(mut statuses: Vec<u16>, after_ms: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let busiest = Arc::new(Mutex::new((0, 0)));
        let (kept, busy) = (Arc::clone(&requests), Arc::clone(&busiest));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
                tokio::spawn(receive(stream, status, after_ms, Arc::clone(&kept), Arc::clone(&busy)));
            }
        });
        Self { url, requests, busiest }
    }

    fn requests(&self) -> Vec<(String, Value)> {
        self.requests.lock().expect("no panic").clone()
    }

    fn events(&self) -> Vec<Value> {
        let bodies = self.requests().into_iter().map(|(_, body)| body);
        bodies.flat_map(|body| body.as_array().cloned().expect("a JSON array")).collect()
    }
}

async fn receive(
    mut stream: TcpStream,
    status: u16,
    after_ms: u64,
    kept: Arc<Mutex<Vec<(String, Value)>>>,
    busy: Arc<Mutex<(usize, usize)>>,
) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some(end) = text.find("\r\n\r\n") else {
            continue;
        };
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let length: usize = length.expect("a length").parse().expect("digits");
        if bytes.len() >= end + 4 + length {
            break (text[..end].to_owned(), bytes[end + 4..].to_vec());
        }
    };
    kept.lock().expect("no panic").push((head, serde_json::from_slice(&body).expect("JSON")));
    {
        let mut busy = busy.lock().expect("no panic");
        busy.0 += 1;
        busy.1 = busy.1.max(busy.0);
    }
    tokio::time::sleep(Duration::from_millis(after_ms)).await;
    busy.lock().expect("no panic").0 -= 1;
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn quick() -> Seed {
    Seed { webhooks: WebhookSettings { retry_base_ms: 1, ..WebhookSettings::default() }, ..Seed::default() }
}
