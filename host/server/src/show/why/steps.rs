//! The transcript of a decision, read back line by line.

use rota_domain::transcript::Line;
use serde_json::Value;

use super::Step;

/// The steps of a transcript. What cannot be read is kept as it stands.
pub(super) fn read(transcript: &str) -> Vec<Step> {
    let step = |(line, n)| match Line::read(line) {
        Some(Line { call, args, answer, stop }) => Step { n, call, args, answer, stop },
        None => Step { n, call: "unreadable".into(), args: Value::Array(Vec::new()), answer: line.into(), stop: None },
    };
    transcript.lines().zip(1..).map(step).collect()
}

/// An argument of a step.
pub(super) fn arg(step: &Step, place: usize) -> &Value {
    step.args.get(place).unwrap_or(&Value::Null)
}

/// A number that means a rep or a pool.
pub(super) fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}
