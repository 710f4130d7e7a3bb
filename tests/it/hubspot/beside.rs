//! Tasks and notes: what they carry, and that none is created twice.

use jiff::Timestamp;
use rota_crm::hubspot::ApiStyle;
use rota_domain::delivery::Trouble;
use rota_domain::effect::Act;
use rota_flow::ports::{Crm, Delivered};
use serde_json::json;

use super::{ADA, Account, contacts, effect, task, trouble};

#[tokio::test]
async fn a_task_carries_its_text_its_owner_and_its_record() {
    let account = Account::open(contacts(1)).await;
    let note = effect(1, Act::Note { body: "Why".into(), at: Timestamp::UNIX_EPOCH });
    account.deliver_one(task(1), 1).await.unwrap();
    account.deliver_one(note, 1).await.unwrap();
    let state = account.look("state").await;
    let task = &state["tasks"][0]["properties"];
    assert_eq!(task["hs_task_body"], "Asked for a demo\n\nRota 0192-task/1");
    assert_eq!((&task["hs_task_subject"], &task["hubspot_owner_id"]), (&json!("Call"), &json!(ADA)));
    assert_eq!(task["hs_task_priority"], "HIGH", "somebody came by themselves, and waits");
    assert_eq!(
        (&task["hs_timestamp"], &task["hs_task_status"]),
        (&json!("2026-11-03T09:30:00.500Z"), &json!("NOT_STARTED"))
    );
    assert_eq!(state["notes"][0]["properties"]["hs_note_body"], "Why\n\nRota 0192-note/1");
    let associated = state["associations"].as_array().unwrap();
    let types = |from: &str| {
        let it = associated.iter().find(|it| it["from_type"] == from && it["to_id"] == "1").unwrap();
        it["type_ids"].clone()
    };
    assert_eq!((types("task"), types("note")), (json!([204]), json!([202])));
}

#[tokio::test]
async fn a_task_whose_outcome_was_unknown_is_not_created_twice() {
    for api in [ApiStyle::V3, ApiStyle::Dated("2026-09".into())] {
        let account = Account::with(contacts(1), |config| config.api = api).await;
        account.hubspot.directory().await.unwrap();
        account.fault(json!({"kind": "drop_after", "method": "POST", "count": 1})).await;
        assert_eq!(*trouble(&account.deliver_one(task(1), 1).await), Trouble::Unknown);
        assert_eq!(account.count("tasks").await, 1);
        assert_eq!(account.deliver_one(task(1), 2).await, Ok(Delivered::Done));
        assert_eq!(account.count("tasks").await, 1);
    }
}

#[tokio::test]
async fn of_a_batch_of_tasks_whose_outcome_was_unknown_only_the_missing_ones_are_created() {
    let account = Account::open(contacts(6)).await;
    account.hubspot.directory().await.unwrap();
    let five: Vec<_> = (1..=5).map(|id| (task(id), 1)).collect();
    account.fault(json!({"kind": "drop_after", "method": "POST", "count": 1})).await;
    let outcomes = account.deliver(&five).await;
    assert!(outcomes.values().all(|outcome| *trouble(outcome) == Trouble::Unknown), "{outcomes:?}");
    assert_eq!(account.count("tasks").await, 5);
    let six: Vec<_> = (1..=6).map(|id| (task(id), 2)).collect();
    let outcomes = account.deliver(&six).await;
    assert!(outcomes.values().all(|outcome| *outcome == Ok(Delivered::Done)), "{outcomes:?}");
    assert_eq!(account.count("tasks").await, 6);
}

#[tokio::test]
async fn a_batch_of_tasks_with_one_for_a_missing_record_creates_the_others() {
    let account = Account::open(contacts(4)).await;
    let effects: Vec<_> = (1..=5).map(|id| (task(id), 1)).collect();
    let outcomes = account.deliver(&effects).await;
    assert_eq!(outcomes.values().filter(|outcome| **outcome == Ok(Delivered::Done)).count(), 4);
    assert_eq!(*trouble(&outcomes["0192-task/5"]), Trouble::Rejected);
    assert_eq!(account.count("tasks").await, 4);
}

#[tokio::test]
async fn a_batch_of_tasks_that_is_refused_whole_is_taken_apart() {
    let account = Account::open(contacts(4)).await;
    account.fault(json!({"kind": "partial", "count": 1})).await;
    let effects: Vec<_> = (1..=4).map(|id| (task(id), 1)).collect();
    let outcomes = account.deliver(&effects).await;
    assert!(outcomes.values().all(|outcome| *outcome == Ok(Delivered::Done)), "{outcomes:?}");
    assert_eq!(account.count("tasks").await, 4);
}
