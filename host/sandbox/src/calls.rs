//! Every request to the CRM's API, for tests that ask what was called and when. Secrets never
//! enter the record.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::lock::lock;

/// How many calls are kept; the oldest go first.
const KEPT: usize = 50_000;

/// A request, and its answer once there is one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    at: String,
    method: String,
    /// Path and query.
    path: String,
    /// Null while there is no answer, and for ever where the connection was cut.
    status: Option<u16>,
    headers: Map<String, Value>,
}

/// The record of calls.
#[derive(Default)]
pub(crate) struct Calls(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    calls: VecDeque<Call>,
    forgotten: usize,
}

/// Where a call stands in the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallNumber(usize);

impl Calls {
    pub(crate) fn begin(&self, at: Timestamp, method: &Method, uri: &Uri, headers: &HeaderMap) -> CallNumber {
        let call = Call {
            at: crate::clock::rfc3339(at),
            method: method.to_string(),
            path: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            status: None,
            headers: headers.iter().map(|(name, value)| (name.to_string(), shown(name, value).into())).collect(),
        };
        let mut kept = lock(&self.0);
        kept.calls.push_back(call);
        if kept.calls.len() > KEPT {
            kept.calls.pop_front();
            kept.forgotten += 1;
        }
        CallNumber(kept.forgotten + kept.calls.len() - 1)
    }

    pub(crate) fn answered(&self, number: CallNumber, status: StatusCode) {
        let mut kept = lock(&self.0);
        let at = number.0.checked_sub(kept.forgotten);
        if let Some(call) = at.and_then(|at| kept.calls.get_mut(at)) {
            call.status = Some(status.as_u16());
        }
    }

    pub(crate) fn list(&self) -> Vec<Call> {
        lock(&self.0).calls.iter().cloned().collect()
    }
}

fn shown(name: &header::HeaderName, value: &header::HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    if name != header::AUTHORIZATION {
        return text.into_owned();
    }
    match text.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} [redacted]"),
        None => "[redacted]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_enters_the_record() {
        let calls = Calls::default();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "Bearer pat-secret".parse().expect("a header"));
        let number = calls.begin(Timestamp::UNIX_EPOCH, &Method::GET, &Uri::from_static("/crm?a=b"), &headers);
        calls.answered(number, StatusCode::OK);
        let record = serde_json::to_string(&calls.list()).expect("JSON");
        assert!(!record.contains("pat-secret"), "{record}");
        assert!(
            record.contains(r#""path":"/crm?a=b","status":200,"headers":{"authorization":"Bearer [redacted]"}"#),
            "{record}"
        );
    }
}
