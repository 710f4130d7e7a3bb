//! Lines about requests and leads become spans. A lead's trace is that of the call that asked;
//! else it is named by its decision, whose id is as long as a trace's, so that a process which
//! delivers an effect days later still adds to the same trace.

use std::collections::{HashMap, VecDeque};

use rota_crm::otlp::Span;
use serde_json::{Map, Value};

use super::parent::Parent;

/// So many decisions of calls are remembered, so that what is delivered for them joins their
/// trace.
const REMEMBERED: usize = 10_000;

/// What is known of traces that calls began.
#[derive(Debug, Default)]
pub(super) struct Book {
    parents: HashMap<String, Parent>,
    order: VecDeque<String>,
}

/// A line's fields.
pub(super) struct Line<'l>(pub(super) &'l Map<String, Value>);

impl Line<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.0.get(key)?.as_i64()
    }

    /// These fields as attributes, where they are there.
    fn attributes(&self, keys: &[(&'static str, &'static str)]) -> Vec<(&'static str, Value)> {
        let there = |value: &&Value| value.as_str() != Some("");
        keys.iter().filter_map(|(field, name)| Some((*name, self.0.get(*field).filter(there)?.clone()))).collect()
    }
}

/// A lead's trace, and the span that holds all others of the decision.
#[derive(Clone, Copy)]
struct Trace {
    trace: [u8; 16],
    above: Option<[u8; 8]>,
    root: [u8; 8],
}

impl Book {
    /// The spans of a line; none where it says nothing of time, or its trace is not recorded.
    pub(super) fn spans(&mut self, line: &Line<'_>) -> Vec<Span> {
        if line.text("route").is_some() {
            return request(line).into_iter().collect();
        }
        let Some(decision) = line.text("decision") else { return Vec::new() };
        if let Some(parent) = line.text("parent").and_then(|parent| parent.parse().ok()) {
            self.remember(decision, parent);
        }
        let Some(trace) = self.trace(decision) else { return Vec::new() };
        if line.number("settled_us").is_some() { applied(line, trace) } else { decided(line, trace) }
    }

    fn remember(&mut self, decision: &str, parent: Parent) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.parents.remove(&oldest);
        }
        self.order.push_back(decision.to_owned());
        self.parents.insert(decision.to_owned(), parent);
    }

    fn trace(&self, decision: &str) -> Option<Trace> {
        let id = uuid(decision)?;
        let mut root = [0; 8];
        root.copy_from_slice(&id[8..]);
        match self.parents.get(decision) {
            Some(Parent { sampled: false, .. }) => None,
            Some(Parent { trace, span, .. }) => Some(Trace { trace: *trace, above: Some(*span), root }),
            None => Some(Trace { trace: id, above: None, root }),
        }
    }
}

/// The bytes of a UUID.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|sign| *sign != '-').collect();
    (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)).flatten()
}

/// The id of a span that nothing names again.
pub(super) fn fresh() -> [u8; 8] {
    rand::random::<u64>().max(1).to_be_bytes()
}

/// A call that was answered.
fn request(line: &Line<'_>) -> Option<Span> {
    let own: Parent = line.text("own")?.parse().ok()?;
    let (method, route) = (line.text("method")?, line.text("route")?);
    let above = line.text("parent").and_then(|parent| parent.parse().ok()).map(|parent: Parent| parent.span);
    let status = line.number("status").unwrap_or_default();
    own.sampled.then(|| Span {
        trace: own.trace,
        id: own.span,
        parent: above,
        name: format!("{method} {route}"),
        serves: true,
        began_us: line.number("began_us").unwrap_or_default(),
        ended_us: line.number("ended_us").unwrap_or_default(),
        attributes: line.attributes(&[
            ("method", "http.request.method"),
            ("route", "http.route"),
            ("status", "http.response.status_code"),
        ]),
        failed: status >= 500,
    })
}

/// A decision: the whole, reading the record, asking the rule, writing it down.
fn decided(line: &Line<'_>, Trace { trace, above, root }: Trace) -> Vec<Span> {
    let at = |key: &str| line.number(key);
    let (Some(recorded), Some(decided)) = (at("recorded_us"), at("decided_us")) else { return Vec::new() };
    let rules = line.number("rules_nanos").unwrap_or_default() / 1_000;
    let began = at("received_us").unwrap_or(decided);
    let failed = line.text("error").is_some();
    let part = |name: &str, began_us, ended_us, attributes| Span {
        trace,
        id: fresh(),
        parent: Some(root),
        name: name.to_owned(),
        serves: false,
        began_us,
        ended_us,
        attributes,
        failed: false,
    };
    let about = line.attributes(&[
        ("tenant", "rota.tenant"),
        ("lead", "rota.lead"),
        ("decision", "rota.decision"),
        ("flow", "rota.flow"),
        ("outcome", "rota.outcome"),
    ]);
    let asked = line.attributes(&[("plugin", "rota.plugin"), ("fuel", "rota.fuel"), ("error", "error.type")]);
    let mut spans = vec![Span { id: root, parent: above, failed, ..part("lead", began, recorded, about) }];
    if let Some(enriched) = at("enriched_us") {
        spans.push(part("enrich", began, enriched, Vec::new()));
    }
    spans.push(Span { failed, ..part("decide", decided - rules, decided, asked) });
    spans.push(part("record", decided, recorded, Vec::new()));
    spans
}

/// An effect that a courier carried.
fn applied(line: &Line<'_>, Trace { trace, root, .. }: Trace) -> Vec<Span> {
    let attributes = line.attributes(&[
        ("tenant", "rota.tenant"),
        ("lead", "rota.lead"),
        ("decision", "rota.decision"),
        ("connection", "rota.connection"),
        ("kind", "rota.effect.kind"),
        ("effect", "rota.effect"),
        ("attempt", "rota.attempt"),
        ("state", "rota.state"),
    ]);
    vec![Span {
        trace,
        id: fresh(),
        parent: Some(root),
        name: "apply".into(),
        serves: false,
        began_us: line.number("began_us").unwrap_or_default(),
        ended_us: line.number("settled_us").unwrap_or_default(),
        attributes,
        failed: matches!(line.text("state"), Some("waiting" | "dead")),
    }]
}
