//! What a server grants one caller, and that the others notice nothing of it.

use std::collections::BTreeMap;
use std::time::Duration;

use rota::compose::Serving;
use rota_domain::access::Role;
use rota_domain::plan::{Plan as Granted, Plans};
use rota_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::wire::{HOOK, Wire, created, event, halves, signature};
use super::{Service, connection, double, plan, workspace};

/// A server for `acme` with this plan and `other` with the usual one, each with a CRM of its
/// own: the portals 1 and 2.
async fn two(granted: Granted, serving: Serving) -> (Service, [Sandbox; 2]) {
    let doubles = [double(1).await, double(2).await];
    let folder = tempfile::tempdir().expect("a folder");
    let workspaces = [workspace("acme", &connection(&doubles[0], 1)), workspace("other", &connection(&doubles[1], 2))];
    let mut plan = plan(folder.path(), &workspaces);
    plan.plans = Plans { tenants: BTreeMap::from([("acme".into(), granted)]), named: BTreeMap::new() };
    (Service::serving(folder, plan, serving).await, doubles)
}

async fn usual(serving: Serving) -> (Service, [Sandbox; 2]) {
    two(Granted::default(), serving).await
}

/// How many leads a tenant has, once none waits any more: a lead on its way from the inbox to
/// the log would be missed, or counted twice.
async fn leads(service: &Service, tenant: &str) -> usize {
    let tenant = tenant.into();
    while service.host.store.backlog(&tenant).await.expect("a backlog").0 > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    service.host.store.log(&tenant, 0, 1000).await.expect("the log").len()
}

/// Sends a webhook about new contacts: status, `Retry-After`, body.
pub(super) async fn hook(service: &Service, contacts: &[(u64, u32)]) -> (u16, Option<u64>, Value) {
    hook_of(service, created(contacts)).await
}

/// The same for a webhook of this body.
pub(super) async fn hook_of(service: &Service, body: String) -> (u16, Option<u64>, Value) {
    let mut request = service.client.post(format!("{}{HOOK}", service.url)).header("content-type", "application/json");
    for (name, value) in signature(&service.url, &body) {
        request = request.header(name, value);
    }
    let answer = request.body(body).send().await.expect("an answer");
    let after =
        answer.headers().get("retry-after").map(|value| value.to_str().expect("text").parse().expect("seconds"));
    (answer.status().as_u16(), after, answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_over_its_leads_a_minute_is_refused_before_anything_of_it_is_stored_and_others_are_not() {
    let granted = Granted { leads_per_minute: Some(2), ..Granted::default() };
    let (service, _doubles) = two(granted, Serving::default()).await;
    let (status, _, receipt) = hook(&service, &[(1, 11), (1, 12), (2, 21)]).await;
    assert_eq!((status, &receipt["accepted"]), (200, &json!(3)));
    let (status, after, problem) = hook(&service, &[(1, 13), (2, 22)]).await;
    assert_eq!((status, &problem["type"]), (429, &json!("urn:rota:problem:busy")), "{problem}");
    assert!(after.is_some_and(|seconds| (1..=30).contains(&seconds)), "{after:?}");
    assert_eq!(leads(&service, "acme").await, 2);
    assert_eq!(leads(&service, "other").await, 2);
    let (status, _, receipt) = hook(&service, &[(2, 22), (2, 23)]).await;
    assert_eq!((status, &receipt["duplicates"], &receipt["accepted"]), (200, &json!(1), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_taken_in_though_the_leads_of_a_minute_are_used() {
    let granted = Granted { leads_per_minute: Some(2), ..Granted::default() };
    let (service, _doubles) = two(granted, Serving::default()).await;
    assert_eq!(hook(&service, &[(1, 11), (1, 12)]).await.0, 200);
    let erasure = event("contact.privacyDeletion", (1, 11));
    let both = json!([erasure, event("contact.creation", (1, 13))]).to_string();
    assert_eq!(hook_of(&service, both).await.0, 429, "the lead has to come again");
    let (status, _, receipt) = hook_of(&service, json!([erasure]).to_string()).await;
    assert_eq!((status, &receipt["duplicates"]), (200, &json!(1)), "the erasure was taken in beside it");
    let (status, _, receipt) = hook_of(&service, json!([event("contact.privacyDeletion", (1, 12))]).to_string()).await;
    assert_eq!((status, &receipt["accepted"]), (200, &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_beyond_the_most_at_once_is_told_to_come_again_and_another_tenants_is_not() {
    let granted = Granted { calls_at_once: Some(1), ..Granted::default() };
    let (service, _doubles) = two(granted, Serving::default()).await;
    let (token, other) = (service.token("acme", Role::Admin).await, service.token("other", Role::Admin).await);
    let headers = format!("authorization: Bearer {token}\r\n");
    let (first, last) = halves("/v1/tokens", &headers, r#"{"role":"viewer","name":"slow"}"#);
    let (mut slow, refused) = 'slow: loop {
        let mut slow = Wire::open(service.host.address).await;
        slow.send(&first).await;
        // Until the slow one is let in, this one is; then the slow one may have been refused.
        for _ in 0..20 {
            let answer = service.get("/v1/tokens", &token).await;
            if answer.status != 200 {
                break 'slow (slow, answer);
            }
        }
    };
    assert_eq!((refused.status, &refused.body["type"]), (429, &json!("urn:rota:problem:busy")));
    assert!(
        refused.body["detail"].as_str().is_some_and(|detail| detail.starts_with("1 requests of the tenant `acme`"))
    );
    assert_eq!(service.get("/v1/tokens", &other).await.status, 200);
    slow.send(&last).await;
    assert!(slow.rest().await.starts_with("HTTP/1.1 201 "));
    assert_eq!(service.get("/v1/tokens", &token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_gives_its_place_back() {
    let granted = Granted { calls_at_once: Some(1), ..Granted::default() };
    let serving = Serving { body: Duration::from_millis(100), ..Serving::default() };
    let (service, _doubles) = two(granted, serving).await;
    let token = service.token("acme", Role::Admin).await;
    let headers = format!("authorization: Bearer {token}\r\n");
    let (first, _) = halves("/v1/tokens", &headers, r#"{"role":"viewer","name":"slow"}"#);
    let mut slow = Wire::open(service.host.address).await;
    slow.send(&first).await;
    let answer = slow.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("urn:rota:problem:slow-body"), "{answer}");
    assert_eq!(service.get("/v1/tokens", &token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_announced_too_large_is_refused_before_it_is_read() {
    let (service, _doubles) = usual(Serving::default()).await;
    let token = service.token("acme", Role::Admin).await;
    let mut wire = Wire::open(service.host.address).await;
    wire.send(&format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: rota\r\nauthorization: Bearer {token}\r\ncontent-length: 2000000\r\n\r\n"
    ))
    .await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("urn:rota:problem:body-too-large"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_slow_bodies_with_made_up_signatures_keep_no_webhook_out() {
    let (service, _doubles) = usual(Serving { body: Duration::from_secs(600), ..Serving::default() }).await;
    let body = created(&[(1, 11)]);
    let forged = signature("http://elsewhere.example", &body);
    let headers: String = forged.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (first, last) = halves(HOOK, &headers, &body);
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut wire = Wire::open(service.host.address).await;
        wire.send(&first).await;
        slow.push(wire);
        let (status, _, receipt) = hook(&service, &[(2, 20 + u32::try_from(slow.len()).expect("few"))]).await;
        assert_eq!((status, &receipt["accepted"]), (200, &json!(1)), "beside {} slow bodies", slow.len());
    }
    // The first of them had to go, and the last is still waited for.
    let gone = slow.remove(0).rest().await;
    assert!(gone.starts_with("HTTP/1.1 429 "), "{gone}");
    let mut newest = slow.pop().expect("a slow one");
    newest.send(&last).await;
    assert!(newest.rest().await.starts_with("HTTP/1.1 401 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_headers_say_that_it_is_nobodys_is_refused_before_its_body_comes() {
    let (service, _doubles) = usual(Serving { body: Duration::from_secs(600), ..Serving::default() }).await;
    let body = created(&[(1, 11)]);
    let stale = "x-hubspot-signature-v3: AAAA\r\nx-hubspot-request-timestamp: 1000\r\n";
    let now = signature(&service.url, &body).map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    for (path, headers, status) in [
        (HOOK, "", "401"),
        (HOOK, "x-hubspot-signature-v3: AAAA\r\n", "401"),
        (HOOK, stale, "401"),
        (HOOK, &*format!("{now}content-encoding: gzip\r\n"), "415"),
        ("/v1/hubspot/nobody/webhook", &*now, "404"),
    ] {
        let (first, _) = halves(path, headers, &body);
        let mut wire = Wire::open(service.host.address).await;
        wire.send(&first).await;
        let answer = wire.rest().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_ends_its_connection_and_no_other() {
    let serving = Serving { head: Duration::from_millis(100), ..Serving::default() };
    let (service, _doubles) = usual(serving).await;
    let mut old = Wire::open(service.host.address).await;
    old.send("GET /health HTTP/1.1\r\nhost: rota\r\n\r\n").await;
    old.until("\"version\"").await;
    let (silent, mut half) = (Wire::open(service.host.address).await, Wire::open(service.host.address).await);
    half.send("GET /health HTTP/1.1\r\nhost: ro").await;
    assert_eq!(silent.rest().await, "");
    assert_eq!(half.rest().await, "");
    // A connection may lie idle for longer between two requests.
    old.send("GET /health HTTP/1.1\r\nhost: rota\r\nconnection: close\r\n\r\n").await;
    assert!(old.rest().await.contains("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_half_open_connections_on_a_server_of_two_hundred_keep_nobody_out() {
    let serving = Serving { connections: 200, head: Duration::from_secs(600), ..Serving::default() };
    let (service, _doubles) = usual(serving).await;
    let token = service.token("other", Role::Viewer).await;
    let mut half_open = Vec::new();
    for n in 0..500 {
        let mut wire = Wire::open(service.host.address).await;
        if n % 2 == 0 {
            wire.send("GET /v1/tokens HTTP/1.1\r\n").await;
        }
        half_open.push(wire);
    }
    assert_eq!(service.get("/health", "").await.status, 200);
    assert_eq!(service.get("/v1/tokens", &token).await.status, 403);
    let (status, _, receipt) = hook(&service, &[(2, 21)]).await;
    assert_eq!((status, &receipt["accepted"]), (200, &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_is_let_go_and_the_others_are_answered_meanwhile() {
    const ASKED: usize = 5_000;
    let serving = Serving { stall: Duration::from_millis(300), ..Serving::default() };
    let (service, _doubles) = usual(serving).await;
    let document = service.get("/openapi.json", "").await.body.to_string().len();
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let stream = socket.connect(service.host.address).await.expect("a connection");
    // Far more than what the system keeps for a reader.
    let asked = "GET /openapi.json HTTP/1.1\r\nhost: rota\r\n\r\n".repeat(ASKED);
    let (mut reads, mut writes) = stream.into_split();
    let asking = tokio::spawn(async move {
        // It ends when all is sent, or the server lets go.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut writes, asked.as_bytes()).await;
        writes
    });
    assert_eq!(service.get("/health", "").await.status, 200);
    let writes = asking.await.expect("it does not panic");
    let mut taken = 0;
    let mut part = vec![0; 1 << 16];
    // It reads only now, when what it left lying is gone.
    tokio::time::sleep(Duration::from_secs(1)).await;
    while let Ok(length @ 1..) = tokio::io::AsyncReadExt::read(&mut reads, &mut part).await {
        taken += length;
    }
    drop(writes);
    assert!(taken < document * ASKED, "all {taken} bytes came");
    assert_eq!(service.get("/health", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answers_what_is_under_way_keeps_it_and_takes_no_more() {
    let (service, _doubles) = usual(Serving::default()).await;
    let body = created(&[(1, 11)]);
    let headers: String =
        signature(&service.url, &body).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (first, last) = halves(HOOK, &headers, &body);
    let mut slow = Wire::open(service.host.address).await;
    slow.send(&first).await;
    // The server has taken the connection before this one, and so the one before it.
    assert_eq!(service.get("/health", "").await.status, 200);
    let idle = Wire::open(service.host.address).await;
    let Service { host, folder, .. } = service;
    let address = host.address;
    let stopping = tokio::spawn(host.stop());
    while tokio::net::TcpStream::connect(address).await.is_ok() {}
    assert_eq!(idle.rest().await, "");
    assert!(!stopping.is_finished());
    slow.send(&last).await;
    assert!(slow.rest().await.starts_with("HTTP/1.1 200 "));
    stopping.await.expect("it stops");
    let store: std::sync::Arc<dyn rota_flow::ports::Store> =
        std::sync::Arc::new(rota_tests::open(&folder.path().join("rota.db")).await.expect("the database"));
    let tenant = "acme".into();
    let decided = store.log(&tenant, 0, 10).await.expect("the log").len() as u64;
    assert_eq!(decided + store.backlog(&tenant).await.expect("a backlog").0, 1);
}
