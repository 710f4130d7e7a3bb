//! As much of HTTP/1.1 as a bench needs: a client that does no more than it has to, since its
//! work is on the same processors as the server's.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;

/// A request with a body of JSON, and with these further headers, each with its line's end.
#[must_use]
pub fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: rota\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request without a body, with this token unless it is empty.
#[must_use]
pub fn get(path: &str, token: &str) -> String {
    let token = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: rota\r\n{token}\r\n")
}

/// `POST /v1/route` with a lead of this name, which is no record of a CRM, and with these
/// further keys of the call, each after a comma.
#[must_use]
pub fn route(token: &str, lead: &str, more: &str) -> String {
    let body = format!(
        "{{\"lead\":{{\"id\":\"web:{lead}\",\"properties\":{{\"email\":\"p{lead}@x.example\",\"country\":\"US\",\
         \"firstname\":\"Pat\",\"lastname\":\"Example\",\"numberofemployees\":\"40\"}}}}{more}}}"
    );
    post("/v1/route", &format!("authorization: Bearer {token}\r\n"), &body)
}

/// The status and the place of the body, once this is a whole answer.
///
/// # Panics
/// When it is no answer that tells its length.
#[must_use]
pub fn whole(answer: &[u8]) -> Option<(u16, Range<usize>)> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..head]).expect("headers").to_ascii_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.and_then(|length| length.parse().ok()).expect("a length");
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = head + 4..head + 4 + length;
    (answer.len() >= body.end).then_some((status, body))
}

/// A connection that is kept alive, with one request at a time.
#[derive(Debug)]
pub struct Kept {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Kept {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, answer: Vec::with_capacity(4 << 10) }
    }

    /// Sends a request, and gives the status and the body of its answer.
    ///
    /// # Panics
    /// When the connection ends before the answer does.
    pub fn ask(&mut self, request: &str) -> (u16, &[u8]) {
        self.stream.write_all(request.as_bytes()).expect("it is sent");
        self.answer.clear();
        let mut piece = [0; 4 << 10];
        loop {
            let read = self.stream.read(&mut piece).expect("an answer");
            assert!(read > 0, "the server has closed the connection");
            self.answer.extend_from_slice(&piece[..read]);
            if let Some((status, body)) = whole(&self.answer) {
                return (status, &self.answer[body]);
            }
        }
    }
}
