//! Owners and properties: what is refused before any call, what is written, and what is left alone.

use std::collections::BTreeMap;

use rota_crm::hubspot::ApiStyle;
use rota_domain::delivery::Trouble;
use rota_domain::effect::Act;
use rota_domain::id::OwnerId;
use rota_flow::ports::{Crm, Delivered};
use rota_sandbox::{Id, OwnerRule, Seed};
use serde_json::json;

use super::{ADA, Account, BEN, BENS_USER, DEE_WHO_LEFT, assign, contact, contacts, set, task, trouble};

#[tokio::test]
async fn an_owner_arrives_by_owner_id() {
    for api in [ApiStyle::V3, ApiStyle::Dated("2026-09".into())] {
        let account = Account::with(contacts(3), |config| config.api = api).await;
        assert_eq!(account.deliver_one(assign(1, ADA, true), 1).await, Ok(Delivered::Done));
        let outcomes = account.deliver(&[(assign(2, ADA, true), 1), (assign(3, BEN, false), 1)]).await;
        assert!(outcomes.values().all(|outcome| *outcome == Ok(Delivered::Done)), "{outcomes:?}");
        let owners = [account.owner_of(1).await, account.owner_of(2).await, account.owner_of(3).await];
        assert_eq!(owners.map(Option::unwrap), [ADA, ADA, BEN]);
    }
}

#[tokio::test]
async fn a_user_id_an_archived_and_an_unknown_owner_are_refused_before_any_record_is_called_for() {
    let mut seed = contacts(5);
    // Were one of them sent, this double would take it.
    seed.owner_rules.archived = OwnerRule::Accept;
    seed.owner_rules.unknown = OwnerRule::Accept;
    seed.owner_rules.user_id = OwnerRule::Accept;
    let account = Account::open(seed).await;
    let mut odd_task = task(4);
    if let Act::Task { owner, .. } = &mut odd_task.act {
        *owner = Some(OwnerId::from("4711"));
    }
    let effects = [
        assign(1, BENS_USER, false),
        assign(2, DEE_WHO_LEFT, false),
        assign(3, "4711", false),
        odd_task,
        set(5, "hubspot_owner_id", BENS_USER),
    ];
    let outcomes = account.deliver(&effects.map(|effect| (effect, 1))).await;
    for (id, outcome) in &outcomes {
        assert_eq!(*trouble(outcome), Trouble::Rejected, "{id}");
    }
    let said = |id: &str| outcomes[id].as_ref().unwrap_err().detail.clone();
    assert_eq!(
        said("0192-owner/1"),
        "rep `ada`, as owner of contact 1: `9586505` is the HubSpot userId of Ben Okafor, whose owner id is `41629780`: \
         write that instead; nothing was sent"
    );
    assert!(said("0192-owner/2").contains("`328396086`, Dee Moreau, was deactivated"), "{}", said("0192-owner/2"));
    assert!(said("0192-owner/3").contains("HubSpot has no owner `4711`"), "{}", said("0192-owner/3"));
    assert_eq!(account.record_calls().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_owner_is_looked_up_once_more_and_a_known_one_is_not() {
    let account = Account::open(contacts(2)).await;
    account.hubspot.directory().await.unwrap();
    let owners_read =
        async || account.look("calls").await.as_array().unwrap().len() - account.record_calls().await.len();
    assert_eq!(owners_read().await, 2);
    account.deliver_one(assign(1, ADA, true), 1).await.unwrap();
    assert_eq!(owners_read().await, 2);
    account.deliver_one(assign(2, "4711", true), 1).await.unwrap_err();
    assert_eq!(owners_read().await, 4);
}

#[tokio::test]
async fn one_record_that_is_gone_leaves_ninety_nine_written() {
    let account = Account::open(contacts(99)).await;
    let effects: Vec<_> = (1..=100).map(|id| (assign(id, ADA, true), 1)).collect();
    let outcomes = account.deliver(&effects).await;
    let (done, failed): (Vec<_>, Vec<_>) = outcomes.iter().partition(|(_, outcome)| outcome.is_ok());
    assert_eq!(done.len(), 99);
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].0.as_str(), trouble(failed[0].1)), ("0192-owner/100", &Trouble::NotFound));
    assert_eq!(account.owner_of(99).await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn one_record_that_spoils_a_batch_leaves_ninety_nine_written_in_few_calls() {
    let mut seed = contacts(100);
    seed.required_properties = BTreeMap::from([("contacts".to_owned(), vec!["city".to_owned()])]);
    seed.contacts[41].properties.clear();
    let account = Account::with(seed, |config| config.api = ApiStyle::Dated("2026-09".into())).await;
    let effects: Vec<_> = (1..=100).map(|id| (assign(id, ADA, true), 1)).collect();
    let outcomes = account.deliver(&effects).await;
    let failed: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!((failed[0].0.as_str(), trouble(failed[0].1)), ("0192-owner/42", &Trouble::Rejected));
    let detail = &failed[0].1.as_ref().unwrap_err().detail;
    assert!(detail.contains("contact 42") && detail.contains("`city`"), "{detail}");
    let calls = account.record_calls().await;
    assert!(calls.len() <= 16, "{} calls", calls.len());
}

#[tokio::test]
async fn a_property_that_does_not_exist_fails_its_own_effects_and_no_others() {
    let account = Account::open(contacts(10)).await;
    let effects: Vec<_> = (1..=10).map(|id| (set(id, if id > 5 { "tier" } else { "jobtitle" }, "A"), 1)).collect();
    let outcomes = account.deliver(&effects).await;
    for (id, outcome) in &outcomes {
        let number: u64 = id.rsplit('/').next().unwrap().parse().unwrap();
        if number <= 5 {
            assert_eq!(*outcome, Ok(Delivered::Done), "{id}");
        } else {
            assert_eq!(*trouble(outcome), Trouble::Rejected, "{id}");
            assert!(outcome.as_ref().unwrap_err().detail.contains("\"tier\" does not exist"), "{outcome:?}");
        }
    }
    assert_eq!(account.record_calls().await.len(), 2, "what no record has is not tried record by record");
}

#[tokio::test]
async fn a_record_that_somebody_active_owns_by_now_is_kept() {
    let seed = Seed {
        contacts: vec![
            contact(1, &[("hubspot_owner_id", BEN)]),
            contact(2, &[("hubspot_owner_id", BEN)]),
            contact(3, &[("hubspot_owner_id", DEE_WHO_LEFT)]),
            contact(4, &[("hubspot_owner_id", ADA)]),
        ],
        ..Seed::default()
    };
    let account = Account::open(seed).await;
    let effects = [assign(1, ADA, true), assign(2, ADA, false), assign(3, ADA, true), assign(4, ADA, true)];
    let outcomes = account.deliver(&effects.map(|effect| (effect, 1))).await;
    assert_eq!(outcomes["0192-owner/1"], Ok(Delivered::OwnedBy(OwnerId::from(BEN))));
    for id in 2..=4 {
        assert_eq!(outcomes[&format!("0192-owner/{id}")], Ok(Delivered::Done));
    }
    assert_eq!(account.owner_of(1).await.as_deref(), Some(BEN));
    assert_eq!(account.owner_of(2).await.as_deref(), Some(ADA));
    assert_eq!(account.owner_of(3).await.as_deref(), Some(ADA));
    let written = account.record_calls().await;
    assert_eq!(written.len(), 2, "the owners are read once and written once: {written:?}");
}

#[tokio::test]
async fn a_record_that_was_merged_gets_its_owner_through_its_old_id() {
    let mut survivor = contact(5, &[]);
    survivor.merged_ids = vec![Id(4)];
    let seed = Seed { contacts: vec![survivor, contact(6, &[])], ..Seed::default() };
    let account = Account::open(seed).await;
    let outcomes = account.deliver(&[(assign(4, ADA, true), 1), (assign(6, ADA, true), 1)]).await;
    assert!(outcomes.values().all(|outcome| *outcome == Ok(Delivered::Done)), "{outcomes:?}");
    assert_eq!(account.owner_of(5).await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn an_owner_whose_outcome_was_unknown_is_simply_written_again() {
    let account = Account::open(contacts(2)).await;
    account.hubspot.directory().await.unwrap();
    let effects = [(assign(1, ADA, true), 1), (assign(2, ADA, true), 1)];
    account.fault(json!({"kind": "drop_after", "path": "/crm/v3/objects/contacts/batch/update", "count": 1})).await;
    let outcomes = account.deliver(&effects).await;
    assert!(outcomes.values().all(|outcome| *trouble(outcome) == Trouble::Unknown), "{outcomes:?}");
    let outcomes = account.deliver(&effects.map(|(effect, _)| (effect, 2))).await;
    assert!(outcomes.values().all(|outcome| *outcome == Ok(Delivered::Done)), "{outcomes:?}");
}
