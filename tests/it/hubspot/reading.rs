//! What the client reads: records with their companies, and the directory of owners.

use std::collections::BTreeMap;

use rota_crm::hubspot::ApiStyle;
use rota_domain::id::OwnerId;
use rota_flow::ports::{Crm, RecordRef, Wanted};
use rota_sandbox::{CompanySeed, Id, OwnerSeed, Seed};

use super::{ADA, Account, BEN, DEE_WHO_LEFT, contact, contacts, record, words};

#[tokio::test]
async fn a_reading_holds_exactly_the_declared_properties_the_owner_and_the_primary_company() {
    let company = |id: u64, name: &str| {
        let values = [("name", name), ("domain", "acme.example"), ("hubspot_owner_id", BEN), ("industry", "Tools")];
        CompanySeed { id: Some(Id(id)), properties: values.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
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
    assert_eq!(account.record_calls().await, ["POST /crm/v3/objects/contacts/batch/read"; 3]);
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
