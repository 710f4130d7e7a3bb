//! Spans on their way to a collector, as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x,
//! "OTLP/HTTP", JSON Protobuf encoding): ids in hex, times in nanoseconds as text. Small enough
//! to be written here; the usual crates would bring a second HTTP and protobuf stack.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use serde_json::{Value, json};

use crate::outbound::{Reach, Refused};

/// How long a collector may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A span of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The trace, which is not all zeroes.
    pub trace: [u8; 16],
    /// The span itself, which is not all zeroes.
    pub id: [u8; 8],
    /// The span that caused it.
    pub parent: Option<[u8; 8]>,
    /// What it is, of few different texts.
    pub name: String,
    /// Whether it answers a request; else it is work inside.
    pub serves: bool,
    /// When it began, in microseconds since 1970.
    pub began_us: i64,
    /// When it ended.
    pub ended_us: i64,
    /// What else is to be said.
    pub attributes: Vec<(&'static str, Value)>,
    /// Whether it failed.
    pub failed: bool,
}

/// A collector of spans.
#[derive(Clone, Debug)]
pub struct Collector {
    client: Client,
    url: Url,
    service: String,
    headers: HeaderMap,
}

/// Why spans did not reach the collector.
#[derive(Debug, thiserror::Error)]
pub enum Uncollected {
    /// It could not be asked.
    #[error("the collector cannot be reached; check OTEL_EXPORTER_OTLP_ENDPOINT")]
    Unreachable,
    /// It refused.
    #[error("the collector answered {0}; check its address and what its headers have to be")]
    Refused(u16),
}

impl Collector {
    /// The collector at this address of `/v1/traces`, which the operator named; every span is
    /// of this service. Headers often hold a token.
    ///
    /// # Errors
    /// When the address or a header is none.
    pub fn new(url: &str, service: &str, headers: &[(String, String)]) -> Result<Self, Refused> {
        let (client, url) = Reach::anywhere().client(url, TIMEOUT)?;
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            let (Ok(name), Ok(mut value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) else {
                continue;
            };
            value.set_sensitive(true);
            sent.insert(name, value);
        }
        Ok(Self { client, url, service: service.to_owned(), headers: sent })
    }

    /// Sends spans, once.
    ///
    /// # Errors
    /// When the collector did not take them; they are not sent again.
    pub async fn send(&self, spans: &[Span]) -> Result<(), Uncollected> {
        let body = serde_json::to_vec(&self.body(spans)).unwrap_or_default();
        let request = self.client.post(self.url.clone()).headers(self.headers.clone());
        let answer = request.header(CONTENT_TYPE, "application/json").body(body).send().await;
        let status = answer.map_err(|_| Uncollected::Unreachable)?.status();
        if status.is_success() { Ok(()) } else { Err(Uncollected::Refused(status.as_u16())) }
    }

    fn body(&self, spans: &[Span]) -> Value {
        let spans: Vec<Value> = spans.iter().map(span).collect();
        let scope = json!({ "name": "rota", "version": env!("CARGO_PKG_VERSION") });
        json!({ "resourceSpans": [{
            "resource": { "attributes": [attribute("service.name", &self.service.as_str().into())] },
            "scopeSpans": [{ "scope": scope, "spans": spans }],
        }]})
    }
}

fn span(span: &Span) -> Value {
    // `SPAN_KIND_INTERNAL` and `SPAN_KIND_SERVER`; `STATUS_CODE_ERROR`. JSON has them as numbers.
    let mut value = json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&span.id),
        "name": span.name,
        "kind": if span.serves { 2 } else { 1 },
        "startTimeUnixNano": nanos(span.began_us),
        "endTimeUnixNano": nanos(span.ended_us.max(span.began_us)),
        "attributes": span.attributes.iter().map(|(key, value)| attribute(key, value)).collect::<Vec<_>>(),
        "status": if span.failed { json!({ "code": 2 }) } else { json!({}) },
    });
    if let Some(parent) = &span.parent {
        value["parentSpanId"] = hex(parent).into();
    }
    value
}

fn attribute(key: &str, value: &Value) -> Value {
    let value = match value {
        // 64 bits are text in this encoding.
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::String(text) => json!({ "stringValue": text }),
        other => json!({ "stringValue": other.to_string() }),
    };
    json!({ "key": key, "value": value })
}

fn nanos(micros: i64) -> String {
    (i128::from(micros) * 1_000).max(0).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
