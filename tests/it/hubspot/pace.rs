//! The rate limit: that it is kept, and that meeting it loses nothing.

use std::time::Duration;

use jiff::Timestamp;
use rota_crm::hubspot::Burst;
use rota_domain::delivery::Trouble;
use rota_flow::ports::{Crm, Delivered, Wanted};
use serde_json::json;

use super::{ADA, Account, assign, contacts, record, trouble};

#[tokio::test]
async fn a_limit_loses_nothing() {
    let mut seed = contacts(3);
    seed.limits.per_10s = 0;
    let window = Duration::from_millis(300);
    let account = Account::with(seed, |config| config.burst.window = window).await;
    account.hubspot.directory().await.unwrap();
    account.fault(json!({"kind": "rate_limit", "count": 1})).await;
    let effects: Vec<_> = (1..=3).map(|id| (assign(id, ADA, true), 1)).collect();
    let outcomes = account.deliver(&effects).await;
    for outcome in outcomes.values() {
        assert_eq!(*trouble(outcome), Trouble::RateLimited { retry_after_ms: None });
    }
    assert_eq!(account.record_calls().await.len(), 1, "after a 429 nobody else calls");
    let began = tokio::time::Instant::now();
    let outcomes = account.deliver(&effects).await;
    assert!(outcomes.values().all(|outcome| *outcome == Ok(Delivered::Done)), "{outcomes:?}");
    assert!(began.elapsed() >= window / 2, "the bucket was empty");
}

#[tokio::test]
async fn the_forms_of_a_429_wait_for_what_they_say() {
    let mut seed = contacts(1);
    seed.limits.per_10s = 0;
    for (fault, wait) in [
        (json!({"kind": "rate_limit", "body": "category"}), Some(1_000)),
        (json!({"kind": "rate_limit", "body": "policy", "retry_after_s": 7}), Some(7_000)),
    ] {
        let account = Account::open(seed.clone()).await;
        account.fault(fault).await;
        let error = account.hubspot.directory().await.unwrap_err();
        assert_eq!(error.trouble, Trouble::RateLimited { retry_after_ms: wait });
    }
    seed.limits.per_day = 1;
    let account = Account::open(seed).await;
    let error = account.hubspot.directory().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::RateLimited { retry_after_ms: Some(600_000) });
}

#[tokio::test]
async fn eight_callers_never_exceed_the_burst_limit() {
    let mut seed = contacts(1);
    seed.limits.per_10s = 0;
    let window = Duration::from_millis(400);
    let account = Account::with(seed, |config| config.burst = Burst { calls: 10, window, most: 10 }).await;
    let caller = async || {
        for _ in 0..5 {
            account.hubspot.read(&[record("1")], &Wanted::default()).await.unwrap();
        }
    };
    tokio::join!(caller(), caller(), caller(), caller(), caller(), caller(), caller(), caller());
    let calls = account.look("calls").await;
    let came: Vec<i64> = calls
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["at"].as_str().unwrap().parse::<Timestamp>().unwrap().as_millisecond())
        .collect();
    assert_eq!(came.len(), 40);
    for eleven in came.windows(11) {
        // The double writes whole milliseconds.
        assert!(eleven[10] - eleven[0] >= 399, "eleven calls in {} ms", eleven[10] - eleven[0]);
    }
}

#[tokio::test]
async fn what_hubspot_says_of_its_limit_is_kept_to() {
    let mut seed = contacts(1);
    seed.limits.per_10s = 5;
    let account = Account::with(seed, |config| config.timeout = Duration::from_secs(2)).await;
    account.hubspot.directory().await.unwrap();
    let read = async || account.hubspot.read(&[record("1")], &Wanted::default()).await;
    let (a, b, c, d, e) = tokio::join!(read(), read(), read(), read(), read());
    let outcomes = [a, b, c, d, e];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "two calls of five went to the directory");
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        let Trouble::RateLimited { retry_after_ms: Some(wait) } = error.trouble else { panic!("{error:?}") };
        assert!((5_000..=10_500).contains(&wait), "{wait}");
    }
    let calls = account.look("calls").await;
    assert!(calls.as_array().unwrap().iter().all(|call| call["status"] == 200), "none was refused: {calls}");
}
