//! The OpenAPI document: complete, sound, and as it was last agreed on.

use std::collections::BTreeSet;

use serde_json::Value;

use super::sample::operations;
use super::{Service, workspace};

async fn document() -> Value {
    Service::start(&[workspace("acme", "")]).await.get("/openapi.json", "").await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_the_one_that_clients_were_made_from() {
    let text = serde_json::to_string_pretty(&document().await).expect("text");
    insta::assert_snapshot!("openapi", text);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_a_name_of_its_own_a_sentence_and_a_guard() {
    let mut names = BTreeSet::new();
    for operation in operations(&document().await) {
        let name = operation.about["operationId"].as_str().expect("a name").to_owned();
        assert!(name.chars().all(char::is_alphanumeric) && name.starts_with(char::is_lowercase), "{name}");
        assert!(operation.about["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        assert_eq!(operation.role().is_some(), operation.about["security"][0].get("token").is_some(), "{name}");
        assert!(names.insert(name.clone()), "{name} is there twice");
    }
    assert!(names.contains("receiveHubspotWebhook"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_a_bare_array_for_a_list_has_to_say_whether_it_goes_on() {
    let operations = operations(&document().await);
    assert!(!operations.is_empty());
    for operation in operations {
        let answers = operation.about["responses"].as_object().expect("answers").values();
        for schema in answers.map(|answer| &answer["content"]["application/json"]["schema"]) {
            assert_ne!(schema["type"], "array", "{} {}", operation.method, operation.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_document_refers_to_is_in_it() {
    let document = document().await;
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        if let Some(path) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(&path[1..]).is_some(), "{path} is not there");
        }
        match value {
            Value::Object(object) => waiting.extend(object.values()),
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
}
