//! The settings, as `settings.schema.json` describes them to people.

use std::collections::BTreeMap;

use rota_sdk::prelude::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The table for leads whose country has none of its own.
    pub(crate) table: Option<String>,
    /// Tables by two-letter country code.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, String>,
    /// The country of records that say none.
    pub(crate) country: Option<String>,
    /// Whose code counts: the first that has one that reads.
    #[serde(default = "lead_first")]
    pub(crate) whose: Vec<Whose>,
    /// Whether codes are read as their country writes them, or looked up as they stand.
    #[serde(default = "yes")]
    pub(crate) normalise: bool,
    /// What the tables' values name.
    #[serde(default)]
    pub(crate) values: Values,
    /// Pools by the tables' values; empty where a value is a pool itself.
    #[serde(default)]
    pub(crate) pools: BTreeMap<String, String>,
    /// The pool for leads that the tables do not place.
    pub(crate) otherwise: Option<String>,
    /// Minutes until the first answer, by source class; 0 for no target.
    #[serde(default)]
    pub(crate) response_minutes: BTreeMap<String, u32>,
    /// Count those minutes in the open hours of this calendar.
    pub(crate) calendar: Option<String>,
}

/// A record that may have a postal code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Whose {
    Lead,
    Company,
}

/// What a value of a table names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Values {
    #[default]
    Pool,
    /// By e-mail address.
    Rep,
}

impl Whose {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Company => "company",
        }
    }
}

impl Settings {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<(), SettingsProblem> {
        if self.table.is_none() && self.tables.is_empty() {
            return Err(SettingsProblem::new("/table", "there is no table to look up in; name one of the workspace"));
        }
        if self.values == Values::Rep && !self.pools.is_empty() {
            let message = "the tables' values are reps, so that no pool is ever asked; leave `pools` or `values` out";
            return Err(SettingsProblem::new("/pools", message));
        }
        Ok(())
    }

    /// The table for a country, with the place of its name in these settings.
    pub(crate) fn table_of(&self, country: Option<&str>) -> Option<(&str, String)> {
        let of_country = country.and_then(|code| self.tables.get_key_value(code));
        let own = of_country.map(|(code, table)| (table.as_str(), ["/tables/", code].concat()));
        own.or_else(|| self.table.as_deref().map(|table| (table, "/table".to_owned())))
    }
}

fn lead_first() -> Vec<Whose> {
    vec![Whose::Lead, Whose::Company]
}

fn yes() -> bool {
    true
}
