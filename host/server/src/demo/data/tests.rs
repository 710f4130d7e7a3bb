//! What the drawn data promises: what the double takes, who is the same person, and that nobody
//! is real.

use std::collections::HashSet;

use rota_domain::class::{KNOWN, classify};
use rota_domain::event::Event;
use rota_domain::lead::Lead;
use rota_domain::person::PersonKey;
use serde_json::json;

use super::*;
use crate::config::{Loaded, load_workspace};

fn loaded() -> Loaded {
    load_workspace(&WORKSPACE).unwrap()
}

fn data(seed: u64) -> Data {
    Data::generate(seed, 2_000, &loaded().workspace)
}

fn lead(place: usize, contact: &Contact) -> Lead {
    let lead = json!({"id": format!("hs:contact:{place}"), "properties": contact.properties, "trigger": "created"});
    serde_json::from_value(lead).unwrap()
}

#[test]
fn the_workspace_inside_the_binary_is_sound() {
    let loaded = loaded();
    assert_eq!((loaded.workspace.reps.len(), loaded.workspace.pools.len(), loaded.workspace.flows.len()), (30, 6, 4));
    let manager = &loaded.workspace.pool(&"latam".into()).unwrap().members;
    assert_eq!(manager.iter().map(|member| member.weight).collect::<Vec<_>>(), [10, 30, 30, 30]);
}

#[test]
fn the_same_seed_gives_the_same_data_and_another_seed_other_data() {
    assert_eq!(data(7), data(7));
    assert_ne!(data(7).contacts, data(8).contacts);
}

#[test]
fn the_double_of_the_crm_takes_the_seed_file() {
    let seed = data(7).seed_file(4242, "pat", 7);
    let seed: rota_sandbox::Seed = serde_json::from_value(seed).unwrap();
    assert_eq!((seed.owners.len(), seed.portal_id), (30, 4242));
    assert_eq!(seed.owners.iter().filter(|owner| owner.archived).count(), 1);
}

#[test]
fn the_double_of_the_crm_takes_every_contact() {
    for contact in data(7).contacts {
        let taken = serde_json::from_value::<rota_sandbox::ContactSeed>(json!(contact));
        assert!(taken.is_ok(), "{contact:?}: {taken:?}");
    }
}

#[test]
fn twins_are_the_same_person_under_an_address_that_the_crm_tells_apart() {
    let data = data(7);
    assert!(data.twins() > 50, "{}", data.twins());
    let address = |contact: &Contact| contact.properties["email"].to_lowercase();
    let all: HashSet<String> = data.contacts.iter().map(address).collect();
    assert_eq!(all.len(), data.contacts.len());
    for (place, contact) in data.contacts.iter().enumerate() {
        let Some(of) = contact.twin_of else { continue };
        assert!(place - of <= 4);
        assert_eq!(PersonKey::of(&lead(place, contact)), PersonKey::of(&lead(of, &data.contacts[of])));
    }
}

#[test]
fn every_known_class_comes_up_and_every_contact_enters_a_flow() {
    let workspace = loaded().workspace;
    let mut classes = HashSet::new();
    for (place, contact) in data(7).contacts.iter().enumerate() {
        let lead = lead(place, contact);
        classes.insert(classify(&workspace.sources, &lead).to_owned());
        let enrolled = workspace.flows.iter().any(|flow| flow.enrol.condition.as_ref().unwrap().holds(&lead));
        assert!(enrolled, "{contact:?}");
    }
    for known in KNOWN {
        assert!(classes.contains(known), "{known}");
    }
}

#[test]
fn companies_have_owners_who_are_there_and_one_who_has_left() {
    let data = data(7);
    let archived = |id: &str| data.owners.iter().find(|owner| owner.id == id).unwrap().archived;
    let owned: Vec<bool> = data
        .companies
        .iter()
        .filter_map(|company| company.properties.get("hubspot_owner_id"))
        .map(|id| archived(id))
        .collect();
    assert!(owned.contains(&true) && owned.contains(&false));
    assert!(owned.len() < data.companies.len());
    let kept = data.contacts.iter().filter_map(|contact| contact.properties.get("hubspot_owner_id"));
    assert!(kept.map(|id| archived(id)).all(|left| !left));
}

#[test]
fn addresses_lead_nowhere() {
    let data = data(7);
    let domains = data.companies.iter().map(|company| company.properties["domain"].clone());
    let addresses = data.contacts.iter().map(|contact| contact.properties["email"].trim_end().to_owned());
    for name in domains.chain(addresses) {
        assert!(name.ends_with(".example") || name.ends_with(".test"), "{name}");
    }
}

#[test]
fn a_contact_reads_as_the_lead_of_an_event() {
    let workspace = loaded().workspace;
    let lines: Vec<String> = data(7)
        .contacts
        .iter()
        .enumerate()
        .map(|(n, contact)| json!({"at": "2026-03-02T09:00:00Z", "kind": "lead", "lead": lead(n, contact)}).to_string())
        .collect();
    let events: Vec<(usize, Event)> =
        crate::config::read_events("demo", lines.join("\n").as_bytes(), &workspace).unwrap();
    assert_eq!(events.len(), 2_000);
}
