//! What the CRM itself says, held against what was decided.

use std::collections::BTreeMap;

use rota_domain::id::LeadId;
use rota_flow::ports::Stored;
use serde_json::Value;

/// The owner of each contact in the CRM.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    owners: BTreeMap<String, Option<String>>,
}

/// Decisions held against the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Contacts that were to get an owner.
    pub expected: usize,
    /// Contacts that have one.
    pub present: usize,
    /// Contacts with another owner than decided, or with none, or never decided about.
    pub mismatches: usize,
}

impl Truth {
    /// Reads the double's state.
    #[must_use]
    pub fn read(state: &Value) -> Self {
        let contacts = state["contacts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let owner = |contact: &Value| {
            let owner = contact["properties"]["hubspot_owner_id"].as_str().unwrap_or_default();
            (!owner.is_empty()).then(|| owner.to_owned())
        };
        let owners = contacts.iter().map(|contact| (id(&contact["id"]), owner(contact)));
        Self { owners: owners.collect() }
    }

    /// Holds the last word about each contact against its owner.
    #[must_use]
    pub fn compare(&self, decisions: &[Stored], connection: &str) -> Comparison {
        let mut decided: BTreeMap<&LeadId, Option<&str>> = BTreeMap::new();
        for stored in decisions {
            let decision = &stored.decision;
            let owner = decision.owner.as_ref().map(rota_domain::id::OwnerId::as_str);
            decided.insert(&decision.lead, owner);
        }
        let mut comparison = Comparison::default();
        for (contact, owner) in &self.owners {
            let lead = LeadId::from(format!("{connection}:contact:{contact}"));
            let expected = decided.get(&lead);
            comparison.expected += usize::from(expected.is_some_and(Option::is_some));
            comparison.present += usize::from(owner.is_some());
            comparison.mismatches += usize::from(expected.copied() != Some(owner.as_deref()));
        }
        comparison
    }
}

fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
