//! Request limits: so many in any ten seconds, so many a day, and the headers that report them.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::lock::lock;
use crate::seed::Limits;

const INTERVAL_MS: i64 = 10_000;
const DAY_MS: i64 = 86_400_000;

/// What was let in so far.
pub(crate) struct Limiter {
    limits: Limits,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    /// When the requests of the last ten seconds came.
    recent_ms: VecDeque<i64>,
    day: i64,
    today: u32,
}

/// The policy that refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over(pub(crate) &'static str);

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default() }
    }

    /// Lets a request in or names the limit it met, and says what is left either way.
    pub(crate) fn admit(&self, now_ms: i64) -> (Result<(), Over>, HeaderMap) {
        let Limits { per_10s, per_day } = self.limits;
        let mut used = lock(&self.used);
        // A clock that was set back leaves times in the future behind; they count no more.
        used.recent_ms.retain(|at| *at <= now_ms && *at > now_ms - INTERVAL_MS);
        if used.day != now_ms.div_euclid(DAY_MS) {
            (used.day, used.today) = (now_ms.div_euclid(DAY_MS), 0);
        }
        let recent = u32::try_from(used.recent_ms.len()).unwrap_or(u32::MAX);
        let verdict = if per_10s > 0 && recent >= per_10s {
            Err(Over("TEN_SECONDLY_ROLLING"))
        } else if per_day > 0 && used.today >= per_day {
            Err(Over("DAILY"))
        } else {
            used.recent_ms.push_back(now_ms);
            used.today += 1;
            Ok(())
        };
        let headers = self.headers(&used, now_ms);
        (verdict, headers)
    }

    fn headers(&self, used: &Used, now_ms: i64) -> HeaderMap {
        let Limits { per_10s, per_day } = self.limits;
        let count = |since_ms: i64| {
            u32::try_from(used.recent_ms.iter().filter(|at| **at > since_ms).count()).unwrap_or(u32::MAX)
        };
        let mut headers = HeaderMap::new();
        let mut set = |name, value: u32| headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        if per_10s > 0 {
            let secondly = (per_10s / 10).max(1);
            set("x-hubspot-ratelimit-max", per_10s);
            set("x-hubspot-ratelimit-remaining", per_10s.saturating_sub(count(now_ms - INTERVAL_MS)));
            set("x-hubspot-ratelimit-interval-milliseconds", 10_000);
            set("x-hubspot-ratelimit-secondly", secondly);
            set("x-hubspot-ratelimit-secondly-remaining", secondly.saturating_sub(count(now_ms - 1_000)));
        }
        if per_day > 0 {
            set("x-hubspot-ratelimit-daily", per_day);
            set("x-hubspot-ratelimit-daily-remaining", per_day.saturating_sub(used.today));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(headers: &HeaderMap) -> &str {
        headers["x-hubspot-ratelimit-remaining"].to_str().expect("digits")
    }

    #[test]
    fn the_window_rolls() {
        let limiter = Limiter::new(Limits { per_10s: 2, per_day: 0 });
        assert!(limiter.admit(0).0.is_ok());
        let (verdict, headers) = limiter.admit(6_000);
        assert!(verdict.is_ok());
        assert_eq!(left(&headers), "0");
        assert_eq!(limiter.admit(9_999).0, Err(Over("TEN_SECONDLY_ROLLING")));
        let (verdict, headers) = limiter.admit(10_000);
        assert!(verdict.is_ok(), "the first request is ten seconds old, the refused one does not count");
        assert_eq!(left(&headers), "0");
    }

    #[test]
    fn a_new_day_starts_from_zero() {
        let limiter = Limiter::new(Limits { per_10s: 0, per_day: 1 });
        assert!(limiter.admit(DAY_MS - 1).0.is_ok());
        assert_eq!(limiter.admit(DAY_MS - 1).0, Err(Over("DAILY")));
        assert!(limiter.admit(DAY_MS).0.is_ok());
    }

    #[test]
    fn zero_switches_a_limit_and_its_headers_off() {
        let limiter = Limiter::new(Limits { per_10s: 0, per_day: 0 });
        for _ in 0..500 {
            let (verdict, headers) = limiter.admit(1);
            assert!(verdict.is_ok());
            assert!(headers.is_empty());
        }
    }
}
