//! A lead as rules, people and files see it, whatever CRM it came from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::LeadId;

/// The most bytes of a lead's id.
pub const ID_MAX: usize = 256;
/// The most bytes of a trigger's name.
pub const TRIGGER_MAX: usize = 64;
/// The most properties of a lead, its company's included.
pub const PROPERTIES_MAX: usize = 2_000;
/// The most bytes of all texts of a lead together.
pub const LEAD_MAX: usize = 256 << 10;

/// Values as CRMs keep them: text, or nothing.
pub type Properties = BTreeMap<String, Option<String>>;

/// A person or record that a rep shall own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// `<connection>:<object>:<id in the CRM>`, or any text that names the lead.
    pub id: LeadId,
    /// What kind of record it is: `contact`, `company`, `deal`, …
    #[serde(default = "contact")]
    pub object: String,
    /// The record's properties, as text.
    #[serde(default)]
    pub properties: Properties,
    /// Who owns the record: a rep's id, or `<connection>:<owner id>` for somebody else.
    #[serde(default)]
    pub owner: Option<String>,
    /// The CRM says that this owner has left it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owner_left: bool,
    /// The company that the CRM associates with it.
    #[serde(default)]
    pub company: Option<Company>,
    /// What happened with this person before, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastEvent>,
    /// What caused the decision: `created`, `changed`, `manual`, …
    #[serde(default = "manual")]
    pub trigger: String,
}

impl Lead {
    /// A lead of which nothing is known but its id.
    #[must_use]
    pub fn unknown(id: LeadId) -> Self {
        Self {
            id,
            object: contact(),
            properties: Properties::new(),
            owner: None,
            owner_left: false,
            company: None,
            history: Vec::new(),
            trigger: manual(),
        }
    }
}

/// The company of a lead.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Company {
    /// `<connection>:company:<id>`.
    pub id: LeadId,
    /// Its web domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Who owns it, written as a lead's owner is.
    #[serde(default)]
    pub owner: Option<String>,
    /// The CRM says that this owner has left it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owner_left: bool,
    /// Its other properties, as text.
    #[serde(default)]
    pub properties: Properties,
}

/// One thing that happened with this person before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastEvent {
    /// `decision`, `outbound`, …
    pub kind: String,
    /// Whom it concerned, written as an owner is.
    #[serde(default)]
    pub rep: Option<String>,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

impl Default for LeadId {
    fn default() -> Self {
        Self::from("")
    }
}

impl LeadId {
    /// Whether a lead may be called so. An address would stand where nothing is erased.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let id = self.as_str();
        if id.trim().is_empty() || id.len() > ID_MAX {
            return Err(format!("the lead's id has {} bytes, and may have 1 to {ID_MAX}", id.len()));
        }
        if id.contains('@') {
            return Err(
                "the lead's id holds an `@`: ids are kept when a person is erased, so no address may be one".into()
            );
        }
        Ok(())
    }
}

impl Lead {
    /// Whether a lead that came from outside may be decided about.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        self.id.check()?;
        let own = self.properties.iter().chain(self.company.iter().flat_map(|company| &company.properties));
        let (mut number, mut bytes) = (0, self.object.len() + self.trigger.len());
        for (name, value) in own {
            number += 1;
            bytes += name.len() + value.as_ref().map_or(0, String::len);
        }
        bytes += self.history.iter().map(|event| event.kind.len() + 64).sum::<usize>();
        if let Some(company) = &self.company {
            bytes += [&company.domain, &company.name].into_iter().flatten().map(String::len).sum::<usize>();
        }
        if self.trigger.len() > TRIGGER_MAX || self.trigger.contains('@') {
            return Err(format!("the lead's trigger is one word of at most {TRIGGER_MAX} bytes, such as `manual`"));
        }
        if number > PROPERTIES_MAX {
            return Err(format!("the lead has {number} properties, and may have {PROPERTIES_MAX}"));
        }
        if bytes > LEAD_MAX {
            return Err(format!("the lead has {bytes} bytes of text, and may have {LEAD_MAX}"));
        }
        Ok(())
    }

    /// The value of a property; nothing where it is unset or blank.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        known(&self.properties, name)
    }

    /// The newest past event of a kind.
    #[must_use]
    pub fn newest(&self, kind: &str) -> Option<&PastEvent> {
        self.history.iter().filter(|event| event.kind == kind).max_by_key(|event| event.at)
    }
}

impl Company {
    /// The value of a property; nothing where it is unset or blank.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        match name {
            "name" => blank_is_none(self.name.as_deref()),
            "domain" => blank_is_none(self.domain.as_deref()),
            _ => known(&self.properties, name),
        }
    }
}

fn known<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    blank_is_none(properties.get(name).and_then(Option::as_deref))
}

fn blank_is_none(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|text| !text.is_empty())
}

fn contact() -> String {
    "contact".into()
}

fn manual() -> String {
    "manual".into()
}
