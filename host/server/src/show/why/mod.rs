//! Why a lead went where it did: what the rule read and noted, who was considered, and what
//! was done about it. `Why` is what `rota why --json` prints; `text` is the same on a screen.

mod detail;
mod reps;
mod steps;
mod text;
mod words;

use jiff::Timestamp;
use rota_domain::decision::Decision;
use rota_domain::desk::Hindrance;
use rota_domain::effect::Act;
use rota_domain::id::{DecisionId, EffectId, RepId};
use rota_domain::rule::Note;
use rota_domain::stages::Stages;
use rota_flow::ports::Recalled;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Palette;

/// Why a lead went where it did.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Why {
    /// The decision.
    pub decision: Decision,
    /// When the lead passed each stage.
    pub stages: Stages,
    /// Every question of the rules to the host, with its answer.
    pub steps: Vec<Step>,
    /// What the rules noted.
    pub notes: Vec<Note>,
    /// Everybody who was considered.
    pub reps: Vec<Considered>,
    /// What was to be done, and what became of it.
    pub effects: Vec<Sent>,
    /// With `apply: caller`, what the caller was told to do, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to_apply: Vec<ToApply>,
    /// When and by whom the person was erased, and with them steps, notes and effects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedBy>,
}

/// An erasure.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ErasedBy {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// A question of a rule to the host, with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// Its number, from 1.
    pub n: usize,
    /// The function; `plugin` where a plugin begins, `returned` or `failed` where it ends.
    pub call: String,
    /// What was asked.
    pub args: Value,
    /// What was answered.
    pub answer: Value,
    /// The failure with which it ended the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Value>,
}

/// A rep who was considered.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Considered {
    /// Who.
    pub rep: RepId,
    /// Whether they got the lead.
    pub taken: bool,
    /// Why, or why not.
    pub why: WhyNot,
    /// What stood for or against them, in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why a rep got a lead, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNot {
    /// Got it.
    Taken,
    /// Is asked whether they take it.
    Asked,
    /// Could have got it, and somebody else was next.
    NotItsTurn,
    /// Was away or paused.
    Away,
    /// Was outside working hours.
    OffShift,
    /// Had as many open leads as allowed.
    Capped,
    /// The rule or a weight of 0 left them out.
    Excluded,
    /// Is in a pool that the rule looked at and took no turn of.
    NotACandidate,
    /// Said no.
    Declined,
    /// Was too far ahead of the others.
    FairnessStop,
    /// Has left or is switched off.
    Inactive,
}

/// An effect, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sent {
    /// Its id.
    pub id: EffectId,
    /// What it does.
    pub kind: &'static str,
    /// Where it is.
    pub state: &'static str,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed, or why nothing was sent.
    pub cause: Option<String>,
}

/// One thing that a caller is to do to the lead's record.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ToApply {
    /// Its name, the same in every repeat.
    pub effect: EffectId,
    /// What to do.
    #[serde(flatten)]
    pub act: Act,
}

impl ToApply {
    /// What this decision left to its caller.
    #[must_use]
    pub fn all(decision: &DecisionId, acts: Vec<Act>) -> Vec<Self> {
        let named = |(n, act)| Self { effect: EffectId::of(decision, n + 1), act };
        acts.into_iter().enumerate().map(named).collect()
    }
}

impl Why {
    /// What a stored decision tells. Steps and notes are personal, and gone with the person.
    #[must_use]
    pub fn of(recalled: &Recalled) -> Self {
        let private = recalled.private.clone().unwrap_or_default();
        let steps = steps::read(&private.transcript);
        let effects = recalled.effects.iter().map(|row| Sent {
            id: row.effect.id.clone(),
            kind: row.effect.act.kind(),
            state: row.state.as_str(),
            attempts: row.attempts,
            cause: row.cause.clone(),
        });
        Self {
            decision: recalled.stored.decision.clone(),
            stages: recalled.stored.stages,
            reps: reps::considered(recalled, &steps),
            steps,
            notes: private.notes,
            effects: effects.collect(),
            to_apply: ToApply::all(&recalled.stored.decision.id, private.acts),
            erased: recalled.erased.clone().map(|erased| ErasedBy { at: erased.at, by: erased.who }),
        }
    }

    /// The same on a screen.
    #[must_use]
    pub fn text(recalled: &Recalled, palette: Palette) -> String {
        text::text(&Self::of(recalled), recalled, palette)
    }
}

impl From<Hindrance> for WhyNot {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Away => Self::Away,
            Hindrance::Capped => Self::Capped,
            Hindrance::FairnessStop => Self::FairnessStop,
            Hindrance::Inactive => Self::Inactive,
            Hindrance::NoShare => Self::Excluded,
        }
    }
}

impl WhyNot {
    /// As people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Taken => "got it",
            Self::Asked => "is asked",
            Self::NotItsTurn => "not their turn",
            Self::Away => "away",
            Self::OffShift => "off shift",
            Self::Capped => "has as many as allowed",
            Self::Excluded => "left out",
            Self::NotACandidate => "no turn was taken of their pool",
            Self::Declined => "declined",
            Self::FairnessStop => "too far ahead",
            Self::Inactive => "inactive",
        }
    }
}
