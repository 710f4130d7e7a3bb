//! The settings, as `settings.schema.json` describes them to people.

use std::collections::BTreeMap;

use rota_sdk::prelude::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Who gets a person that outbound worked before.
    #[serde(default)]
    pub(crate) hand_off: HandOff,
    /// The destination that hears of a collaborative hand-off.
    pub(crate) tell: Option<String>,
    /// A prior owner covers while a member of one of these pools; none asks for no membership.
    #[serde(default)]
    pub(crate) covering: Vec<String>,
    /// The pool that takes over from prior owners who are gone.
    pub(crate) replacement: Option<String>,
    /// By source class; the first that fits and has somebody available wins.
    #[serde(default)]
    pub(crate) intents: Vec<Intent>,
    /// By place and size; the first that fits and has somebody available wins.
    #[serde(default)]
    pub(crate) territories: Vec<Territory>,
    /// The queue for leads that nobody takes; without it they are passed on.
    pub(crate) queue: Option<String>,
    /// The queue for leads that no source matches.
    #[serde(default = "unclassified")]
    pub(crate) unclassified: String,
    /// Minutes until the first answer, by source class; 0 for no target.
    #[serde(default)]
    pub(crate) response_minutes: BTreeMap<String, u32>,
    /// Count those minutes in the open hours of this calendar.
    pub(crate) calendar: Option<String>,
}

/// Who gets a re-engagement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HandOff {
    /// Whoever worked with the person before.
    #[default]
    Original,
    /// The inbound order, as for a new lead.
    Pool,
    /// The inbound order, and a message to whoever worked with the person before.
    Collaborative,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Intent {
    /// Source classes; one that ends with `*` means all that begin so.
    pub(crate) classes: Vec<String>,
    pub(crate) pool: Option<String>,
    pub(crate) nurture: Option<String>,
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
    /// From so many employees on; without it every size, known or not.
    pub(crate) employees: Option<u32>,
    pub(crate) pool: String,
}

impl Settings {
    /// What serde cannot say in a sentence for people.
    pub(crate) fn check(&self) -> Result<(), SettingsProblem> {
        if self.hand_off == HandOff::Collaborative && self.tell.is_none() {
            let message = "the collaborative hand-off tells a second rep; name a destination of the workspace";
            return Err(SettingsProblem::new("/tell", message));
        }
        let both_or_none = |intent: &Intent| intent.pool.is_some() == intent.nurture.is_some();
        match self.intents.iter().position(both_or_none) {
            Some(place) => {
                let message = "an intent leads to one place; give it either `pool` or `nurture`";
                Err(SettingsProblem::new(["/intents/", &place.to_string()].concat(), message))
            }
            None => Ok(()),
        }
    }
}

impl Intent {
    /// Whether this is the intent of a source class.
    pub(crate) fn fits(&self, class: &str) -> bool {
        self.classes.iter().any(|known| match known.strip_suffix('*') {
            Some(begins) => class.starts_with(begins),
            None => class == known,
        })
    }
}

fn unclassified() -> String {
    "unclassified".to_owned()
}
