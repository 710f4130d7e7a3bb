//! Webhooks as the double sends them: their signature and their events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rota_crm::{Secret, hubspot};
use rota_sandbox::{Seed, Subscription};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::{Account, CLIENT_SECRET};

#[tokio::test]
async fn a_webhook_of_the_double_is_verified_and_becomes_an_arrival() {
    let creation = "contact.creation".into();
    let subscriptions = vec![Subscription { subscription_type: creation, property_name: None, object_type_id: None }];
    let seed = Seed { subscriptions, ..Seed::default() };
    let account = Account::open(seed).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The escapes make sure that the signed form of the address is known.
    let url = format!("http://{}/hook%2Fhs?a=%20b", listener.local_addr().unwrap());
    account.sandbox.set_target(&url).unwrap();
    let created = account.http.post(account.control("contacts")).json(&json!({"properties": {"city": "Bonn"}})).send();
    let (request, created) = tokio::join!(request(&listener), created);
    let created: Value = created.unwrap().json().await.unwrap();
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    let signed = hubspot::Signed {
        method: "POST",
        body: &request.body,
        v3: header("x-hubspot-signature-v3"),
        timestamp: header("x-hubspot-request-timestamp"),
        v1: header("x-hubspot-signature"),
        version: header("x-hubspot-signature-version"),
    };
    let now = Timestamp::from_millisecond(signed.timestamp.unwrap().parse().unwrap()).unwrap();
    let verify = |secret: &str| hubspot::verify(&signed, &url, &Secret::new(secret), now, hubspot::Allow::V3);
    assert_eq!(verify(CLIENT_SECRET), Ok(()));
    assert_eq!(verify("another secret"), Err(hubspot::Refusal::Mismatch));
    let received = hubspot::parse(&request.body).unwrap();
    let events = &received.portals[&62_515_001];
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].object.as_str(), events[0].trigger), ("contact", "created"));
    assert_eq!(json!(events[0].record), created["ids"][0]);
}

/// A request as it came over the wire.
struct Request {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Takes one request and answers it with 204.
async fn request(listener: &TcpListener) -> Request {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => drop(headers.insert(name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    Request { headers, body }
}
