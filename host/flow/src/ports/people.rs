//! The port to persons: everything that is kept about one, given out or erased.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{LeadId, TenantId};

use super::{OutboxRow, Private, StoreError, Stored, Waiting};

/// Which person is meant.
#[derive(Clone, PartialEq, Eq)]
pub enum Whom {
    /// Who has this e-mail address, with everything that was decided about their leads.
    Email(String),
    /// Whoever this lead is about.
    Lead(LeadId),
}

/// A decision about a person, with all that only their key opens.
#[derive(Clone, PartialEq)]
pub struct AboutDecision {
    /// The decision.
    pub stored: Stored,
    /// The lead, what the rules asked and were answered, and what they noted.
    pub private: Private,
    /// What was or is to be sent, with what the CRM said of it.
    pub effects: Vec<OutboxRow>,
}

/// Everything that is kept about a person. It has no `Debug`, since all of it is personal.
#[derive(Clone, Default, PartialEq)]
pub struct Dossier {
    /// The leads that they are known as.
    pub leads: Vec<LeadId>,
    /// Decisions about them, the oldest first.
    pub decisions: Vec<AboutDecision>,
    /// What arrived and is not decided yet.
    pub waiting: Vec<Waiting>,
}

/// What an erasure came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Keys that were dropped: a person who had several addresses has several.
    pub persons: u64,
    /// Decisions that keep their facts, and nothing personal any more.
    pub decisions: u64,
    /// Effects that waited or were dead, and are dropped.
    pub effects: u64,
    /// Arrivals that waited, and are gone.
    pub arrivals: u64,
}

/// An erasure, as a decision about the erased person tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub at: Timestamp,
    /// Who erased them.
    pub who: String,
}

/// Persons of tenants.
#[async_trait]
pub trait People: Send + Sync {
    /// Everything that is kept about a person; nothing where nobody is found.
    ///
    /// # Errors
    /// When the database fails, or what is sealed in it cannot be opened.
    async fn export(&self, tenant: &TenantId, whom: &Whom) -> Result<Dossier, StoreError>;

    /// Erases a person in one commit: their key, their words, what waits to be decided or
    /// sent. Facts of decisions stay. It is an entry of the tenant's log, so that whoever
    /// decides in memory has to read anew. `settles` is the inbox row that asked for it.
    ///
    /// # Errors
    /// When the database fails, or the inbox row was settled already, which is a conflict;
    /// then nothing is erased.
    async fn erase(
        &self,
        tenant: &TenantId,
        whom: &Whom,
        who: &str,
        now: Timestamp,
        settles: Option<i64>,
    ) -> Result<Erased, StoreError>;

    /// Forgets who was erased before this time, unless something waits that was taken in
    /// before them: nothing comes any more that would have to be known as theirs.
    ///
    /// # Errors
    /// When the database fails.
    async fn forget_departed(&self, tenant: &TenantId, before: Timestamp) -> Result<(), StoreError>;
}
