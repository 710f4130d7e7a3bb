//! Everything that can change what a decision sees, as `simulate` reads it and the log
//! keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::id::{FlowId, LeadId, PoolId, RepId};
use crate::lead::Lead;

/// One event, with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When it happened.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Happening {
    /// A lead is to be decided about.
    Lead {
        /// The lead.
        lead: Box<Lead>,
        /// Ask this flow only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flow: Option<FlowId>,
    },
    /// A rep came or went.
    Rep {
        /// Who.
        rep: RepId,
        /// What they are now.
        status: Status,
    },
    /// A rep's place in a pool changed.
    Member {
        /// The pool.
        pool: PoolId,
        /// Who.
        rep: RepId,
        /// The new weight; null takes the rep out.
        weight: Option<u32>,
    },
    /// A lead was closed: whoever has it in hand has a place more.
    Closed {
        /// Which.
        lead: LeadId,
    },
    /// A lead was answered: its response target is met.
    Responded {
        /// Which.
        lead: LeadId,
    },
    /// A rep answers whether they take a lead.
    Offer {
        /// Which.
        lead: LeadId,
        /// Who answers.
        rep: RepId,
        /// What.
        answer: OfferAnswer,
    },
    /// Numbers of reps by which a pool's weights go: rows that a dated table has from now on.
    Metric {
        /// The table.
        name: String,
        /// The number of each rep.
        values: BTreeMap<RepId, Number>,
    },
    /// Somebody gave the lead's record to a rep by hand.
    Owner {
        /// Which.
        lead: LeadId,
        /// Whose it is now.
        rep: RepId,
        /// Where that was done: `crm`.
        #[serde(default = "crm")]
        by: String,
    },
    /// Time passed.
    Tick {},
}

fn crm() -> String {
    "crm".into()
}

/// What a rep says to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OfferAnswer {
    /// Takes it.
    Accept,
    /// Does not.
    Decline,
}

/// Whether a rep is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// There.
    Available,
    /// Away, or on leave.
    Away,
    /// There again.
    Back,
    /// Takes no leads for now.
    Paused,
    /// Left for good, in the workspace or in the CRM.
    Left,
}
