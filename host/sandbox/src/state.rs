//! What the double remembers: records, owners and associations. Plain data and look-ups; who may
//! write what is `checks`, what a write does is `writes`.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, bail};
use jiff::Timestamp;

use crate::associations::Associations;
use crate::catalogue::Catalogue;
use crate::id::Id;
use crate::kind::Kind;
use crate::seed::{OwnerSeed, Seed};
use crate::writes::{self, Actor};

/// A contact, company, task or note.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: Id,
    /// Values by name; an empty property is not in here.
    pub(crate) properties: BTreeMap<String, String>,
    /// Every value a property has had, oldest first.
    pub(crate) history: BTreeMap<String, Vec<Version>>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) archived_at: Option<Timestamp>,
}

/// A value that a property had, since when and by whose hand.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) value: String,
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
}

/// Everything the double remembers.
pub(crate) struct State {
    records: BTreeMap<Kind, BTreeMap<Id, Record>>,
    pub(crate) owners: BTreeMap<Id, OwnerSeed>,
    pub(crate) owners_since: Timestamp,
    pub(crate) associations: Associations,
    /// Ids of merged contacts and where they went.
    merged: BTreeMap<Id, Id>,
    /// Contacts by lower-case address, so that creating many stays quick.
    emails: HashMap<String, Id>,
    next_id: u64,
}

impl State {
    /// The state a seed describes; says which key is wrong where it cannot be.
    pub(crate) fn from_seed(seed: &Seed, catalogue: &Catalogue, now: Timestamp) -> anyhow::Result<Self> {
        for kind in seed.properties.keys().chain(seed.required_properties.keys()) {
            if Kind::parse(kind).is_none() {
                bail!("seed: `{kind}` is no object type; use contacts, companies, deals, tasks or notes");
            }
        }
        let mut state = Self {
            records: BTreeMap::new(),
            owners: BTreeMap::new(),
            owners_since: now,
            associations: Associations::default(),
            merged: BTreeMap::new(),
            emails: HashMap::new(),
            next_id: seed.first_id,
        };
        for owner in &seed.owners {
            if state.owners.insert(owner.id, owner.clone()).is_some() {
                bail!("seed: two owners have the id {}; give each its own", owner.id);
            }
        }
        let actor = Actor::import();
        for company in &seed.companies {
            let made = writes::NewRecord::from(company.clone());
            writes::seed(&mut state, catalogue, Kind::Company, made, &actor, now).context("seed: companies")?;
        }
        for contact in &seed.contacts {
            let made = writes::NewRecord::from(contact.clone());
            writes::seed(&mut state, catalogue, Kind::Contact, made, &actor, now).context("seed: contacts")?;
        }
        Ok(state)
    }

    /// A record that is not archived.
    pub(crate) fn live(&self, kind: Kind, id: Id) -> Option<&Record> {
        self.any(kind, id).filter(|record| record.archived_at.is_none())
    }

    /// A record, archived or not.
    pub(crate) fn any(&self, kind: Kind, id: Id) -> Option<&Record> {
        self.records.get(&kind)?.get(&id)
    }

    pub(crate) fn any_mut(&mut self, kind: Kind, id: Id) -> Option<&mut Record> {
        self.records.get_mut(&kind)?.get_mut(&id)
    }

    pub(crate) fn all(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records.get(&kind).into_iter().flat_map(BTreeMap::values)
    }

    /// Where a contact went that was merged into another.
    pub(crate) fn merged_into(&self, kind: Kind, id: Id) -> Option<Id> {
        if kind == Kind::Contact { self.merged.get(&id).copied() } else { None }
    }

    /// The live contact with this address, whatever its case.
    pub(crate) fn contact_by_email(&self, email: &str) -> Option<Id> {
        self.emails.get(&email.to_lowercase()).copied()
    }

    /// The live record whose property has this value.
    pub(crate) fn by_property(&self, kind: Kind, name: &str, value: &str) -> Option<Id> {
        if (kind, name) == (Kind::Contact, "email") {
            return self.contact_by_email(value);
        }
        let mut live = self.all(kind).filter(|record| record.archived_at.is_none());
        live.find(|record| record.properties.get(name).is_some_and(|held| held == value)).map(|record| record.id)
    }

    /// Whether an id is in use for any purpose within its type.
    pub(crate) fn taken(&self, kind: Kind, id: Id) -> bool {
        self.any(kind, id).is_some() || self.merged_into(kind, id).is_some()
    }

    pub(crate) fn free_id(&mut self, kind: Kind) -> Id {
        while self.taken(kind, Id(self.next_id)) {
            self.next_id += 1;
        }
        self.next_id += 1;
        Id(self.next_id - 1)
    }

    pub(crate) fn insert(&mut self, kind: Kind, record: Record, merged_ids: &[Id]) {
        self.merged.extend(merged_ids.iter().map(|old| (*old, record.id)));
        self.records.entry(kind).or_default().insert(record.id, record);
    }

    /// Keeps the address index right; to be called around every change of an address.
    pub(crate) fn reindex_email(&mut self, before: Option<&str>, after: Option<(&str, Id)>) {
        if let Some(before) = before {
            self.emails.remove(&before.to_lowercase());
        }
        if let Some((after, id)) = after {
            self.emails.insert(after.to_lowercase(), id);
        }
    }
}

impl Record {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}
