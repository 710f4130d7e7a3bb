//! What a minute grants, against a count of what was taken in every span.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota_domain::rate::{Bucket, PER_MINUTE_MAX, whole_seconds};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millisecond(i64::try_from(ms).expect("a time")).expect("a time")
}

fn ms(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).expect("a span"))
}

proptest! {
    #[test]
    fn in_no_span_is_more_taken_than_it_grants_and_one_minute_grants(
        per_minute in 1_u64..10_000,
        steps in prop::collection::vec((0_u64..5_000, 0_u64..300), 1..60),
    ) {
        let mut bucket = Bucket::full(per_minute, at(0));
        let mut now = 0;
        let mut taken: Vec<(u64, u64)> = Vec::new();
        for (passed, count) in steps {
            now += passed;
            // More than a minute grants is another test's.
            let count = count.min(per_minute);
            if bucket.take(count, at(now)).is_ok() {
                taken.push((now, count));
            }
        }
        for (first, (from, _)) in taken.iter().enumerate() {
            let mut sum = 0;
            for (until, count) in &taken[first..] {
                sum += count;
                prop_assert!(sum * 60_000 <= per_minute * (until - from) + per_minute * 60_000);
            }
        }
    }

    #[test]
    fn after_the_wait_it_is_there_and_a_millisecond_earlier_it_is_not(
        per_minute in 1_u64..=PER_MINUTE_MAX,
        used in 1_u64..=PER_MINUTE_MAX,
        share in 1_u64..=100,
    ) {
        let mut bucket = Bucket::full(per_minute, at(0));
        bucket.charge(used, at(0));
        let count = (per_minute * share / 100).max(1);
        if let Err(wait) = bucket.waits(count, at(0)) {
            let wait = u64::try_from(wait.as_millis()).expect("a wait");
            prop_assert!(wait > 0);
            prop_assert!(bucket.waits(count, at(wait - 1)).is_err());
            prop_assert!(bucket.take(count, at(wait)).is_ok());
        }
    }
}

#[test]
fn more_than_a_minute_grants_is_taken_from_a_full_bucket_and_is_a_debt() {
    let mut bucket = Bucket::full(10, at(0));
    assert_eq!(bucket.take(30, at(0)), Ok(()));
    assert_eq!(bucket.take(1, at(0)), Err(ms(126_000)));
    assert_eq!(bucket.take(30, at(60_000)), Err(ms(120_000)));
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_and_takes_nothing() {
    let mut bucket = Bucket::full(60, at(100_000));
    bucket.charge(60, at(100_000));
    assert_eq!(bucket.waits(1, at(40_000)), Err(ms(1_000)));
    assert_eq!(bucket.waits(1, at(101_000)), Ok(()));
}

#[test]
fn another_grant_leaves_used_what_was_used() {
    let mut bucket = Bucket::full(10, at(0));
    bucket.charge(10, at(0));
    bucket.regrant(30, at(0));
    assert_eq!(bucket.take(20, at(0)), Ok(()));
    assert!(bucket.take(1, at(0)).is_err());
}

#[test]
fn a_wait_is_named_in_whole_seconds_rounded_up() {
    assert_eq!([1, 1_000, 1_001, 0].map(|wait| whole_seconds(ms(wait))), [1, 1, 2, 1]);
}
