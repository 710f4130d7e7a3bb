//! Bodies that are too long, break off, or are not what they say.

use std::path::Path;

use rota_domain::access::Role;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{plugin, start, upload};
use crate::service::{Service, workspace};

/// The beginning of an upload, with this header about its length.
async fn begin(service: &Service, token: &str, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(service.host.address).await.expect("a connection");
    let head = format!(
        "POST /v1/plugins HTTP/1.1\r\nHost: rota\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/wasm\r\n{length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

/// Everything that comes back.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // It may end with a reset, where something that was sent is not read any more.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).expect("text")
}

/// The files beside the database that are not the database's.
fn left_behind(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| !name.starts_with("rota.db") && !["compiled", "key", "workspace-0"].contains(&name.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_above_every_class_is_refused_before_a_byte_of_it_comes() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let stream = begin(&service, &admin, &format!("Content-Length: {}\r\nConnection: close", 33 << 20)).await;
    let answer = answer(stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body-too-large"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_length_ends_at_the_cap() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let stream = begin(&service, &admin, "Transfer-Encoding: chunked").await;
    let (mut read, mut write) = stream.into_split();
    let sending = tokio::spawn(async move {
        let mut piece = b"100000\r\n".to_vec();
        piece.resize(piece.len() + (1 << 20), 0);
        piece.extend(b"\r\n");
        let mut sent = 0;
        while sent < 64 && write.write_all(&piece).await.is_ok() {
            sent += 1;
        }
        sent
    });
    let mut text = [0; 12];
    read.read_exact(&mut text).await.expect("an answer");
    assert_eq!(&text, b"HTTP/1.1 413");
    drop(read);
    assert!(sending.await.expect("it ends") < 64, "nobody listened any more");
    assert_eq!(left_behind(service.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing_and_makes_nobody_wait() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let mut broken = begin(&service, &admin, "Content-Length: 1000000").await;
    broken.write_all(&[0; 100_000]).await.expect("sent");
    assert_eq!(left_behind(service.folder.path()), Vec::<String>::new(), "a file under way has no name");
    drop(broken);
    let whole = upload(&service, &admin, plugin("ours", "1.0.0")).await;
    assert_eq!(whole.status, 201, "{whole:?}");
    assert_eq!(left_behind(service.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_under_way_are_few_for_a_tenant_and_the_next_one_is_told_when_to_come() {
    let service = start(&[workspace("acme", ""), workspace("other", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        slow.push(begin(&service, &admin, "Content-Length: 1000000").await);
    }
    // The four may be read a moment later than sent; the refused one is the fifth of them all.
    let mut refused = None;
    while refused.is_none() {
        let next = begin(&service, &admin, "Content-Length: 0\r\nConnection: close").await;
        let answer = tokio::time::timeout(std::time::Duration::from_secs(1), answer(next)).await;
        refused = answer.ok().filter(|answer| answer.starts_with("HTTP/1.1 429 "));
    }
    let refused = refused.unwrap_or_default();
    assert!(refused.contains("retry-after: 5") && refused.contains("uploads-waiting"), "{refused}");
    let other = service.token("other", Role::Admin).await;
    assert_eq!(upload(&service, &other, plugin("ours", "1.0.0")).await.status, 201, "nobody waits for another tenant");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_announced_as_a_component_is_not_read() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let refused = service.post("/v1/plugins", &admin, serde_json::json!({})).await;
    assert_eq!(refused.status, 415, "{refused:?}");
}
