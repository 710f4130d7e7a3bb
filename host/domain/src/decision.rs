//! A decision, as the log keeps it and people read it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{DecisionId, Digest, FlowId, LeadId, OwnerId, PoolId, RepId};
use crate::rule::{ErrorCode, Reason};

/// What became of a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Its id.
    #[serde(rename = "decision")]
    pub id: DecisionId,
    /// The lead.
    pub lead: LeadId,
    /// When it was taken.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The flow that took it; none where no flow enrols such a lead.
    pub flow: Option<FlowId>,
    /// What caused it.
    pub trigger: String,
    /// The lead's source class.
    pub class: String,
    /// What became of the lead.
    pub outcome: Outcome,
    /// Who owns it, to us.
    pub rep: Option<RepId>,
    /// Who owns it, to the CRM.
    pub owner: Option<OwnerId>,
    /// The pool whose turn was taken.
    pub pool: Option<PoolId>,
    /// The queue where it waits.
    pub queue: Option<String>,
    /// The nurture programme that it joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nurture: Option<String>,
    /// Reps who are asked to take it now, and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<Offered>,
    /// Reps who had it before, or were asked, and got no turn for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<RepId>,
    /// Why.
    pub reason: Reason,
    /// Whether the flow's fallback took it.
    pub fallback: bool,
    /// Why the plugin's own decision was not accepted.
    pub error: Option<ErrorCode>,
    /// What happened then, for the plugin's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_detail: Option<String>,
    /// By when the lead shall have its first answer.
    #[schemars(with = "Option<String>")]
    pub response_due: Option<Timestamp>,
    /// What was to be done to the CRM.
    pub effects: Vec<EffectKind>,
    /// The plugin that was asked last.
    pub plugin: Option<PluginName>,
    /// The workspace state that was seen.
    pub revision: u64,
    /// Fuel used by all plugins that were asked.
    pub fuel: u64,
    /// Whether this answers a call that was answered before.
    pub repeated: bool,
    /// The earlier decision that this one joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<DecisionId>,
    /// What was cut: `log-truncated`, `explain-truncated`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// `caller` where whoever asked carries the effects out, and the host sends nothing.
    #[serde(default, skip_serializing_if = "Apply::is_host")]
    pub apply: Apply,
}

/// A rep who is asked to take a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    /// Who.
    pub rep: RepId,
    /// They can accept before then.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// Who carries the effects of a decision out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Apply {
    /// The host.
    #[default]
    Host,
    /// Whoever asked for the decision; the host sends nothing to the CRM.
    Caller,
}

impl Apply {
    /// Whether it is the host.
    #[must_use]
    pub fn is_host(&self) -> bool {
        *self == Self::Host
    }
}

/// What became of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A rep owns it.
    Assign,
    /// Reps are asked.
    Offer,
    /// It waits in a queue.
    Queue,
    /// Marketing keeps it.
    Nurture,
    /// It is no lead.
    Reject,
    /// No flow took it; the fallback did, where a flow enrols it.
    Pass,
    /// It joined an earlier decision about the same person.
    Coalesced,
    /// It already had an active owner.
    Kept,
}

impl Outcome {
    /// The outcome as people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Offer => "offer",
            Self::Queue => "queue",
            Self::Nurture => "nurture",
            Self::Reject => "reject",
            Self::Pass => "pass",
            Self::Coalesced => "coalesced",
            Self::Kept => "kept",
        }
    }
}

/// The kind of an effect: `owner`, `property`, `task`, `note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectKind {
    /// The kind.
    pub kind: String,
}

/// Which plugin, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginName {
    /// Its name.
    pub name: String,
    /// Its version, as its manifest says.
    pub version: String,
    /// The digest of the component.
    pub digest: Digest,
}
