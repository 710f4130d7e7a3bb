//! Which writes are refused, and in which words. Looks at the state and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Edition;
use crate::associations;
use crate::catalogue::{Catalogue, OWNER};
use crate::errors::{ApiError, InvalidValue};
use crate::id::Id;
use crate::kind::Kind;
use crate::seed::{OwnerRule, Seed};
use crate::state::{Record, State};
use crate::writes::NewRecord;

/// The longest note body.
const MAX_NOTE_CHARS: usize = 65_536;

/// Everything a check looks at.
pub(crate) struct Checks<'a> {
    pub(crate) seed: &'a Seed,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) state: &'a State,
    pub(crate) edition: Edition,
}

impl Checks<'_> {
    /// Whether a record may be made.
    pub(crate) fn creation(&self, kind: Kind, made: &NewRecord) -> Result<(), ApiError> {
        self.values(kind, &made.properties)?;
        let unset = |name: &&str| made.properties.get(*name).is_none_or(String::is_empty);
        let always: &[&str] = if matches!(kind, Kind::Task | Kind::Note) { &["hs_timestamp"] } else { &[] };
        let missing: Vec<&str> = always.iter().copied().chain(self.required(kind)).filter(unset).collect();
        if !missing.is_empty() {
            return Err(ApiError::missing_properties(kind.singular(), &missing));
        }
        if kind == Kind::Contact
            && let Some(email) = made.properties.get("email")
            && let Some(other) = self.state.contact_by_email(email)
        {
            return Err(ApiError::exists(other));
        }
        for (to_kind, to, types) in &made.associations {
            self.association((kind, None), (*to_kind, *to), types)?;
        }
        Ok(())
    }

    /// Whether a record may be changed so.
    pub(crate) fn update(
        &self,
        kind: Kind,
        record: &Record,
        properties: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        self.values(kind, properties)?;
        let empty_after =
            |name: &&str| properties.get(*name).map(String::as_str).or(record.get(name)).is_none_or(str::is_empty);
        let missing: Vec<InvalidValue> = self
            .required(kind)
            .filter(empty_after)
            .map(|name| InvalidValue {
                name: name.to_owned(),
                error: "REQUIRED_PROPERTY",
                message: format!("Property \"{name}\" is required by a rule of the account."),
            })
            .collect();
        if !missing.is_empty() {
            return Err(ApiError::invalid_values(&missing, self.seed.portal_id));
        }
        if kind == Kind::Contact
            && let Some(email) = properties.get("email")
            && let Some(other) = self.state.contact_by_email(email).filter(|other| *other != record.id)
        {
            return Err(ApiError::exists(other));
        }
        Ok(())
    }

    /// Whether two records may be associated under these types.
    pub(crate) fn association(
        &self,
        (from_kind, from): (Kind, Option<Id>),
        (to_kind, to): (Kind, Id),
        types: &BTreeSet<u32>,
    ) -> Result<(), ApiError> {
        let (one, other) = (from_kind.singular(), to_kind.singular());
        if associations::default_type(from_kind, to_kind).is_none() {
            return Err(ApiError::validation(format!("{one} cannot be associated with {other}")));
        }
        if let Some(id) = types.iter().find(|id| associations::type_of(from_kind, to_kind, **id).is_none()) {
            let message = format!("associationTypeId {id} doesn't exist or is not valid from {one} to {other}");
            return Err(ApiError::validation(message));
        }
        let ends = [from.map(|id| (from_kind, id)), Some((to_kind, to))];
        match ends.into_iter().flatten().find(|(kind, id)| self.state.live(*kind, *id).is_none()) {
            Some((kind, id)) => Err(ApiError::validation(format!("No {} with ID {id} exists", kind.singular()))),
            None => Ok(()),
        }
    }

    /// The properties an administrator made required, where this API version enforces them.
    fn required(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let enforced = self.edition.enforces_required_properties();
        let rules = self.seed.required_properties.iter();
        let ours = rules.filter(move |(name, _)| enforced && Kind::parse(name) == Some(kind));
        ours.flat_map(|(_, names)| names.iter().map(String::as_str))
    }

    fn values(&self, kind: Kind, properties: &BTreeMap<String, String>) -> Result<(), ApiError> {
        let refused: Vec<InvalidValue> =
            properties.iter().filter_map(|(name, value)| self.refused_value(kind, name, value)).collect();
        if refused.is_empty() { Ok(()) } else { Err(ApiError::invalid_values(&refused, self.seed.portal_id)) }
    }

    fn refused_value(&self, kind: Kind, name: &str, value: &str) -> Option<InvalidValue> {
        let refuse = |error, message| Some(InvalidValue { name: name.to_owned(), error, message });
        let Some(property) = self.catalogue.get(kind, name) else {
            return refuse("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist"));
        };
        if property.read_only {
            let message = format!("\"{name}\" is a read only property; its value cannot be set.");
            return refuse("READ_ONLY_VALUE", message);
        }
        if value.is_empty() {
            return None;
        }
        if name == OWNER && !self.owner_accepted(value) {
            return refuse("INVALID_OWNER_ID", format!("{value} is not the id of an active owner."));
        }
        if name == "hs_note_body" && value.chars().count() > MAX_NOTE_CHARS {
            return refuse("VALUE_TOO_LONG", format!("A note has at most {MAX_NOTE_CHARS} characters."));
        }
        let (error, message) = property.refuses(value)?;
        refuse(error, message)
    }

    fn owner_accepted(&self, value: &str) -> bool {
        let rules = &self.seed.owner_rules;
        let owner = Id::parse(value).and_then(|id| self.state.owners.get(&id));
        let rule = match owner {
            Some(owner) if !owner.archived => return true,
            Some(_) => rules.archived,
            None if self.state.owners.values().any(|owner| owner.user_id.to_string() == value) => rules.user_id,
            None => rules.unknown,
        };
        rule == OwnerRule::Accept
    }
}
