//! Conditions over a lead's properties, as `[[sources]]` and `enrol` use them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lead::Lead;
use crate::property;

/// Something that is true of a lead or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub enum Condition {
    /// One property passes one test.
    Property {
        /// Whose value is tested.
        name: String,
        /// The test.
        test: Test,
    },
    /// All of these are true.
    All(Vec<Condition>),
    /// At least one of these is true.
    Any(Vec<Condition>),
    /// This is not true.
    Not(Box<Condition>),
}

/// A test of one property. Text is compared without regard to case.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value is this text.
    Is(String),
    /// The value is one of these texts.
    In(Vec<String>),
    /// The value starts with this text.
    StartsWith(String),
    /// There is a value (true), or there is none (false).
    Known(bool),
    /// The value is a number, at least this.
    AtLeast(f64),
    /// The value is a number, at most this.
    AtMost(f64),
    /// The value is a time after the lead was given to whoever has it.
    SinceGiven,
}

/// A condition as it is written: exactly one test, or one of `all`, `any`, `not`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Condition")]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "in")]
    among: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts_with: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gte: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lte: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_given: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Box<Condition>>,
}

impl Condition {
    /// Whether this is true of the lead, whoever has it.
    #[must_use]
    pub fn holds(&self, lead: &Lead) -> bool {
        self.holds_since(lead, None)
    }

    /// Whether this is true of a lead that was given to a rep then.
    #[must_use]
    pub fn holds_since(&self, lead: &Lead, given: Option<Timestamp>) -> bool {
        match self {
            Self::Property { name, test } => test.passes(lead.property(name), given),
            Self::All(parts) => parts.iter().all(|part| part.holds_since(lead, given)),
            Self::Any(parts) => parts.iter().any(|part| part.holds_since(lead, given)),
            Self::Not(part) => !part.holds_since(lead, given),
        }
    }

    /// Whether it looks at when the lead was given.
    #[must_use]
    pub fn is_since_given(&self) -> bool {
        match self {
            Self::Property { test, .. } => *test == Test::SinceGiven,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_since_given),
            Self::Not(part) => part.is_since_given(),
        }
    }

    /// Adds the properties that this condition looks at.
    pub fn collect_properties(&self, into: &mut std::collections::BTreeSet<String>) {
        match self {
            Self::Property { name, .. } => {
                into.insert(name.clone());
            }
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_properties(into)),
            Self::Not(part) => part.collect_properties(into),
        }
    }
}

impl Test {
    fn passes(&self, value: Option<&str>, given: Option<Timestamp>) -> bool {
        let Some(value) = value else {
            return *self == Self::Known(false);
        };
        let same = |text: &String| text.to_lowercase() == value.to_lowercase();
        match self {
            Self::Is(text) => same(text),
            Self::In(texts) => texts.iter().any(same),
            Self::StartsWith(text) => value.to_lowercase().starts_with(&text.to_lowercase()),
            Self::Known(known) => *known,
            Self::AtLeast(least) => property::number(value).is_ok_and(|number| number >= *least),
            Self::AtMost(most) => property::number(value).is_ok_and(|number| number <= *most),
            Self::SinceGiven => given.is_some_and(|given| property::time(value).is_ok_and(|at| at > given)),
        }
    }
}

impl TryFrom<Written> for Condition {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let tests: Vec<Test> = [
            written.is.map(Test::Is),
            written.among.map(Test::In),
            written.starts_with.map(Test::StartsWith),
            written.known.map(Test::Known),
            written.gte.map(Test::AtLeast),
            written.lte.map(Test::AtMost),
            written.since_given.map(|_| Test::SinceGiven),
        ]
        .into_iter()
        .flatten()
        .collect();
        let groups: Vec<Self> = [written.all.map(Self::All), written.any.map(Self::Any), written.not.map(Self::Not)]
            .into_iter()
            .flatten()
            .collect();
        if [written.gte, written.lte].into_iter().flatten().any(|number| !number.is_finite()) {
            return Err("gte and lte compare with a finite number".into());
        }
        if written.since_given == Some(false) {
            return Err("since_given is true or left out; for the contrary, say not = { … }".into());
        }
        match (written.property, tests.len(), groups.len()) {
            (Some(name), 1, 0) => Ok(Self::Property { name, test: tests.into_iter().next().ok_or("no test")? }),
            (Some(name), 2.., 0) => {
                Ok(Self::All(tests.into_iter().map(|test| Self::Property { name: name.clone(), test }).collect()))
            }
            (None, 0, 1) => groups.into_iter().next().ok_or_else(|| "no group".into()),
            (Some(name), 0, 0) => Err(format!(
                "the condition on `{name}` has no test; add one of is, in, starts_with, known, gte, lte, since_given"
            )),
            _ => Err("a condition is either a property with tests, or one of all, any, not".into()),
        }
    }
}

impl From<Condition> for Written {
    fn from(condition: Condition) -> Self {
        let mut written = Self::default();
        match condition {
            Condition::Property { name, test } => {
                written.property = Some(name);
                match test {
                    Test::Is(text) => written.is = Some(text),
                    Test::In(texts) => written.among = Some(texts),
                    Test::StartsWith(text) => written.starts_with = Some(text),
                    Test::Known(known) => written.known = Some(known),
                    Test::AtLeast(least) => written.gte = Some(least),
                    Test::AtMost(most) => written.lte = Some(most),
                    Test::SinceGiven => written.since_given = Some(true),
                }
            }
            Condition::All(parts) => written.all = Some(parts),
            Condition::Any(parts) => written.any = Some(parts),
            Condition::Not(part) => written.not = Some(part),
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: serde_json::Value, value: Option<&str>) -> bool {
        let condition: Condition = serde_json::from_value(condition).unwrap();
        let lead = serde_json::from_value(serde_json::json!({"id": "1", "properties": {"p": value}})).unwrap();
        condition.holds(&lead)
    }

    #[test]
    fn text_is_compared_without_regard_to_case() {
        assert!(holds(serde_json::json!({"property": "p", "is": "Demo"}), Some("dEMO")));
        assert!(holds(serde_json::json!({"property": "p", "in": ["x", "DEMO"]}), Some("demo")));
        assert!(holds(serde_json::json!({"property": "p", "starts_with": "de"}), Some("Demo")));
    }

    #[test]
    fn an_absent_or_blank_value_passes_only_known_false() {
        for value in [None, Some("  ")] {
            assert!(holds(serde_json::json!({"property": "p", "known": false}), value));
            assert!(!holds(serde_json::json!({"property": "p", "is": ""}), value));
            assert!(!holds(serde_json::json!({"property": "p", "gte": 0}), value));
        }
    }

    #[test]
    fn bounds_hold_for_numbers_only() {
        assert!(holds(serde_json::json!({"property": "p", "gte": 10, "lte": 20}), Some("15")));
        assert!(!holds(serde_json::json!({"property": "p", "gte": 10, "lte": 20}), Some("25")));
        assert!(!holds(serde_json::json!({"property": "p", "gte": 10}), Some("many")));
    }

    #[test]
    fn a_time_is_since_the_lead_was_given_only_if_it_is_after_that() {
        let condition: Condition =
            serde_json::from_value(serde_json::json!({"property": "p", "since_given": true})).unwrap();
        let since = |value: &str, given: Option<&str>| {
            let lead = serde_json::from_value(serde_json::json!({"id": "1", "properties": {"p": value}})).unwrap();
            condition.holds_since(&lead, given.map(|at| at.parse().unwrap()))
        };
        let given = Some("2026-03-02T09:00:00Z");
        assert!(since("2026-03-02T09:00:00.001Z", given) && since("1772442000001", given));
        assert!(!since("2026-03-02T09:00:00Z", given) && !since("2026-03-01T00:00:00Z", given));
        assert!(!since("yesterday", given) && !since("", given));
        assert!(!since("2026-03-03T00:00:00Z", None), "nobody was given it");
        assert!(condition.is_since_given() && Condition::Not(Box::new(condition)).is_since_given());
        let refused = serde_json::from_value::<Condition>(serde_json::json!({"property": "p", "since_given": false}));
        assert!(refused.unwrap_err().to_string().contains("true or left out"));
    }

    #[test]
    fn groups_nest() {
        let nested = serde_json::json!({"all": [{"property": "p", "known": true},
            {"not": {"any": [{"property": "p", "is": "a"}, {"property": "p", "is": "b"}]}}]});
        assert!(holds(nested.clone(), Some("c")));
        assert!(!holds(nested, Some("b")));
    }

    #[test]
    fn a_property_without_a_test_is_refused_with_the_tests_that_there_are() {
        let error = serde_json::from_value::<Condition>(serde_json::json!({"property": "p"})).unwrap_err();
        assert!(error.to_string().contains("add one of is, in, starts_with, known, gte, lte, since_given"), "{error}");
    }

    #[test]
    fn a_condition_reads_back_as_it_was_written() {
        let written =
            serde_json::json!({"all": [{"property": "p", "in": ["a"]}, {"not": {"property": "q", "known": true}}]});
        let condition: Condition = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(condition).unwrap(), written);
    }
}
