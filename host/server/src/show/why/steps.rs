//! The transcript of a decision, read back: one JSON array a line, `[function, [arguments],
//! answer]`, where `["plugin",[flow,name,version],digest]` begins a plugin's own.

use serde_json::Value;

use super::Step;

/// The steps of a transcript. What cannot be read is kept as it stands.
pub(super) fn read(transcript: &str) -> Vec<Step> {
    transcript
        .lines()
        .zip(1..)
        .map(|(line, n)| match serde_json::from_str::<(String, Value, Value)>(line) {
            Ok((call, args, answer)) => Step { n, call, args: listed(args), answer },
            Err(_) => Step { n, call: "unreadable".into(), args: Value::Array(Vec::new()), answer: line.into() },
        })
        .collect()
}

/// An argument of a step.
pub(super) fn arg(step: &Step, place: usize) -> &Value {
    step.args.get(place).unwrap_or(&Value::Null)
}

/// A number that means a rep or a pool.
pub(super) fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// Functions without arguments are written with null.
fn listed(args: Value) -> Value {
    match args {
        Value::Array(_) => args,
        Value::Null => Value::Array(Vec::new()),
        other => Value::Array(vec![other]),
    }
}
