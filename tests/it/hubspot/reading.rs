//! What the client reads: records with their companies, and the directory of owners.

use std::collections::BTreeMap;

use rota_crm::hubspot::ApiStyle;
use rota_domain::delivery::Trouble;
use rota_domain::id::OwnerId;
use rota_flow::ports::{Crm, RecordRef, Wanted};
use rota_sandbox::{Id, OwnerSeed, RecordSeed, Seed};
use serde_json::json;

use super::{ADA, Account, BEN, DEE_WHO_LEFT, contact, contacts, record, words};

#[tokio::test]
async fn a_reading_holds_exactly_the_declared_properties_the_owner_and_the_primary_company() {
    let company = |id: u64, name: &str| {
        let values = [("name", name), ("domain", "acme.example"), ("hubspot_owner_id", BEN), ("industry", "Tools")];
        RecordSeed { id: Some(Id(id)), properties: values.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
    };
    let mut lead = contact(7, &[("email", "kim@acme.example"), ("city", "Bonn"), ("hubspot_owner_id", ADA)]);
    lead.company = Some(Id(90));
    let seed =
        Seed { companies: vec![company(80, "Other"), company(90, "Acme")], contacts: vec![lead], ..Seed::default() };
    for api in [ApiStyle::V3, ApiStyle::Dated("2026-03".into()), ApiStyle::Dated("2026-09".into())] {
        let account = Account::with(seed.clone(), |config| config.api = api.clone()).await;
        let wanted = Wanted {
            properties: words(&["city", "jobtitle", "no_such_property"]),
            company: true,
            company_properties: words(&["industry"]),
        };
        let readings = account.hubspot.read(&[record("7")], &wanted).await.unwrap();
        let reading = readings[0].as_ref().unwrap();
        let expected = BTreeMap::from([("city".to_owned(), Some("Bonn".to_owned())), ("jobtitle".to_owned(), None)]);
        assert_eq!(reading.properties, expected, "{api:?}");
        assert_eq!(reading.owner, Some(OwnerId::from(ADA)));
        let company = reading.company.as_ref().unwrap();
        assert_eq!((company.id.as_str(), company.name.as_deref()), ("hs:company:90", Some("Acme")));
        assert_eq!((company.domain.as_deref(), company.owner.as_deref()), (Some("acme.example"), Some(BEN)));
        assert_eq!(company.properties, BTreeMap::from([("industry".to_owned(), Some("Tools".to_owned()))]));
    }
}

#[tokio::test]
async fn readings_come_in_the_order_asked_and_a_missing_record_is_none() {
    let account = Account::open(contacts(250)).await;
    let ids: Vec<String> = (1..=250).rev().map(|id: u64| id.to_string()).collect();
    let mut asked: Vec<RecordRef> = ids.iter().map(|id| record(id)).collect();
    asked.extend([record("999"), record("kim@acme.example"), record("7"), record("7")]);
    let wanted = Wanted { properties: words(&["hs_object_id"]), ..Wanted::default() };
    let readings = account.hubspot.read(&asked, &wanted).await.unwrap();
    let read: Vec<Option<&str>> =
        readings.iter().map(|it| it.as_ref().and_then(|it| it.properties["hs_object_id"].as_deref())).collect();
    let mut expected: Vec<Option<&str>> = ids.iter().map(|id| Some(id.as_str())).collect();
    expected.extend([None, None, Some("7"), Some("7")]);
    assert_eq!(read, expected);
    let mut calls = account.record_calls().await;
    let last = calls.pop().unwrap();
    assert!(last.starts_with("GET /crm/v3/objects/contacts/999?"), "a missing one is asked for by itself: {last}");
    assert_eq!(calls, ["POST /crm/v3/objects/contacts/batch/read"; 3]);
}

#[tokio::test]
async fn a_contact_that_was_merged_is_read_through_its_old_id() {
    let mut survivor = contact(5, &[("city", "Bonn"), ("hubspot_owner_id", ADA)]);
    survivor.merged_ids = vec![Id(4)];
    survivor.company = Some(Id(90));
    let company = RecordSeed { id: Some(Id(90)), properties: BTreeMap::from([("name".into(), "Acme".into())]) };
    let seed = Seed { companies: vec![company], contacts: vec![survivor, contact(6, &[])], ..Seed::default() };
    let account = Account::open(seed).await;
    let wanted = Wanted { properties: words(&["city"]), company: true, ..Wanted::default() };
    let readings = account.hubspot.read(&[record("4"), record("6"), record("7")], &wanted).await.unwrap();
    let merged = readings[0].as_ref().expect("it lives on in contact 5");
    assert_eq!(
        (merged.properties["city"].as_deref(), merged.owner.as_ref()),
        (Some("Bonn"), Some(&OwnerId::from(ADA)))
    );
    assert_eq!(merged.company.as_ref().unwrap().name.as_deref(), Some("Acme"));
    assert!(readings[1].is_some() && readings[2].is_none());
    let both = account.hubspot.read(&[record("4"), record("5")], &wanted).await.unwrap();
    assert_eq!(both[0], both[1]);
}

#[tokio::test]
async fn a_record_that_cannot_be_looked_at_now_is_not_taken_for_gone() {
    let account = Account::open(contacts(1)).await;
    account.fault(json!({"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/9"})).await;
    let error = account.hubspot.read(&[record("1"), record("9")], &Wanted::default()).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unavailable);
}

#[tokio::test]
async fn more_missing_records_than_a_batch_are_looked_for_in_several_reads() {
    let mut seed = contacts(1);
    seed.limits.per_10s = 0;
    let account = Account::with(seed, |config| config.burst.calls = 10_000).await;
    let asked: Vec<RecordRef> = (1..=151).map(|id: u64| record(&id.to_string())).collect();
    let singles = async || account.record_calls().await.iter().filter(|call| call.starts_with("GET ")).count();
    let error = account.hubspot.read(&asked, &Wanted::default()).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unavailable);
    assert_eq!(singles().await, 100);
    let readings = account.hubspot.read(&asked, &Wanted::default()).await.unwrap();
    assert_eq!(readings.iter().flatten().count(), 1);
    assert_eq!(singles().await, 150, "what is known to be gone is not asked for again");
}

#[tokio::test]
async fn the_directory_tells_who_has_left() {
    let account = Account::open(Seed::default()).await;
    let directory = account.hubspot.directory().await.unwrap();
    let owner = |id: &str| directory.owner(&OwnerId::from(id)).unwrap();
    assert_eq!(directory.owners.len(), 4);
    assert_eq!((owner(ADA).name.as_str(), owner(ADA).archived), ("Ada Park", false));
    assert_eq!(owner(ADA).email.as_deref(), Some("ada@sandbox.example"));
    assert!(owner(DEE_WHO_LEFT).archived);
}

#[tokio::test]
async fn a_directory_of_many_pages_is_read_to_its_end() {
    let mut seed = Seed::default();
    let pattern = seed.owners[0].clone();
    seed.owners.extend((1..=250).map(|id| OwnerSeed { id: Id(id), user_id: 5_000 + id, ..pattern.clone() }));
    let account = Account::open(seed).await;
    assert_eq!(account.hubspot.directory().await.unwrap().owners.len(), 254);
}
