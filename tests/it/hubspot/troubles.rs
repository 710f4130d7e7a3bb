//! What the client makes of refusals, and of silence.

use std::time::Duration;

use rota_crm::Secret;
use rota_crm::hubspot::ApiStyle;
use rota_domain::delivery::Trouble;
use rota_domain::id::ConnectionId;
use rota_flow::ports::{Carrier, Crm, Wanted};
use serde_json::json;

use super::{ADA, Account, TOKEN, assign, contacts, record, set, trouble};

#[tokio::test]
async fn each_refusal_has_its_own_trouble() {
    let cases = [
        (401, Trouble::Unauthorized),
        // The double's 403 is of the category MISSING_SCOPES.
        (403, Trouble::Unauthorized),
        (404, Trouble::NotFound),
        (409, Trouble::Rejected),
        (400, Trouble::Rejected),
        (423, Trouble::Deferred),
        (477, Trouble::RateLimited { retry_after_ms: Some(60_000) }),
        (500, Trouble::Unavailable),
        (502, Trouble::Unavailable),
        (503, Trouble::Unavailable),
        (504, Trouble::Unavailable),
        (521, Trouble::Unavailable),
        (302, Trouble::Unavailable),
    ];
    let mut seed = contacts(1);
    seed.limits.per_10s = 0;
    for (status, expected) in cases {
        let account = Account::open(seed.clone()).await;
        account.fault(json!({"kind": "status", "status": status})).await;
        let error = account.deliver_one(set(1, "city", "Köln"), 1).await.unwrap_err();
        assert_eq!(error.trouble, expected, "{status}: {}", error.detail);
        assert!(error.detail.starts_with("writing city of contact 1: "), "{}", error.detail);
        assert!(!error.detail.contains(TOKEN));
    }
}

#[tokio::test]
async fn a_token_without_the_scope_says_which_one_it_lacks() {
    let mut seed = contacts(1);
    seed.tokens[0].scopes = Some(vec!["crm.objects.contacts.read".into(), "crm.objects.owners.read".into()]);
    let account = Account::open(seed).await;
    let error = account.deliver_one(assign(1, ADA, true), 1).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unauthorized, "a person can mend it, so nothing is given up");
    assert!(error.detail.contains("lacks the scopes crm.objects.contacts.write"), "{}", error.detail);
    let mut seed = contacts(1);
    seed.tokens[0].scopes = Some(vec!["crm.objects.owners.read".into()]);
    let account = Account::open(seed).await;
    let error = account.hubspot.read(&[record("1")], &Wanted::default()).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unauthorized);
    assert!(error.detail.contains("lacks the scopes crm.objects.contacts.read"), "{}", error.detail);
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized_and_is_not_shown() {
    let account = Account::with(contacts(1), |config| config.token = Secret::new("pat-wrong-4711")).await;
    let error = account.hubspot.directory().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unauthorized);
    assert!(!error.detail.contains("4711"), "{}", error.detail);
}

#[tokio::test]
async fn a_version_that_does_not_exist_blames_the_address_and_kills_no_effect() {
    let account = Account::with(contacts(1), |config| config.api = ApiStyle::Dated("soon".into())).await;
    let error = account.deliver_one(set(1, "city", "Köln"), 1).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unavailable);
    assert!(error.detail.contains("API version"), "{}", error.detail);
}

#[tokio::test]
async fn what_was_sent_and_not_answered_is_unknown() {
    let account = Account::with(contacts(1), |config| config.timeout = Duration::from_millis(300)).await;
    let effect = set(1, "city", "Köln");
    for kind in ["hang", "drop_before"] {
        account.fault(json!({ "kind": kind })).await;
        assert_eq!(*trouble(&account.deliver_one(effect.clone(), 1).await), Trouble::Unknown, "{kind}");
    }
}

#[tokio::test]
async fn what_was_not_sent_is_unavailable() {
    // Nothing was called before, so that no connection is left over which could be broken.
    let Account { sandbox, hubspot, .. } = Account::open(contacts(1)).await;
    sandbox.stop().await;
    let outcomes = hubspot.deliver(&[(set(1, "city", "Köln"), 1)]).await;
    assert_eq!(*trouble(&outcomes[0].1), Trouble::Unavailable);
    assert!(outcomes[0].1.as_ref().unwrap_err().detail.contains("nothing was sent"));
}

#[tokio::test]
async fn an_effect_of_another_connection_reaches_nobody() {
    let account = Account::open(contacts(1)).await;
    let mut stray = assign(1, ADA, false);
    stray.connection = ConnectionId::from("other");
    assert_eq!(*trouble(&account.deliver_one(stray, 1).await), Trouble::Rejected);
    assert_eq!(account.owner_of(1).await, None);
}
