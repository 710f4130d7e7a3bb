//! The JSON Schemas of the formats that people outside hold on to, derived from the very
//! types that read them.

use rota_domain::decision::Decision;
use rota_domain::event::Event;
use rota_domain::lead::Lead;
use rota_domain::manifest::Manifest;
use rota_domain::workspace::Workspace;
use schemars::{Schema, schema_for};
use serde_json::{Map, Value};

use crate::config::Case;

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Subject {
    /// workspace.toml.
    Workspace,
    /// A lead, as routes, simulations and cases take it.
    Lead,
    /// A line of the events that `simulate` reads.
    Event,
    /// A decision: a line of `simulate`, the answer of `POST /v1/route`.
    Decision,
    /// A plugin's case: cases/*.json.
    Case,
    /// A plugin's manifest: plugin.toml.
    Manifest,
}

/// The schema as text, in draft 2020-12.
#[must_use]
pub fn text(subject: Subject) -> String {
    let schema = match subject {
        Subject::Workspace => titled("workspace.toml", schema_for!(Workspace)),
        Subject::Lead => titled("lead", schema_for!(Lead)),
        Subject::Event => {
            // The kinds are alternatives, so only here does a key count as unknown.
            let mut schema = schema_for!(Event);
            schema.insert("unevaluatedProperties".into(), false.into());
            titled("event", schema)
        }
        Subject::Decision => titled("decision", schema_for!(Decision)),
        Subject::Case => titled("case", schema_for!(Case)),
        Subject::Manifest => titled("plugin.toml", schema_for!(Manifest)),
    };
    format!("{schema:#}")
}

/// Which draft and which format come first, so that a reader sees them without scrolling.
fn titled(what: &str, schema: Schema) -> Value {
    let mut first = Map::new();
    first.insert("$schema".into(), schema.get("$schema").cloned().unwrap_or_default());
    first.insert("title".into(), format!("Rota: {what}").into());
    let Value::Object(rest) = schema.to_value() else { return Value::Object(first) };
    first.extend(rest.into_iter().filter(|(key, _)| key != "$schema" && key != "title"));
    Value::Object(first)
}
