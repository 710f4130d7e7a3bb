//! The settings, as `settings.schema.json` describes them to people.

use std::collections::BTreeMap;

use rota_sdk::prelude::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Without it company size does not matter.
    pub(crate) enterprise: Option<Enterprise>,
    /// The first that fits and has somebody available wins.
    #[serde(default)]
    pub(crate) territories: Vec<Territory>,
    /// Minutes until the first answer, by source class; 0 for no target.
    #[serde(default)]
    pub(crate) response_minutes: BTreeMap<String, u32>,
    /// Count those minutes in the open hours of this calendar.
    pub(crate) calendar: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enterprise {
    /// From so many employees on.
    pub(crate) employees: u32,
    pub(crate) pool: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Territory {
    /// Two-letter codes; empty for everywhere, known or not.
    #[serde(default)]
    pub(crate) countries: Vec<String>,
    /// States or provinces; empty for the whole country.
    #[serde(default)]
    pub(crate) states: Vec<String>,
    pub(crate) pool: String,
}
