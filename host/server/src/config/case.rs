//! A case: what a plugin shall decide about one lead. Plugins keep them as `cases/*.json`.

use jiff::Timestamp;
use rota_domain::decision::Outcome;
use rota_domain::id::RepId;
use rota_domain::lead::Lead;
use rota_domain::rule::ErrorCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One case of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, in one sentence.
    #[serde(default)]
    pub about: String,
    /// The time of the decision; absent means a fixed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// The lead's source class; absent means the one that the workspace's sources give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The plugin's settings; absent means those of the workspace's flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Map<String, Value>>,
    /// The lead.
    pub lead: Lead,
    /// How many such leads come one after the other.
    #[serde(default = "once")]
    pub repeat: u32,
    /// What shall come of it.
    pub expect: Expect,
}

/// What shall come of a case. What is left out is not looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What becomes of the lead; of each, where it is repeated.
    pub outcome: Outcome,
    /// Who gets it; the last one, where it is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<RepId>,
    /// Who gets the repeated leads, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<Vec<RepId>>,
    /// The reason's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The nurture programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nurture: Option<String>,
    /// Why the plugin's decision is not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
    /// The branches that are noted, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Vec<String>>,
    /// What else is asked for, in order. Each key given here must have this value there, so
    /// `{"kind": "task"}` looks at nothing but the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Vec<Map<String, Value>>>,
    /// Within how many minutes the lead shall have its first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_minutes: Option<u32>,
}

fn once() -> u32 {
    1
}
