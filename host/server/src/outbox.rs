//! Effects on their way, as they are listed for people, over HTTP and in a database alike; and
//! what a person does about them.

use jiff::Timestamp;
use rota_domain::access::Change;
use rota_domain::delivery::Trouble;
use rota_domain::id::{EffectId, TenantId};
use rota_flow::ports::{Access, Group, Letter, Outbox, Repair, Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An effect on its way.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct OutboxEffect {
    /// Its number, to go on behind it.
    pub number: u64,
    /// Its id.
    pub effect: String,
    /// What it does: `owner`, `property`, `task`, `note` or `notify`.
    pub kind: String,
    /// For whom it is.
    pub connection: String,
    /// The decision that it follows from.
    pub decision: String,
    /// The lead.
    pub lead: String,
    /// Where it is.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// The kind of what it met last.
    pub cause: Option<String>,
    /// That in words, or why nothing was sent.
    pub detail: Option<String>,
    /// What to do about it.
    pub mend: Option<String>,
    /// When it reached this state, or is tried next.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

impl From<Letter> for OutboxEffect {
    fn from(Letter { number, row, trouble }: Letter) -> Self {
        Self {
            number,
            effect: row.effect.id.to_string(),
            kind: row.effect.act.kind().into(),
            connection: row.effect.connection.to_string(),
            decision: row.decision.to_string(),
            lead: row.lead.to_string(),
            state: row.state.as_str().into(),
            attempts: row.attempts,
            cause: trouble.as_ref().map(|trouble| trouble.code().into()),
            detail: row.cause,
            mend: trouble.map(|trouble| trouble.mend().into()),
            at: row.at,
        }
    }
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Mended {
    /// How many effects it was.
    pub effects: u64,
}

/// Whether effects can have this cause.
#[must_use]
pub fn is_cause(code: &str) -> bool {
    Trouble::CODES.contains(&code)
}

/// Which effects a person means.
#[derive(Debug)]
pub enum Choice {
    /// The one of this id, waiting or dead.
    One(EffectId),
    /// Dead ones.
    Dead(Group),
}

/// The ports through which effects are mended.
pub struct Mending<'a> {
    /// For one effect.
    pub store: &'a dyn Store,
    /// For many.
    pub outbox: &'a dyn Outbox,
    /// For the note of who did it.
    pub access: &'a dyn Access,
}

impl Mending<'_> {
    /// Retries or drops effects, and notes who did it. Gives their number; 0 where there is none
    /// of this id, which is not noted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mend(
        &self,
        tenant: &TenantId,
        choice: Choice,
        repair: Repair,
        who: String,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (thing, effects) = match choice {
            Choice::One(effect) => {
                if !self.store.repair(tenant, &effect, repair, now).await? {
                    return Ok(0);
                }
                (effect.to_string(), 1)
            }
            Choice::Dead(group) => {
                let connection = group.connection.as_ref().map_or("all", |connection| connection.as_str());
                let thing = format!("{} of {connection}", group.cause.as_deref().unwrap_or("all"));
                (thing, self.outbox.mend(tenant, &group, repair, now).await?)
            }
        };
        let action = match repair {
            Repair::Retry => "outbox.retried",
            Repair::Drop => "outbox.dropped",
        };
        let detail = Some(format!("{effects} effects"));
        let change = Change { at: now, who, action: action.into(), thing, detail };
        self.access.changed(Some(tenant), change).await?;
        Ok(effects)
    }
}
