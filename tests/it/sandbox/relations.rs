//! What hangs together: associations, tasks of a contact, owners.

use reqwest::{Method, StatusCode};
use rota_sandbox::Seed;
use serde_json::{Value, json};

use super::{answer, crm};

#[tokio::test]
async fn a_primary_company_is_read_with_its_default_type() {
    let crm = crm(Seed::default()).await;
    let (contact, company) = (crm.contact(json!({})).await, crm.company("Acme").await);
    let path = format!("/crm/v4/objects/contact/{contact}/associations/company/{company}");
    let (status, body) = answer(crm.request(Method::PUT, &path)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["message"], "Invalid JSON input: a request body was expected, but none found");
    let primary = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]);
    let (status, body) = crm.send(Method::PUT, &path, primary).await;
    assert_eq!((status, &body["labels"]), (StatusCode::CREATED, &json!(["Primary"])));
    let (_, list) = crm.get(&format!("/crm/v4/objects/contacts/{contact}/associations/companies")).await;
    let found = &list["results"][0];
    assert_eq!(found["toObjectId"].as_u64().map(|id| id.to_string()), Some(company), "a number, not a string");
    let ids: Vec<&Value> =
        found["associationTypes"].as_array().expect("types").iter().map(|it| &it["typeId"]).collect();
    assert_eq!(ids, [279, 1]);
}

#[tokio::test]
async fn a_type_id_of_the_other_direction_is_refused() {
    let crm = crm(Seed::default()).await;
    let (contact, company) = (crm.contact(json!({})).await, crm.company("Acme").await);
    let path = format!("/crm/v4/objects/contact/{contact}/associations/company/{company}");
    let reversed = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 2}]);
    assert_eq!(crm.send(Method::PUT, &path, reversed).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_contact_without_a_company_is_an_error_of_the_batch_and_not_a_failure() {
    let crm = crm(Seed::default()).await;
    let (with, without) = (crm.contact(json!({})).await, crm.contact(json!({})).await);
    let company = crm.company("Acme").await;
    answer(crm.request(Method::PUT, &format!("/crm/v4/objects/contact/{with}/associations/default/company/{company}")))
        .await;
    let body = json!({"inputs": [{"id": with}, {"id": without}]});
    let (status, read) = crm.post("/crm/v4/associations/contacts/companies/batch/read", body).await;
    assert_eq!(status, StatusCode::MULTI_STATUS);
    assert_eq!((&read["results"][0]["from"]["id"], &read["results"][1]), (&json!(with), &Value::Null));
    assert_eq!(read["errors"][0]["subCategory"], "crm.associations.NO_ASSOCIATIONS_FOUND");
}

#[tokio::test]
async fn a_task_is_found_again_through_its_contact() {
    let crm = crm(Seed::default()).await;
    let contact = crm.contact(json!({})).await;
    let types = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]);
    let associations = json!([{"to": {"id": contact.parse::<u64>().expect("digits")}, "types": types}]);
    let mut task = json!({"properties": {"hs_task_subject": "Call"}, "associations": associations});
    let (status, _) = crm.post("/crm/v3/objects/tasks", task.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "hs_timestamp is required");
    task["properties"]["hs_timestamp"] = "2026-10-30T03:30:17.883Z".into();
    let (status, made) = crm.post("/crm/v3/objects/tasks", task).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (_, list) = crm.get(&format!("/crm/v4/objects/contact/{contact}/associations/task")).await;
    assert_eq!(list["results"][0]["toObjectId"].as_u64().map(|id| id.to_string()).as_deref(), made["id"].as_str());
}

#[tokio::test]
async fn archived_owners_are_listed_on_demand_and_without_their_user_id() {
    let crm = crm(Seed::default()).await;
    let (_, active) = crm.get("/crm/v3/owners").await;
    assert_eq!(active["results"].as_array().map(Vec::len), Some(3));
    let (_, archived) = crm.get("/crm/owners/2026-09?archived=true").await;
    let dee = &archived["results"][0];
    assert_eq!((&dee["id"], &dee["userId"]), (&json!("328396086"), &Value::Null));
    assert_eq!(dee["userIdIncludingInactive"], 7_711_020);
}

#[tokio::test]
async fn the_owners_cursor_leads_through_all_pages() {
    let crm = crm(Seed::default()).await;
    let (mut ids, mut path) = (Vec::new(), "/crm/v3/owners?limit=2".to_owned());
    loop {
        let (_, page) = crm.get(&path).await;
        ids.extend(page["results"].as_array().expect("owners").iter().map(|owner| owner["id"].clone()));
        let Some(after) = page["paging"]["next"]["after"].as_str() else {
            break;
        };
        path = format!("/crm/v3/owners?limit=2&after={}", after.replace('=', "%3D"));
    }
    assert_eq!(ids, ["41629779", "41629780", "41629781"]);
}
