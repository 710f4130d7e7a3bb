//! Things to do to the outside world because of a decision.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::Offered;
use crate::id::{ConnectionId, DecisionId, EffectId, FlowId, LeadId, OwnerId, RepId};

/// One thing to do to one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Its name; CRMs are asked for it before anything is sent a second time.
    pub id: EffectId,
    /// Which CRM.
    pub connection: ConnectionId,
    /// The kind of record, such as `contact`.
    pub object: String,
    /// The record's id in the CRM.
    pub record: String,
    /// What to do.
    pub act: Act,
}

/// What is done to a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Act {
    /// It gets this owner. State: a newer one replaces it.
    Owner {
        /// Who, to us.
        rep: RepId,
        /// Who, to the CRM.
        owner: OwnerId,
        /// Leave the record alone if somebody active owns it by now.
        keep: bool,
        /// 1, or more when the owner of an earlier decision could not be written.
        attempt: u32,
    },
    /// It gets this value. An empty one clears.
    Property {
        /// The property.
        name: String,
        /// Its value.
        value: String,
    },
    /// A task is created beside it.
    Task {
        /// One line.
        subject: String,
        /// The rest.
        body: String,
        /// When it is due.
        #[schemars(with = "String")]
        due: Timestamp,
        /// Whose task it is.
        owner: Option<OwnerId>,
        /// How soon it is to be looked at, by where the lead came from.
        #[serde(default, skip_serializing_if = "Urgency::is_usual")]
        urgency: Urgency,
    },
    /// A note is created beside it.
    Note {
        /// The text.
        body: String,
        /// When it was written.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// A destination of the workspace is told of the decision. It waits until the owner is
    /// confirmed, and is not sent where that comes to nothing.
    Notify {
        /// The destination.
        destination: String,
        /// What the rule says.
        message: String,
        /// The decision.
        about: Box<About>,
    },
}

/// How soon somebody is to look at a lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// At once: somebody came by themselves, and waits.
    Urgent,
    /// In its turn: we went to them, and it is to be reviewed and ranked.
    Review,
    /// As usual: nothing is known of where it came from.
    #[default]
    Usual,
}

impl Urgency {
    /// How soon a lead of this source class is to be looked at.
    #[must_use]
    pub fn of_class(class: &str) -> Self {
        match class.split_once(':').map_or(class, |(kind, _)| kind) {
            "inbound" | "re-engagement" => Self::Urgent,
            "outbound" => Self::Review,
            _ => Self::Usual,
        }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// What a destination is told besides the rule's message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "NotifyAbout")]
pub struct About {
    /// The decision.
    pub decision: DecisionId,
    /// When it was taken.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The lead.
    pub lead: LeadId,
    /// The flow that decided.
    pub flow: Option<FlowId>,
    /// What became of the lead, such as `assign`.
    pub outcome: String,
    /// Whose it is, to us.
    pub rep: Option<RepId>,
    /// Whose it is, to the CRM.
    pub owner: Option<OwnerId>,
    /// The queue where it waits.
    pub queue: Option<String>,
    /// Who is asked to take it, where that is what is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Offered>,
    /// Where it came from: the source class.
    #[serde(default)]
    pub class: String,
    /// How soon somebody is to look at it.
    #[serde(default)]
    pub urgency: Urgency,
}

impl Effect {
    /// The lane: effects of one record keep their order, and wait for nobody else.
    #[must_use]
    pub fn lane(&self) -> String {
        lane(&self.object, &self.record)
    }
}

/// The lane of a record's effects.
#[must_use]
pub fn lane(object: &str, record: &str) -> String {
    format!("{object}:{record}")
}

impl Act {
    /// The kind, as decisions list it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Owner { .. } => "owner",
            Self::Property { .. } => "property",
            Self::Task { .. } => "task",
            Self::Note { .. } => "note",
            Self::Notify { .. } => "notify",
        }
    }

    /// Whether delivering it tells the rep about the lead.
    #[must_use]
    pub fn notifies(&self) -> bool {
        matches!(self, Self::Task { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::Urgency;

    #[test]
    fn who_came_by_themselves_is_urgent_and_whom_we_went_to_is_reviewed() {
        for (class, urgency) in [
            ("inbound:demo-request", Urgency::Urgent),
            ("re-engagement", Urgency::Urgent),
            ("outbound:event", Urgency::Review),
            ("unclassified", Urgency::Usual),
            ("partner:referral", Urgency::Usual),
        ] {
            assert_eq!(Urgency::of_class(class), urgency, "{class}");
        }
    }
}
