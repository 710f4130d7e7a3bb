//! One decision from settings text to answer. The `rule!` macro calls this; rules do not.

use serde::de::DeserializeOwned;

use crate::{Call, Decision, SettingsProblem};

/// What a rule's function may return.
pub trait Answer {
    /// The same as the contract's result.
    fn into_result(self) -> Result<Decision, SettingsProblem>;
}

impl Answer for Decision {
    fn into_result(self) -> Result<Decision, SettingsProblem> {
        Ok(self)
    }
}

impl Answer for Result<Decision, SettingsProblem> {
    fn into_result(self) -> Result<Decision, SettingsProblem> {
        self
    }
}

/// Parses the settings and asks the rule.
pub fn run<S: DeserializeOwned, A: Answer>(
    decide: fn(&Call, &S) -> A,
    call: &Call,
    settings: &str,
) -> Result<Decision, SettingsProblem> {
    match guest_json::from_str(settings) {
        Ok(settings) => decide(call, &settings).into_result(),
        Err(error) => Err(SettingsProblem::new("", error.to_string())),
    }
}
