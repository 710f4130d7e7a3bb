//! A person as they are given out, and what an erasure came to, as JSON.

use std::fmt;

use jiff::Timestamp;
use rota_domain::decision::Decision;
use rota_domain::id::{EffectId, LeadId};
use rota_domain::lead::Lead;
use rota_domain::rule::Note;
use rota_domain::stages::Stages;
use rota_flow::ports::{AboutDecision, Dossier, Erased, Payload, Waiting};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Everything that is kept about a person.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct PersonExport {
    /// The leads that they are known as.
    pub leads: Vec<LeadId>,
    /// Decisions about them, the oldest first.
    pub decisions: Vec<ExportedDecision>,
    /// What arrived and is not decided yet.
    pub waiting: Vec<ExportedArrival>,
}

/// A decision about a person.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExportedDecision {
    /// The decision.
    pub decision: Decision,
    /// When the lead passed each stage.
    pub stages: Stages,
    /// The lead as the rules saw it.
    pub lead: Option<Lead>,
    /// What the rules asked and were answered, line by line.
    pub transcript: Vec<Value>,
    /// What they noted.
    pub notes: Vec<Note>,
    /// What they wrote for their authors.
    pub log: Vec<String>,
    /// What was or is to be sent to the CRM.
    pub effects: Vec<ExportedEffect>,
}

/// Something that was or is to be sent.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExportedEffect {
    /// Its id.
    pub id: EffectId,
    /// What it does, with every word of it.
    pub act: Value,
    /// Where it is.
    pub state: String,
    /// What the CRM said of it.
    pub cause: Option<String>,
    /// Since when.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

/// What arrived and is not decided yet.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExportedArrival {
    /// When.
    #[schemars(with = "String")]
    pub received: Timestamp,
    /// The lead, where it came with everything.
    pub lead: Option<Lead>,
    /// The record, where it is still to be read.
    pub record: Option<LeadId>,
}

impl PersonExport {
    /// What a store gives out, as JSON.
    #[must_use]
    pub fn of(dossier: Dossier) -> Self {
        Self {
            leads: dossier.leads,
            decisions: dossier.decisions.into_iter().map(decision).collect(),
            waiting: dossier.waiting.iter().map(arrival).collect(),
        }
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty() && self.waiting.is_empty()
    }
}

fn decision(about: AboutDecision) -> ExportedDecision {
    let AboutDecision { stored, private, effects } = about;
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| Value::String(line.into()));
    let effects = effects.into_iter().map(|row| ExportedEffect {
        act: serde_json::to_value(&row.effect.act).unwrap_or_default(),
        id: row.effect.id,
        state: row.state.as_str().into(),
        cause: row.cause,
        at: row.at,
    });
    ExportedDecision {
        decision: stored.decision,
        stages: stored.stages,
        lead: private.lead,
        transcript: private.transcript.lines().map(line).collect(),
        notes: private.notes,
        log: private.log,
        effects: effects.collect(),
    }
}

fn arrival(waiting: &Waiting) -> ExportedArrival {
    let (lead, record) = match waiting.payload.subject() {
        Payload::Lead { lead, .. } => (Some((**lead).clone()), None),
        // What a call asks is never another one.
        Payload::Call { .. } | Payload::Row(_) => (None, None),
        Payload::Closed { lead }
        | Payload::Responded { lead }
        | Payload::Due { lead, .. }
        | Payload::Accepted { lead, .. }
        | Payload::Declined { lead, .. } => (None, Some(lead.clone())),
        Payload::Record { connection, object, id, .. } | Payload::Erasure { connection, object, id } => {
            (None, Some(LeadId::of_record(connection, object, id)))
        }
    };
    ExportedArrival { received: waiting.received, lead, record }
}

/// What an erasure came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErasedPerson {
    /// Keys that were dropped: a person who had several addresses has several.
    pub persons: u64,
    /// Decisions that keep their facts, and nothing personal any more.
    pub decisions: u64,
    /// Effects that waited or were dead, and are dropped.
    pub effects: u64,
    /// Arrivals that waited, and are gone.
    pub arrivals: u64,
}

impl ErasedPerson {
    /// What a store says of it.
    #[must_use]
    pub fn of(Erased { persons, decisions, effects, arrivals }: Erased) -> Self {
        Self { persons, decisions, effects, arrivals }
    }
}

impl fmt::Display for ErasedPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { persons, decisions, effects, arrivals } = self;
        write!(
            f,
            "keys dropped: {persons}; decisions that keep their facts: {decisions}; effects dropped: {effects}; arrivals dropped: {arrivals}"
        )
    }
}
