//! What a write does to the state, and which changes follow from it. A write was checked before it
//! comes here, so that a batch either happens or does not.

use std::collections::BTreeMap;

use anyhow::bail;
use jiff::Timestamp;

use crate::associations::{PRIMARY_COMPANY, TypeIds};
use crate::catalogue::{Catalogue, LIFECYCLE_STAGE, LIFECYCLE_STAGES};
use crate::clock::rfc3339;
use crate::id::Id;
use crate::kind::Kind;
use crate::seed::{ContactSeed, RecordSeed};
use crate::state::{Record, State, Version};

/// Who changed something, in the CRM's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) source: &'static str,
    pub(crate) source_id: String,
    /// The user, where a person did it.
    pub(crate) user_id: Option<u64>,
}

impl Actor {
    /// A client of the API: its source id is the bare app id.
    pub(crate) fn integration(app_id: u64) -> Self {
        Self { source: "INTEGRATION", source_id: app_id.to_string(), user_id: None }
    }

    /// A person at the screen.
    pub(crate) fn person(user_id: u64) -> Self {
        Self { source: "CRM_UI", source_id: format!("userId:{user_id}"), user_id: Some(user_id) }
    }

    /// What was there from the start.
    pub(crate) fn import() -> Self {
        Self { source: "IMPORT", source_id: String::new(), user_id: None }
    }
}

/// Something that happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) id: Id,
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Created,
    Deleted,
    /// A property got another value; `at_creation` where the record is new.
    Set {
        name: String,
        value: String,
        at_creation: bool,
    },
}

/// A record to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewRecord {
    pub(crate) id: Option<Id>,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) associations: Vec<(Kind, Id, TypeIds)>,
    pub(crate) merged_ids: Vec<Id>,
}

impl From<RecordSeed> for NewRecord {
    fn from(seed: RecordSeed) -> Self {
        Self { id: seed.id, properties: seed.properties, ..Self::default() }
    }
}

impl From<ContactSeed> for NewRecord {
    fn from(seed: ContactSeed) -> Self {
        let primary = |company| (Kind::Company, company, TypeIds::from([PRIMARY_COMPANY]));
        Self {
            id: seed.id,
            properties: seed.properties,
            associations: seed.company.map(primary).into_iter().collect(),
            merged_ids: seed.merged_ids,
        }
    }
}

/// Makes a record of the seed, with only the checks that keep the state sound.
pub(crate) fn seed(
    state: &mut State,
    catalogue: &Catalogue,
    kind: Kind,
    made: NewRecord,
    actor: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    if let Some(id) = made.id.filter(|id| state.taken(kind, *id)) {
        bail!("the id {id} is given twice; give each record its own");
    }
    if let Some(name) = made.properties.keys().find(|name| catalogue.get(kind, name).is_none()) {
        bail!("property `{name}` does not exist; add it under `properties.{}`", kind.plural());
    }
    if let Some((_, company, _)) = made.associations.iter().find(|(kind, id, _)| state.live(*kind, *id).is_none()) {
        bail!("company {company} does not exist; list it under `companies`");
    }
    if let Some(email) = made.properties.get("email").filter(|email| state.contact_by_email(email).is_some()) {
        bail!("two contacts have the address {email}; the CRM allows one");
    }
    create(state, kind, made, actor, now);
    Ok(())
}

/// Makes a record.
pub(crate) fn create(
    state: &mut State,
    kind: Kind,
    made: NewRecord,
    actor: &Actor,
    now: Timestamp,
) -> (Id, Vec<Change>) {
    let id = made.id.unwrap_or_else(|| state.free_id(kind));
    let mut record = Record {
        id,
        properties: BTreeMap::new(),
        history: BTreeMap::new(),
        created_at: now,
        updated_at: now,
        archived_at: None,
    };
    let mut changes = vec![Change { kind, id, what: What::Created }];
    record.properties.insert("hs_object_id".to_owned(), id.to_string());
    record.properties.insert(kind.created().to_owned(), rfc3339(now));
    record.properties.insert(kind.modified().to_owned(), rfc3339(now));
    for (name, value) in made.properties.into_iter().filter(|(_, value)| !value.is_empty()) {
        record.keep(&name, &value, actor, now);
        changes.push(Change { kind, id, what: What::Set { name, value, at_creation: true } });
    }
    if kind == Kind::Contact
        && let Some(email) = record.get("email")
    {
        state.reindex_email(None, Some((email, id)));
    }
    state.insert(kind, record, &made.merged_ids);
    for (to_kind, to, types) in made.associations {
        state.associations.add((kind, id), (to_kind, to), &types);
    }
    (id, changes)
}

/// Sets properties of a record; the empty string clears one. Values that stay the same change
/// nothing but the date of the last change.
pub(crate) fn update(
    state: &mut State,
    kind: Kind,
    id: Id,
    properties: &BTreeMap<String, String>,
    actor: &Actor,
    now: Timestamp,
) -> Vec<Change> {
    let Some(record) = state.any_mut(kind, id) else {
        return Vec::new();
    };
    let email_before = record.get("email").map(str::to_owned);
    let mut changes = Vec::new();
    for (name, value) in properties {
        let held = record.get(name).unwrap_or_default();
        if held == value || (name == LIFECYCLE_STAGE && actor.user_id.is_none() && goes_back(held, value)) {
            continue;
        }
        record.keep(name, value, actor, now);
        changes.push(Change {
            kind,
            id,
            what: What::Set { name: name.clone(), value: value.clone(), at_creation: false },
        });
    }
    record.updated_at = now;
    record.properties.insert(kind.modified().to_owned(), rfc3339(now));
    let email_after = record.get("email").map(str::to_owned);
    if kind == Kind::Contact && email_before != email_after {
        state.reindex_email(email_before.as_deref(), email_after.as_deref().map(|email| (email, id)));
    }
    changes
}

/// Archives a record; doing so again does nothing.
pub(crate) fn archive(state: &mut State, kind: Kind, id: Id, now: Timestamp) -> Vec<Change> {
    let Some(record) = state.any_mut(kind, id).filter(|record| record.archived_at.is_none()) else {
        return Vec::new();
    };
    record.archived_at = Some(now);
    let email = record.get("email").map(str::to_owned);
    if kind == Kind::Contact {
        state.reindex_email(email.as_deref(), None);
    }
    state.associations.forget((kind, id));
    vec![Change { kind, id, what: What::Deleted }]
}

/// Whether the API would move a stage back, which the CRM passes over in silence; clearing is
/// allowed, and after it any stage.
fn goes_back(from: &str, to: &str) -> bool {
    let rank = |stage: &str| LIFECYCLE_STAGES.iter().position(|known| *known == stage);
    rank(to).zip(rank(from)).is_some_and(|(to, from)| to < from)
}

impl Record {
    fn keep(&mut self, name: &str, value: &str, actor: &Actor, at: Timestamp) {
        let version = Version { value: value.to_owned(), at, actor: actor.clone() };
        self.history.entry(name.to_owned()).or_default().push(version);
        if value.is_empty() {
            self.properties.remove(name);
        } else {
            self.properties.insert(name.to_owned(), value.to_owned());
        }
    }
}
