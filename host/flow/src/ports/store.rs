//! The port to durable state. Every method takes the tenant, or is the operator's.
//!
//! Personal data is kept apart: what a method takes as `Private` or `Payload` is stored
//! under the person it belongs to, so that one person's can be dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::agenda::Wait;
use rota_domain::decision::{Apply, Decision};
use rota_domain::desk::Counters;
use rota_domain::event::Status;
use rota_domain::fairness::{Rotation, Turn};
use rota_domain::icalendar::CalendarFiles;
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, FlowId, LeadId, RepId, RotationId, Seed, TenantId};
use rota_domain::lead::Lead;
use rota_domain::load::LeadKind;
use rota_domain::person::PersonKey;
use rota_domain::stages::Stages;
use rota_domain::table::{Added, RowChange};
use rota_domain::workspace::Workspace;
use tokio::sync::oneshot;

use super::{Claim, Earlier, Entry, Erasure, Keyed, OutboxRow, Private, RecordRef, Repair, Settlement, Summed};

/// A commit that another one follows.
#[derive(Debug)]
pub struct Before(Option<oneshot::Receiver<()>>);

impl Before {
    /// There is none.
    #[must_use]
    pub fn nothing() -> Self {
        Self(None)
    }

    /// One that is recorded when the sender is used, and came to nothing when it is dropped.
    #[must_use]
    pub fn ending() -> (oneshot::Sender<()>, Self) {
        let (ended, end) = oneshot::channel();
        (ended, Self(Some(end)))
    }

    /// Waits for its end; false if it came to nothing.
    pub async fn is_recorded(self) -> bool {
        match self.0 {
            Some(end) => end.await.is_ok(),
            None => true,
        }
    }
}

/// Something that arrived for a tenant and waits to be decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// What makes a second arrival a repeat of the first. It comes from the event itself.
    pub dedupe_key: String,
    /// When it happened.
    pub occurred: Timestamp,
    /// What it is about.
    pub payload: Payload,
}

/// What an arrival is about.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Payload {
    /// A record of a CRM, to be read before the decision.
    Record {
        /// The CRM account.
        connection: ConnectionId,
        /// The kind of record.
        object: String,
        /// Its id in the CRM.
        id: String,
        /// What caused this.
        trigger: String,
        /// 1, or more when an earlier decision came to nothing.
        attempt: u32,
    },
    /// A lead that came with everything.
    Lead {
        /// The lead.
        lead: Box<Lead>,
        /// Ask this flow only.
        flow: Option<FlowId>,
    },
    /// A call that came to a host which does not decide for the tenant.
    Call {
        /// A lead, or the record that it is read from.
        about: Box<Payload>,
        /// Ask this flow only.
        flow: Option<FlowId>,
        /// Who carries the effects out.
        apply: Apply,
    },
    /// A lead is closed: it is in nobody's hands any more.
    Closed {
        /// The lead.
        lead: LeadId,
    },
    /// A lead was answered: its response target is met.
    Responded {
        /// The lead.
        lead: LeadId,
    },
    /// What a lead waited for is due.
    Due {
        /// The lead.
        lead: LeadId,
        /// The number of the entry since which it waits.
        entry: u64,
        /// The decision that has the lead.
        decision: DecisionId,
        /// What is due.
        trigger: String,
    },
    /// A row of a dated table comes, changes or goes.
    Row(RowChange),
    /// A rep who was asked takes a lead.
    Accepted {
        /// The lead.
        lead: LeadId,
        /// Who.
        rep: RepId,
        /// The decision that has the lead.
        decision: DecisionId,
    },
    /// A rep who was asked does not take a lead.
    Declined {
        /// The lead.
        lead: LeadId,
        /// Who.
        rep: RepId,
    },
    /// The person of a CRM's record is to be erased.
    Erasure {
        /// The CRM account.
        connection: ConnectionId,
        /// The kind of record.
        object: String,
        /// Its id in the CRM.
        id: String,
    },
}

impl Payload {
    /// What is to be decided about: what a call asks, or itself.
    #[must_use]
    pub fn subject(&self) -> &Self {
        match self {
            Self::Call { about, .. } => about,
            _ => self,
        }
    }
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It waits now.
    New,
    /// It had arrived before.
    Duplicate,
}

/// An arrival that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its place in the inbox; later arrivals have larger ones.
    pub id: i64,
    /// When it happened.
    pub occurred: Timestamp,
    /// When it was stored.
    pub received: Timestamp,
    /// What it is about.
    pub payload: Payload,
}

/// A tenant's state at the end of its log.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The tenant's randomness.
    pub seed: Seed,
    /// The number of the last entry; 0 before the first.
    pub seq: u64,
    /// The number of the workspace revision, and the workspace; none before the first.
    pub workspace: Option<(u64, Workspace)>,
    /// What reps were last said to be.
    pub statuses: BTreeMap<RepId, Status>,
    /// The rotations.
    pub rotations: BTreeMap<RotationId, Rotation>,
    /// The counters of each flow.
    pub counters: Counters,
    /// The rows that were added to dated tables.
    pub added: Added,
    /// Leads that were given to reps, where that is counted: all that are open, and at least those
    /// that were given within `rota_domain::load::REMEMBERED` of the last of them. Oldest first.
    pub given: Vec<Given>,
    /// What leads wait for.
    pub waits: Vec<(LeadId, Wait)>,
    /// The newest decision about each person, no older than was asked for.
    pub recent: Vec<Recent>,
    /// Who was erased lately, while something may wait that was taken in before.
    pub departed: Vec<Departed>,
}

/// How far a tenant's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// The number of the last entry.
    pub seq: u64,
    /// Whether any lead waits for something.
    pub waits: bool,
}

/// A lead that a rep was given, where that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The number of the decision's entry.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub rep: RepId,
    /// Which lead.
    pub lead: LeadId,
    /// The kinds that it was of, as far as caps were about them.
    pub kinds: Vec<LeadKind>,
    /// Whether it is in their hands still.
    pub open: bool,
}

/// Somebody who was erased: what was taken in before, and is decided after, brings nothing
/// of them back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departed {
    /// Who, as `PersonKey::digest` names them.
    pub digest: [u8; 32],
    /// When: calls that were received by then came before.
    pub at: Timestamp,
    /// The newest row of the inbox then: it came before, and so did all older ones.
    pub row: i64,
}

/// The newest decision about a person, which later events may join.
#[derive(Clone, Debug, PartialEq)]
pub struct Recent {
    /// Who.
    pub person: PersonKey,
    /// The decision, which is none of the coalesced ones.
    pub decision: Decision,
}

/// A decision as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its number in the tenant's log.
    pub seq: u64,
    /// The decision.
    pub decision: Decision,
    /// The turn that it took.
    pub turn: Option<Turn>,
    /// Its times.
    pub stages: Stages,
    /// How long the rules took, in nanoseconds.
    pub decide_nanos: u64,
}

/// A stored decision with its personal data and what became of its effects.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The decision.
    pub stored: Stored,
    /// Personal data; none once the person was erased.
    pub private: Option<Private>,
    /// When and by whom the person was erased, if they were.
    pub erased: Option<Erasure>,
    /// Its effects.
    pub effects: Vec<OutboxRow>,
    /// The workspace that it saw.
    pub workspace: Workspace,
    /// The calendar files of that workspace, where whoever asked has read them.
    pub calendar_files: CalendarFiles,
}

/// Why the store did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another host wrote to this tenant's log first: load it again, and decide again.
    #[error("another process wrote to the log of `{tenant}` first; it stands at {seq} now")]
    Conflict {
        /// The tenant.
        tenant: TenantId,
        /// Its number now.
        seq: u64,
    },
    /// A row holds what this version cannot read.
    #[error("{what} cannot be read: {detail}; the database may be of another version of Rota")]
    Inconsistent {
        /// Which row.
        what: String,
        /// Why.
        detail: String,
    },
    /// The database could not be reached or written.
    #[error("the database {database} failed: {detail}")]
    Unavailable {
        /// Which database.
        database: String,
        /// Why, and what to do.
        detail: String,
    },
}

/// Durable state. All writes of a call commit together or not at all.
#[async_trait]
pub trait Store: Send + Sync {
    /// Makes the tenant if it is new, with this seed.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn open(&self, tenant: &TenantId, seed: Seed) -> Result<(), StoreError>;

    /// The tenants there are.
    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError>;

    /// The tenant's state at the end of its log, with decisions about persons since then.
    async fn load(&self, tenant: &TenantId, recent_since: Timestamp) -> Result<Snapshot, StoreError>;

    /// How far the tenant's log is, and whether any lead waits for something.
    async fn progress(&self, tenant: &TenantId) -> Result<LogEnd, StoreError>;

    /// What leads wait for, the longest first, or what this one waits for.
    async fn agenda(&self, tenant: &TenantId, lead: Option<&LeadId>) -> Result<Vec<(LeadId, Wait)>, StoreError>;

    /// What only who has this tenant's seed can say of a text: an HMAC-SHA256 under a key made of it.
    async fn vouch(&self, tenant: &TenantId, text: &str) -> Result<Vec<u8>, StoreError>;

    /// Puts arrivals into the inbox, all in one commit; answers for each, in order.
    async fn accept(
        &self,
        tenant: &TenantId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError>;

    /// The oldest arrivals that wait and whose id is larger than this. One that cannot be read
    /// is left out, and said in the operator's log, so that the others need not wait for it.
    async fn waiting(&self, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError>;

    /// For each of these records of a connection, in order: the rep whom a decision gave it to and
    /// whom the CRM has not been told yet. None where nothing waits.
    async fn owners_on_their_way(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        records: &[RecordRef],
    ) -> Result<Vec<Option<RepId>>, StoreError>;

    /// Appends entries to the log, the first with the number `expected + 1`, and with them
    /// everything that they change, in one commit. An inbox row that is settled already, or
    /// a call's key that is there, means that another host decided it: a conflict.
    ///
    /// # Errors
    /// `Conflict` if the log does not stand at `expected`.
    async fn record(&self, tenant: &TenantId, expected: u64, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.record_after(Before::nothing(), tenant, expected, entries).await
    }

    /// The same, behind another commit: rows are made while that one is under way, and
    /// nothing is written unless it was recorded. The number alone would not tell: others may
    /// have entered as much as that commit was to enter.
    ///
    /// # Errors
    /// As of `record`; a `Conflict` if the commit before came to nothing.
    async fn record_after(
        &self,
        before: Before,
        tenant: &TenantId,
        expected: u64,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError>;

    /// What became of each of these keys before; none of one that is new.
    async fn answered(&self, tenant: &TenantId, calls: &[Keyed]) -> Result<Vec<Option<Earlier>>, StoreError>;

    /// Leases up to `limit` lanes of a connection whose head may be sent now, until
    /// `now + lease`. Lanes whose lease ran out are free again. A head that cannot be read is
    /// dead, and its lane goes on.
    async fn claim(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
        lease: jiff::SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError>;

    /// Settles claims, all in one commit; `false` for one whose lease was lost, which then
    /// changes nothing.
    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError>;

    /// Keeps these bytes under their digest: components and tables, which decisions name and
    /// which replay needs. What is kept already stays.
    async fn keep(&self, tenant: &TenantId, things: Vec<Arc<[u8]>>) -> Result<(), StoreError>;

    /// What is kept for the tenant under this digest.
    async fn kept(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// One decision.
    async fn decision(&self, tenant: &TenantId, id: &DecisionId) -> Result<Option<Recalled>, StoreError>;

    /// The decisions about a lead, newest first.
    async fn decisions_of(&self, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, StoreError>;

    /// Decisions in the order of the log, after this number.
    async fn log(&self, tenant: &TenantId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError>;

    /// Those of them that are about this lead.
    async fn log_of(&self, tenant: &TenantId, lead: &LeadId, after: u64, limit: u32)
    -> Result<Vec<Stored>, StoreError>;

    /// Effects that are not done, oldest first; with `dead`, only those that a person has
    /// to look at. One that cannot be read is left out, and said in the operator's log.
    async fn outbox(&self, tenant: &TenantId, dead: bool, limit: u32) -> Result<Vec<OutboxRow>, StoreError>;

    /// Retries or drops a dead or waiting effect; `false` if there is none of that id.
    async fn repair(
        &self,
        tenant: &TenantId,
        effect: &EffectId,
        repair: Repair,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends what waits for connections that are not among these: it is dead, and its lanes
    /// are gone, whoever holds them. Gives the number of effects.
    async fn strand(&self, tenant: &TenantId, connections: &[ConnectionId], now: Timestamp) -> Result<u64, StoreError>;

    /// What is left of decisions whose facts are no longer kept; a store that lets none go has nothing.
    async fn summed(&self, _tenant: &TenantId) -> Result<Option<Summed>, StoreError> {
        Ok(None)
    }

    /// How many arrivals and how many effects wait.
    async fn backlog(&self, tenant: &TenantId) -> Result<(u64, u64), StoreError>;
}
