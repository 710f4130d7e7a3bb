//! Entries of a tenant's log, with everything that commits with them.
//!
//! Personal data is kept apart: what stands in `Private` is stored under the person it belongs to, so
//! that one person's can be dropped.

use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::agenda::Wait;
use rota_domain::decision::Decision;
use rota_domain::effect::{Act, Effect};
use rota_domain::event::Status;
use rota_domain::fairness::{Rotation, Turn};
use rota_domain::id::{Digest, FlowId, LeadId, RepId, RotationId};
use rota_domain::lead::Lead;
use rota_domain::load::LeadKind;
use rota_domain::person::PersonKey;
use rota_domain::rule::Note;
use rota_domain::stages::Stages;
use rota_domain::table::RowChange;
use rota_domain::workspace::Workspace;

use super::Origin;

/// One entry of a tenant's log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it was entered.
    pub at: Timestamp,
    /// The question that it answers, where that stands in the inbox.
    pub inbox: Option<Settles>,
    /// What it says.
    pub body: EntryBody,
}

/// A question in the inbox, and the entry that answers it.
#[derive(Clone, Debug, PartialEq)]
pub enum Settles {
    /// A row that waits.
    Row(i64),
    /// A call, whose row is written with its answer: before that, nobody was promised
    /// anything.
    Call(Box<Keyed>),
}

/// A call that can be repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyed {
    /// What makes a second call a repeat of the first.
    pub key: String,
    /// What was asked. The same key with another question is refused.
    pub asked: Digest,
    /// When it was received.
    pub received: Timestamp,
}

/// What became of a key that was used before.
#[derive(Clone, Debug, PartialEq)]
pub enum Earlier {
    /// The same question was answered with this decision, and this was left to the caller.
    Answered(Box<Decision>, Vec<Act>),
    /// Another question was asked with it.
    OtherQuestion,
    /// The same question waits in the inbox: another host stored it, and it will be answered.
    Waiting,
    /// It came too late, and changed nothing.
    Late,
    /// The same question waited when the person was erased: it is answered no more.
    Erased,
}

/// What an entry says.
#[derive(Clone, Debug)]
pub enum EntryBody {
    /// The workspace is this now. The revision's number is the entry's.
    Workspace {
        /// The workspace.
        workspace: Arc<Workspace>,
        /// The rotations after it: what a member who left was owed went to those who stay.
        rotations: Vec<(RotationId, Rotation)>,
        /// Whence it came, if somebody applied it.
        origin: Option<Origin>,
    },
    /// A rep is this now.
    Rep {
        /// Who.
        rep: RepId,
        /// What.
        status: Status,
    },
    /// A person set a flow's counter; without a value it is gone.
    Counter {
        /// The flow.
        flow: FlowId,
        /// The counter.
        name: String,
        /// Its value now.
        value: Option<i32>,
    },
    /// Rows of dated tables came, changed and went.
    Rows(Vec<RowChange>),
    /// A lead was closed. What it had been given by, if it was open, is so no more.
    Closed {
        /// The lead.
        lead: LeadId,
        /// The number of the entry by which it was given.
        given: Option<u64>,
    },
    /// A lead was answered.
    Responded {
        /// The lead, which waits for that no more.
        lead: LeadId,
    },
    /// A rep does not take a lead that they were asked to take.
    Declined {
        /// The lead.
        lead: LeadId,
        /// Who.
        rep: RepId,
        /// What the lead waits for now.
        wait: Box<Wait>,
    },
    /// Something came about a lead when it was too late, and changed nothing.
    Lapsed {
        /// The lead.
        lead: LeadId,
        /// What came.
        what: String,
    },
    /// A decision was taken.
    Decision(Box<Recorded>),
}

/// A decision with all that commits with it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The decision.
    pub decision: Decision,
    /// Whose lead it is.
    pub person: PersonKey,
    /// What only the person's own key opens.
    pub private: Private,
    /// The turn that was taken, and its rotation after it.
    pub turn: Option<(Turn, Rotation)>,
    /// Counters of flows that it changed, with their new values.
    pub counters: Vec<(FlowId, String, i32)>,
    /// What its record changed of the rows of dated tables.
    pub rows: Vec<RowChange>,
    /// What it changes of what reps have in hand.
    pub in_hand: InHand,
    /// What the lead waits for after it.
    pub waits: WaitChange,
    /// Effects, in the order of delivery.
    pub effects: Vec<Effect>,
    /// The times so far.
    pub stages: Stages,
    /// How long the rules took, in nanoseconds.
    pub decide_nanos: u64,
}

/// What a decision changes of what reps have in hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InHand {
    /// Its rep was given the lead, which is open now, and of these kinds; not where that is not counted.
    pub given: Option<Vec<LeadKind>>,
    /// The number of the entry by which the lead was given before, and which it is open by no more.
    pub ended: Option<u64>,
}

/// What a decision changes of what its lead waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WaitChange {
    /// Nothing.
    #[default]
    AsBefore,
    /// It waits for nothing any more.
    Ended,
    /// It waits for this, and for nothing else.
    For(Box<Wait>),
}

/// Personal data of a decision.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Private {
    /// The lead as the rules saw it.
    pub lead: Option<Lead>,
    /// What the rules asked and were answered; see `rota_domain::transcript`.
    pub transcript: String,
    /// What the rules noted.
    pub notes: Vec<Note>,
    /// What they wrote for their authors.
    pub log: Vec<String>,
    /// What was left to the caller to do, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
}
