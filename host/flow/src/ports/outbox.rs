//! Effects on their way, and the port to what has not reached the world yet, as a person looks
//! at it: by state, by connection, by cause; and many at once.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::delivery::Trouble;
use rota_domain::effect::Effect;
use rota_domain::id::{ConnectionId, DecisionId, LeadId, TenantId};

use super::{Arrival, StoreError};

/// Where an effect is on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// The tenant.
    pub tenant: TenantId,
    /// The effect.
    pub effect: Effect,
    /// The decision that caused it.
    pub decision: DecisionId,
    /// The lead.
    pub lead: LeadId,
    /// Where it is.
    pub state: LaneState,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed, or why nothing was sent.
    pub cause: Option<String>,
    /// When it reached this state, or is tried next.
    pub at: Timestamp,
}

/// Where an effect is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneState {
    /// It waits, or is being sent.
    Waiting,
    /// It is let go when its decision's owner is confirmed.
    Held,
    /// It was delivered.
    Done,
    /// A newer decision made it needless, or somebody else owns the record.
    Superseded,
    /// A person has to look.
    Dead,
    /// A person dropped it.
    Dropped,
}

impl LaneState {
    /// The state as people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Done => "done",
            Self::Superseded => "superseded",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Waiting, Self::Held, Self::Done, Self::Superseded, Self::Dead, Self::Dropped];
        all.into_iter().find(|state| state.as_str() == name)
    }
}

/// A lane's head, leased to whoever claimed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The tenant.
    pub tenant: TenantId,
    /// The lane.
    pub lane: String,
    /// Proof that the lease is still held; a later claim has a larger one.
    pub fence: i64,
    /// The number of this attempt, from 1. Where the lease of the claim before ran out, nobody
    /// knows how far that one came: then this is at least 2, now and whenever the effect is
    /// claimed later, and what may have come through is looked for before it is sent.
    pub attempt: u32,
    /// What is to be done: the first that waits in the lane and that no newer owner cancels.
    /// Of owners, that is the newest. When it reaches its end, whichever, it supersedes what
    /// older decisions with an owner still have in the lane.
    pub effect: Effect,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The claim.
    pub claim: Claim,
    /// What became of it.
    pub settle: Settle,
    /// When.
    pub at: Timestamp,
}

/// What becomes of a claimed effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Settle {
    /// Delivered. An owner confirms the decision's owner, and lets go what its decision holds
    /// back until then; a task counts as notice.
    Done,
    /// Not needed any more, for this reason. What waits in the lane for the same decision
    /// is superseded with it, and with an owner what its decision holds back.
    Superseded(String),
    /// To be tried again. `counts` is false where the connection was at fault.
    Retry {
        /// Not before this time.
        at: Timestamp,
        /// Whether this was an attempt.
        counts: bool,
        /// What it met, where it was tried.
        trouble: Option<Trouble>,
        /// Why.
        cause: String,
    },
    /// To be looked at by a person. An owner that is dead takes the rest of its decision's
    /// effects with it, and puts this arrival into the inbox, so that the lead is decided
    /// about again.
    Dead {
        /// Which trouble.
        trouble: Trouble,
        /// Why.
        cause: String,
        /// What arrives instead.
        again: Option<Arrival>,
    },
}

/// What a person does to an effect in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Try again now, as after a single failed attempt: the waits begin anew, and what an
    /// earlier attempt may have brought through is looked for before it is sent. With a dead
    /// owner comes back what it took along when it died.
    Retry,
    /// Give it up.
    Drop,
}

/// Which effects are looked for, and how many of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// In this state; without one, those that wait, are held or are dead.
    pub state: Option<LaneState>,
    /// For this connection.
    pub connection: Option<ConnectionId>,
    /// With this cause: the name of a [`Trouble`].
    pub cause: Option<String>,
    /// Behind the effect of this number.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// An effect as a person looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Its number; later effects have larger ones.
    pub number: u64,
    /// Where it is on its way.
    pub row: OutboxRow,
    /// What it met last.
    pub trouble: Option<Trouble>,
}

/// Effects that were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Letters {
    /// Those that can be read.
    pub letters: Vec<Letter>,
    /// The number of the last that was looked at, whether it can be read or not.
    pub last: Option<u64>,
}

/// Effects of one connection that met the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The connection.
    pub connection: ConnectionId,
    /// Whether they are dead or tried again.
    pub state: LaneState,
    /// What they met.
    pub trouble: Trouble,
    /// How many.
    pub effects: u64,
    /// When the first of them met it, or is tried next.
    pub oldest: Timestamp,
}

/// Dead effects, to be mended together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// With this cause; without one, whatever it is.
    pub cause: Option<String>,
    /// Of this connection; without one, of all.
    pub connection: Option<ConnectionId>,
}

/// What waits for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The connection.
    pub connection: ConnectionId,
    /// Effects that may go, now or later.
    pub waiting: u64,
    /// Effects that a person has to look at.
    pub dead: u64,
}

/// What has not reached the world yet.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Effects, the oldest first. One that cannot be read is left out, and said in the
    /// operator's log: only where `last` is none there are no more.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn list(&self, tenant: &TenantId, sought: &Sought) -> Result<Letters, StoreError>;

    /// What effects met that wait or are dead, the most frequent first.
    async fn causes(&self, tenant: &TenantId) -> Result<Vec<Cause>, StoreError>;

    /// Retries or drops dead effects, some hundreds in a commit, so that nobody waits for all
    /// of them. Gives the number.
    async fn mend(&self, tenant: &TenantId, group: &Group, repair: Repair, now: Timestamp) -> Result<u64, StoreError>;

    /// What waits for each connection that something waits for.
    async fn loads(&self, tenant: &TenantId) -> Result<Vec<Load>, StoreError>;

    /// Lets what waits for a connection be tried now, whatever time was set.
    async fn hurry(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<(), StoreError>;
}
