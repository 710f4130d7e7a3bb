//! Batches: what fails alone and what fails the whole.

use reqwest::StatusCode;
use rota_sandbox::Seed;
use serde_json::{Value, json};

use super::{ADA, CONTACTS, crm};

#[tokio::test]
async fn a_batch_read_answers_207_and_names_the_ids_it_misses() {
    let crm = crm(Seed::default()).await;
    let id = crm.contact(json!({})).await;
    let body = json!({"properties": ["email"], "inputs": [{"id": id}, {"id": "99"}]});
    let (status, read) = crm.post(&format!("{CONTACTS}/batch/read"), body.clone()).await;
    assert_eq!((status, &read["numErrors"]), (StatusCode::MULTI_STATUS, &json!(1)));
    assert_eq!((&read["results"][0]["id"], &read["errors"][0]["context"]["ids"]), (&json!(id), &json!(["99"])));
    let (status, read) = crm.post("/crm/objects/2026-09/contacts/batch/read", body).await;
    assert_eq!((status, &read["numErrors"]), (StatusCode::OK, &json!(1)), "newer versions fold errors in");
}

#[tokio::test]
async fn one_bad_input_fails_a_whole_batch_update() {
    let crm = crm(Seed::default()).await;
    let (one, two) = (crm.contact(json!({})).await, crm.contact(json!({})).await);
    let input = |id: &str, owner: &str| json!({"id": id, "properties": {"hubspot_owner_id": owner}});
    let path = format!("{CONTACTS}/batch/update");
    let (status, _) = crm.post(&path, json!({"inputs": [input(&one, ADA), input(&two, "7")]})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(crm.state().await["contacts"][0]["properties"]["hubspot_owner_id"], Value::Null);
    let (status, body) = crm.post(&path, json!({"inputs": [input(&one, ADA), input(&two, ADA)]})).await;
    assert_eq!(status, StatusCode::OK);
    let names: Vec<&String> = body["results"][1]["properties"].as_object().expect("properties").keys().collect();
    assert_eq!(names, ["hubspot_owner_id", "lastmodifieddate"], "not the whole record");
}

#[tokio::test]
async fn a_batch_update_passes_over_an_address_in_the_place_of_an_id() {
    let crm = crm(Seed::default()).await;
    crm.contact(json!({"email": "lea@acme.example"})).await;
    let input = json!({"id": "lea@acme.example", "properties": {"hubspot_owner_id": ADA}});
    let (status, body) = crm.post(&format!("{CONTACTS}/batch/update"), json!({"inputs": [input]})).await;
    assert_eq!((status, &body["results"]), (StatusCode::OK, &json!([])));
    assert_eq!(crm.state().await["contacts"][0]["properties"]["hubspot_owner_id"], Value::Null);
}

#[tokio::test]
async fn a_batch_has_at_most_a_hundred_inputs() {
    let crm = crm(Seed::default()).await;
    let batch = |many: usize| json!({"inputs": vec![json!({"properties": {}}); many]});
    let path = format!("{CONTACTS}/batch/create");
    assert_eq!(crm.post(&path, batch(101)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(crm.post(&path, batch(100)).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn with_trace_ids_a_batch_creation_succeeds_in_part() {
    let crm = crm(Seed::default()).await;
    let input = |name: &str, trace: &str| json!({"properties": {name: "x"}, "objectWriteTraceId": trace});
    let inputs = json!({"inputs": [input("city", "a"), input("no_such", "b")]});
    let (status, body) = crm.post(&format!("{CONTACTS}/batch/create"), inputs).await;
    assert_eq!(status, StatusCode::MULTI_STATUS);
    assert_eq!(body["results"][0]["objectWriteTraceId"], "a");
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["b"]));
}
