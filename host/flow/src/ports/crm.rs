//! The port to CRMs.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rota_domain::delivery::Trouble;
use rota_domain::effect::Effect;
use rota_domain::id::{EffectId, OwnerId};
use rota_domain::lead::{Company, Properties};
use rota_domain::property::Kind;

/// A record in a CRM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// The kind of record, such as `contact`.
    pub object: String,
    /// Its id in the CRM.
    pub id: String,
}

/// What is to be read of each record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Properties of the record.
    pub properties: BTreeSet<String>,
    /// Whether its company is wanted.
    pub company: bool,
    /// Properties of the company, besides name, domain and owner.
    pub company_properties: BTreeSet<String>,
}

/// A record as it is in the CRM now.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The wanted properties that the CRM has; an unset one may be absent or `None`.
    pub properties: Properties,
    /// Its owner.
    pub owner: Option<OwnerId>,
    /// Its primary company. `Company::owner` holds the bare CRM owner id here.
    pub company: Option<Company>,
}

/// One owner in a CRM's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryOwner {
    /// The id that records carry.
    pub id: OwnerId,
    /// Their e-mail address.
    pub email: Option<String>,
    /// What people call them.
    pub name: String,
    /// Whether they have left the CRM.
    pub archived: bool,
}

/// Everybody who can own records in a CRM, and who could once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The owners.
    pub owners: Vec<DirectoryOwner>,
}

impl Directory {
    /// The owner with this id.
    #[must_use]
    pub fn owner(&self, id: &OwnerId) -> Option<&DirectoryOwner> {
        self.owners.iter().find(|owner| owner.id == *id)
    }
}

/// A property as a CRM defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyInfo {
    /// Its internal name.
    pub name: String,
    /// The type that its values read as.
    pub kind: Kind,
    /// The CRM's own word for its type.
    pub said: String,
    /// Whether the CRM lets anybody write it.
    pub writable: bool,
    /// Whether its values come only with leave of their own.
    pub sensitive: bool,
    /// The values that it can have; none means any.
    pub options: Vec<String>,
}

/// The account that credentials belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// Its number, which the CRM signs its webhooks with.
    pub portal: u64,
}

/// What became of an effect that the CRM took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It is done.
    Done,
    /// Somebody active owns the record by now, and the flow keeps owners: nothing was done.
    OwnedBy(OwnerId),
}

/// Why a call to a CRM came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct CrmError {
    /// What to do next.
    pub trouble: Trouble,
    /// What happened, which thing, what to do; for people.
    pub detail: String,
}

/// Whoever carries effects out: a CRM's account, or a destination of messages.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Carries effects out, at most one for each record, and says of each what became of
    /// it. `attempt` is 1 for the first; from 2 on an earlier attempt may have come through,
    /// and what has no idempotency on the other side is looked for before it is sent.
    async fn deliver(&self, effects: &[(Effect, u32)]) -> Vec<(EffectId, Result<Delivered, CrmError>)>;
}

/// One account in one CRM.
#[async_trait]
pub trait Crm: Carrier {
    /// Reads records of one kind, in the order asked; `None` for one that the CRM does not
    /// have.
    ///
    /// # Errors
    /// When nothing could be read.
    async fn read(&self, records: &[RecordRef], wanted: &Wanted) -> Result<Vec<Option<Reading>>, CrmError>;

    /// Reads the directory of owners anew, the archived ones too, and remembers it: owners
    /// are checked against it before they are written.
    ///
    /// # Errors
    /// When it could not be read.
    async fn directory(&self) -> Result<Directory, CrmError>;

    /// The properties of one kind of records.
    ///
    /// # Errors
    /// When they could not be read.
    async fn properties(&self, object: &str) -> Result<Vec<PropertyInfo>, CrmError>;

    /// Whose account the credentials open.
    ///
    /// # Errors
    /// When it could not be asked.
    async fn account(&self) -> Result<AccountInfo, CrmError>;
}
