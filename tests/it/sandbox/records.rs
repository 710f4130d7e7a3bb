//! Single records: what reads return and which writes are refused.

use reqwest::{Method, StatusCode};
use rota_sandbox::{OwnerRule, Seed};
use serde_json::{Value, json};

use super::{ADA, CONTACTS, crm};

#[tokio::test]
async fn both_path_styles_lead_to_the_same_record() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({"email": "lea@acme.example"})).await;
    let owner = json!({"properties": {"hubspot_owner_id": ADA}});
    let (status, _) = crm.send(Method::PATCH, &format!("/crm/objects/2026-03/0-1/{id}"), owner).await;
    assert_eq!(status, StatusCode::OK);
    let (_, read) = crm.get(&format!("{CONTACTS}/lea@acme.example?idProperty=email&properties=hubspot_owner_id")).await;
    assert_eq!((&read["id"], &read["properties"]["hubspot_owner_id"]), (&json!(id), &json!(ADA)));
    assert!(id.parse::<u64>().expect("a number") > u64::from(u32::MAX));
}

#[tokio::test]
async fn a_read_leaves_unknown_properties_out_and_gives_empty_ones_as_null() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({"email": "lea@acme.example"})).await;
    let (_, read) = crm.get(&format!("{CONTACTS}/{id}?properties=email,no_such,country")).await;
    let properties = read["properties"].as_object().expect("properties");
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["country", "createdate", "email", "hs_object_id", "lastmodifieddate"]);
    assert_eq!(properties["country"], Value::Null);
}

#[tokio::test]
async fn a_write_of_an_unknown_property_is_refused_by_its_name() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({})).await;
    let wrong = json!({"properties": {"city": "Bern", "no_such": "x"}});
    let (status, body) = crm.send(Method::PATCH, &format!("{CONTACTS}/{id}"), wrong).await;
    assert_eq!((status, &body["category"]), (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")));
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains(r#""error":"PROPERTY_DOESNT_EXIST","name":"no_such""#), "{message}");
    assert_eq!(crm.state().await["contacts"][0]["properties"]["city"], Value::Null, "nothing may be written");
}

#[tokio::test]
async fn only_an_active_owners_own_id_is_an_owner() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({})).await;
    for (wrong, what) in [("328396086", "archived"), ("9586504", "a user id"), ("7", "unknown")] {
        let owner = json!({"properties": {"hubspot_owner_id": wrong}});
        let (status, _) = crm.send(Method::PATCH, &format!("{CONTACTS}/{id}"), owner).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}");
    }
}

#[tokio::test]
async fn the_seed_can_accept_an_archived_owner() {
    let mut seed = Seed::default();
    seed.owner_rules.archived = OwnerRule::Accept;
    let crm = crm(seed).await;
    let id = crm.contact(json!({})).await;
    let owner = |id: &str| json!({"properties": {"hubspot_owner_id": id}});
    let path = format!("{CONTACTS}/{id}");
    assert_eq!(crm.send(Method::PATCH, &path, owner("328396086")).await.0, StatusCode::OK);
    assert_eq!(crm.send(Method::PATCH, &path, owner("7")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_history_of_the_owner_names_who_wrote_it() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({"hubspot_owner_id": ADA})).await;
    let owner = json!({"properties": {"hubspot_owner_id": "41629780"}});
    crm.send(Method::PATCH, &format!("{CONTACTS}/{id}"), owner).await;
    let (_, read) = crm.get(&format!("{CONTACTS}/{id}?propertiesWithHistory=hubspot_owner_id")).await;
    let history = &read["propertiesWithHistory"]["hubspot_owner_id"];
    assert_eq!((&history[0]["value"], &history[0]["sourceId"]), (&json!("41629780"), &json!("1234567")));
    assert_eq!((&history[1]["value"], &history[1]["updatedByUserId"]), (&json!(ADA), &json!(52_530_071)));
}

#[tokio::test]
async fn an_address_belongs_to_one_contact() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({"email": "lea@acme.example"})).await;
    let (status, body) = crm.post(CONTACTS, json!({"properties": {"email": "Lea@acme.example"}})).await;
    assert_eq!((status, &body["category"]), (StatusCode::CONFLICT, &json!("CONFLICT")));
    assert_eq!(body["message"], format!("Contact already exists. Existing ID: {id}"));
}

#[tokio::test]
async fn a_lifecycle_stage_goes_back_only_after_it_was_cleared() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({"lifecyclestage": "customer"})).await;
    let mut seen = Vec::new();
    for stage in ["lead", "", "lead"] {
        let body = json!({"properties": {"lifecyclestage": stage}});
        let (status, _) = crm.send(Method::PATCH, &format!("{CONTACTS}/{id}"), body).await;
        assert_eq!(status, StatusCode::OK);
        seen.push(crm.state().await["contacts"][0]["properties"]["lifecyclestage"].take());
    }
    assert_eq!(seen, [json!("customer"), Value::Null, json!("lead")]);
}

#[tokio::test]
async fn a_rule_of_an_administrator_refuses_an_unrelated_write_from_the_september_version_on() {
    let required = [("contacts".to_owned(), vec!["country".to_owned()])];
    let crm = crm(Seed { required_properties: required.into(), ..Seed::default() }).await;
    let id = crm.contact(json!({})).await;
    let owner = || json!({"properties": {"hubspot_owner_id": ADA}});
    let (status, body) = crm.send(Method::PATCH, &format!("/crm/objects/2026-09/contacts/{id}"), owner()).await;
    assert_eq!((status, &body["category"]), (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")));
    let (status, _) = crm.send(Method::PATCH, &format!("/crm/objects/2026-03/contacts/{id}"), owner()).await;
    assert_eq!(status, StatusCode::OK);
}
