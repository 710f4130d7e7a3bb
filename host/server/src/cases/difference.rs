//! What a case expected, compared with what came: each difference names the place, down to
//! the element of a list and the key of an object.

use rota_domain::transcript::Difference as Unlike;
use rota_flow::ports::Recorded;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Expect;

/// Something that came otherwise than expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The place, such as `rep` or `effects[1].subject`.
    pub what: String,
    /// What was expected there; none where nothing was.
    pub expected: Option<Value>,
    /// What came; none where nothing did.
    pub came: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [expected, came] = [&self.expected, &self.came].map(words);
        write!(f, "{}: expected {expected}, came {came}", self.what)
    }
}

impl From<Unlike> for Difference {
    /// A plugin that did not do again what it had just done.
    fn from(unlike: Unlike) -> Self {
        let text = |text: String| Some(Value::String(text));
        Self { what: "replay".into(), expected: text(unlike.recorded), came: text(unlike.replayed) }
    }
}

/// A value as people read it.
pub(crate) fn words(value: &Option<Value>) -> String {
    value.as_ref().map_or_else(|| "nothing".into(), Value::to_string)
}

/// All differences of a case, whose lead came once or several times.
pub(super) fn all(expect: &Expect, results: &[Recorded]) -> Vec<Difference> {
    let mut found = Vec::new();
    let Some(last) = results.last() else {
        return vec![Difference { what: "decision".into(), expected: Some(json!(expect.outcome)), came: None }];
    };
    let mut expected = |what: &str, expected: Value, came: Value| {
        if !expected.is_null() {
            compare(what, &expected, &came, &mut found);
        }
    };
    let decision = &last.decision;
    for (n, result) in results.iter().enumerate() {
        let what = if results.len() == 1 { "outcome".into() } else { format!("outcome of lead {}", n + 1) };
        expected(&what, json!(expect.outcome), json!(result.decision.outcome));
    }
    expected("rep", json!(expect.rep), json!(decision.rep));
    let reps: Vec<_> = results.iter().map(|result| &result.decision.rep).collect();
    expected("reps", json!(expect.reps), json!(reps));
    expected("reason", json!(expect.reason), json!(decision.reason.code));
    expected("queue", json!(expect.queue), json!(decision.queue));
    expected("nurture", json!(expect.nurture), json!(decision.nurture));
    expected("error", json!(expect.error), json!(decision.error));
    let notes: Vec<_> = last.private.notes.iter().map(|note| &note.branch).collect();
    expected("notes", json!(expect.notes), json!(notes));
    let beside = last.effects.iter().filter(|effect| effect.act.kind() != "owner");
    let beside: Vec<_> = beside.map(|effect| json!(effect.act)).collect();
    expected("effects", json!(expect.effects), json!(beside));
    let minutes = decision.response_due.map(|due| due.duration_since(decision.at).as_mins());
    expected("response_minutes", json!(expect.response_minutes), json!(minutes));
    if expect.error.is_none() && decision.error.is_some() {
        let came = decision.error_detail.as_deref().unwrap_or("an error");
        found.push(Difference { what: "error".into(), expected: None, came: Some(json!(came)) });
    }
    found
}

/// Lists are compared element by element; objects need only the keys that are expected.
fn compare(what: &str, expected: &Value, came: &Value, found: &mut Vec<Difference>) {
    match (expected, came) {
        (Value::Array(expected), Value::Array(came)) => {
            for place in 0..expected.len().max(came.len()) {
                either(&format!("{what}[{place}]"), expected.get(place), came.get(place), found);
            }
        }
        (Value::Object(expected), Value::Object(came)) => {
            for (key, expected) in expected {
                either(&format!("{what}.{key}"), Some(expected), came.get(key), found);
            }
        }
        _ => either(what, Some(expected), Some(came), found),
    }
}

fn either(what: &str, expected: Option<&Value>, came: Option<&Value>, found: &mut Vec<Difference>) {
    match (expected, came) {
        (Some(a @ (Value::Array(_) | Value::Object(_))), Some(b)) if is_alike(a, b) => compare(what, a, b, found),
        (expected, came) if expected == came => {}
        (expected, came) => {
            let came = came.filter(|came| !came.is_null());
            found.push(Difference { what: what.into(), expected: expected.cloned(), came: came.cloned() });
        }
    }
}

fn is_alike(expected: &Value, came: &Value) -> bool {
    expected.is_array() == came.is_array() && expected.is_object() == came.is_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expected: &Value, came: &Value) -> Vec<String> {
        let mut found = Vec::new();
        compare("x", expected, came, &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_element_of_a_list_that_differs_is_named() {
        assert_eq!(told(&json!(["a", "b", "c"]), &json!(["a", "c", "c"])), [r#"x[1]: expected "b", came "c""#]);
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_said() {
        assert_eq!(told(&json!(["a", "b"]), &json!(["a"])), [r#"x[1]: expected "b", came nothing"#]);
        assert_eq!(told(&json!([]), &json!(["a"])), [r#"x[0]: expected nothing, came "a""#]);
    }

    #[test]
    fn of_an_object_only_the_expected_keys_are_looked_at() {
        let came = json!([{"kind": "task", "subject": "Call", "body": "…"}]);
        assert_eq!(told(&json!([{"kind": "task"}]), &came), Vec::<String>::new());
        assert_eq!(told(&json!([{"subject": "Write"}]), &came), [r#"x[0].subject: expected "Write", came "Call""#]);
    }

    #[test]
    fn a_value_of_another_kind_differs_as_a_whole() {
        assert_eq!(told(&json!("a"), &json!(null)), [r#"x: expected "a", came nothing"#]);
    }
}
