//! The port to what is kept only for a time: it goes piece by piece, so that nobody waits for it.
//! First go a decision's words, and later its facts, of which sums are left.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::fairness::Reckoning;
use rota_domain::id::TenantId;

use super::StoreError;

/// How far a sweep over a tenant has come. It begins at the default, and any may begin anew: what
/// went before is not met again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The last entry of its log that was looked at.
    pub entry: u64,
    /// The last row of the inbox.
    pub arrival: u64,
}

/// What one piece of a sweep let go of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// Decisions that are facts only, from now on.
    pub decisions: u64,
    /// Effects of theirs.
    pub effects: u64,
    /// Arrivals, whose repeats are new from now on.
    pub arrivals: u64,
    /// Decisions whose facts went, too.
    pub facts: u64,
    /// Where the next piece begins; none at the end.
    pub next: Option<Swept>,
}

/// What is left of decisions whose facts went.
#[derive(Clone, Debug, PartialEq)]
pub struct Summed {
    /// The last entry of the log whose turn is in the sums; what comes after is entered on top. Facts
    /// of entries up to it may still be there, where something of a decision waited or was dead.
    pub upto: u64,
    /// When the newest decision was taken that is gone.
    pub at: Timestamp,
    /// Fairness up to there.
    pub fairness: Reckoning,
}

/// Lets go of what is past.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Lets go of one piece of what is older than this. Of a decision before `decisions`, of which no
    /// effect waits, is held or is dead: the lead, the transcript, the words of its reason and its
    /// effects; the facts stay in the log. Of the inbox: what was settled and came before
    /// `arrivals`. Without a time, nothing of that kind goes.
    ///
    /// # Errors
    /// When the database fails; then nothing of the piece went.
    async fn let_go(
        &self,
        tenant: &TenantId,
        decisions: Option<Timestamp>,
        arrivals: Option<Timestamp>,
        from: Swept,
    ) -> Result<LetGo, StoreError>;

    /// Lets go of one piece of the facts of decisions before this time whose words and effects are
    /// gone already, and of persons about whom nothing is left. The turns that they took are summed up
    /// in the same commit. Revisions, and who was erased, stay.
    ///
    /// # Errors
    /// When the database fails; then nothing of the piece went.
    async fn forget(&self, tenant: &TenantId, before: Timestamp, from: Swept) -> Result<LetGo, StoreError>;

    /// Lets go of what reps were given before this time and have in hand no more, where that was
    /// counted; gives how many leads that were.
    ///
    /// # Errors
    /// When the database fails; then nothing went.
    async fn uncount(&self, tenant: &TenantId, before: Timestamp) -> Result<u64, StoreError>;
}
