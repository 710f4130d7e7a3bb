//! What the demonstration starts with: a workspace inside the binary, and companies and
//! people drawn from a seed. The people are as untidy as in life: countries written in every
//! way, sizes that are no numbers, the same person twice, an owner who has left.

mod people;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use rota_domain::workspace::Workspace;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Bundle;
use people::Crowd;

/// The demonstration's workspace.
pub const WORKSPACE: Bundle = Bundle {
    name: "demo",
    files: &[
        ("workspace.toml", include_bytes!("../../demo/workspace.toml")),
        ("settings/inbound.json", include_bytes!("../../demo/settings/inbound.json")),
        ("settings/outbound.json", include_bytes!("../../demo/settings/outbound.json")),
        ("settings/re-engagement.json", include_bytes!("../../demo/settings/re-engagement.json")),
    ],
};

/// The rep who has left the CRM, though the workspace still has them.
pub const ARCHIVED_REP: &str = "hugo";

/// The properties that the CRM's account has besides its own.
const CUSTOM: [(&str, &str); 5] = [
    ("hs_form", "Form"),
    ("numberofemployees", "Number of employees"),
    ("rota_queue", "Queue"),
    ("rota_nurture", "Nurture programme"),
    ("rota_segment", "Segment"),
];

/// Everything that the demonstration puts into the CRM.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The CRM's owners: a rep each.
    pub owners: Vec<Owner>,
    /// The companies, there from the start.
    pub companies: Vec<Company>,
    /// The contacts, in the order in which they arrive.
    pub contacts: Vec<Contact>,
}

/// An owner of the CRM.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Owner {
    /// What records carry.
    pub id: String,
    /// Another number, which is no owner id.
    pub user_id: u64,
    /// The address.
    pub email: Option<String>,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Whether they have left.
    pub archived: bool,
}

/// A company of the CRM.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Company {
    /// Its id.
    pub id: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
}

/// A contact as `POST /_sandbox/contacts` takes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contact {
    /// Its properties.
    pub properties: BTreeMap<String, String>,
    /// The company's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The earlier contact of the same person, by its place in the list.
    #[serde(skip)]
    pub twin_of: Option<usize>,
}

impl Data {
    /// Draws so many contacts, twins among them, with owners after the workspace's reps. The
    /// same seed gives the same data.
    #[must_use]
    pub fn generate(seed: u64, contacts: usize, workspace: &Workspace) -> Self {
        let owners = owners(workspace);
        let mut crowd = Crowd::new(seed, &owners);
        let companies = crowd.companies(contacts / 12 + 12);
        let contacts = crowd.contacts(contacts, &companies);
        Self { owners, companies, contacts }
    }

    /// How many contacts are somebody's second.
    #[must_use]
    pub fn twins(&self) -> usize {
        self.contacts.iter().filter(|contact| contact.twin_of.is_some()).count()
    }

    /// The seed file of the CRM's double. The contacts are not in it: they arrive later.
    #[must_use]
    pub fn seed_file(&self, portal_id: u64, token: &str, random_seed: u64) -> Value {
        let custom = CUSTOM.map(|(name, label)| json!({"name": name, "label": label}));
        json!({
            "portal_id": portal_id,
            "random_seed": random_seed,
            "tokens": [{"token": token}],
            "subscriptions": [
                {"subscription_type": "contact.creation"},
                {"subscription_type": "contact.propertyChange", "property_name": "lifecyclestage"},
                {"subscription_type": "contact.propertyChange", "property_name": "hs_form"},
            ],
            "properties": {"contacts": custom},
            "owners": self.owners,
            "companies": self.companies,
        })
    }
}

fn owners(workspace: &Workspace) -> Vec<Owner> {
    let in_crm = workspace.reps.iter().filter_map(|rep| Some((rep, rep.crm.values().next()?)));
    (9_586_500..)
        .zip(in_crm)
        .map(|(user_id, (rep, id))| {
            let (first, last) = rep.title().split_once(' ').unwrap_or((rep.title(), ""));
            Owner {
                id: id.to_string(),
                user_id,
                email: rep.email.clone(),
                first_name: first.into(),
                last_name: last.into(),
                archived: rep.id.as_str() == ARCHIVED_REP,
            }
        })
        .collect()
}
