//! What a refusal means: HubSpot's status and body become a trouble, which says what to do
//! next, and a text for people, which says what happened, to which thing, and what to do.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use rota_domain::delivery::Trouble;
use rota_flow::ports::CrmError;

use super::wire::{InvalidProperty, Problem};

/// HubSpot counts days by the account's own time zone, which its API does not tell; so the
/// end of the day is asked for again and again.
const DAILY_WAIT_MS: u64 = 600_000;
const SECONDLY_WAIT_MS: u64 = 1_000;
/// An account that is being moved to another data centre is away for long.
const MIGRATION_WAIT_MS: u64 = 60_000;
/// What to do about a record that the token may not touch.
const OUT_OF_REACH: &str = "the token does not reach this record: give its app access to it";
/// Texts of HubSpot are kept to this many characters.
const MAX_QUOTED_CHARS: usize = 400;

/// Whether a call changes anything when it comes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Read,
    Write,
}

/// Whom a failure concerns, where a call carried several inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// Some input: without it the others may succeed.
    Input,
    /// The whole call.
    Call,
    /// The whole connection: no other call would fare better now.
    Connection,
}

/// A call that came to nothing.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: CrmError,
    pub(super) blame: Blame,
    /// The token is good, and does not reach so far.
    pub(super) denied: bool,
    /// The properties that HubSpot named as invalid.
    pub(super) properties: Vec<InvalidProperty>,
}

impl Failure {
    fn new(trouble: Trouble, blame: Blame, detail: String) -> Self {
        Self { error: CrmError { trouble, detail }, blame, denied: false, properties: Vec::new() }
    }

    /// The account's pace, or the time, left no room for a call, and nothing was sent.
    pub(super) fn no_leave(about: &str, wait: Duration) -> Self {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let why = match wait_ms {
            0 => "no time is left for another call".to_owned(),
            ms => format!("the pace that HubSpot allows leaves no call for {ms} ms"),
        };
        let detail = format!("{about}: {why}; nothing was sent, and it is tried later");
        Self::new(Trouble::RateLimited { retry_after_ms: Some(wait_ms.max(1)) }, Blame::Connection, detail)
    }

    /// Nothing was sent.
    pub(super) fn unsent(about: &str, why: &str) -> Self {
        let detail = format!("{about}: {why}; nothing was sent; check base_url and the network if this lasts");
        Self::new(Trouble::Unavailable, Blame::Call, detail)
    }

    /// It was sent, and no answer that reads came back.
    pub(super) fn lost(about: &str, intent: Intent, why: &str) -> Self {
        let (trouble, next) = match intent {
            Intent::Read => (Trouble::Unavailable, "it is tried again"),
            Intent::Write => (Trouble::Unknown, "it may have happened, which is looked at before it is sent again"),
        };
        Self::new(trouble, Blame::Call, format!("{about}: {}; {next}", quoted(why)))
    }

    /// An input that cannot be sent at all.
    pub(super) fn input(trouble: Trouble, detail: String) -> Self {
        Self::new(trouble, Blame::Input, detail)
    }

    /// HubSpot answered with a status that is no success.
    pub(super) fn answered(about: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let problem = Problem::read(body);
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        let retry_after_ms = retry_after.map(|seconds| seconds.saturating_mul(1_000));
        let Some(problem) = problem.or_else(|| (status != 404).then(Problem::default)) else {
            let detail = format!(
                "{about}: HubSpot answered 404 with no JSON, as it does for a path that it does not have; \
                 check base_url and the API version"
            );
            return Self::new(Trouble::Unavailable, Blame::Call, detail);
        };
        let (trouble, blame, advice) = meaning(status, &problem, retry_after_ms);
        let mut detail = format!("{about}: HubSpot answered {status}");
        if !problem.message.is_empty() {
            detail = format!("{detail}: {}", quoted(&problem.said()));
        }
        detail = format!("{detail}; {advice}");
        if let Some(id) = &problem.correlation_id {
            detail = format!("{detail} (correlation id {id})");
        }
        Self { denied: status == 403, properties: problem.properties, ..Self::new(trouble, blame, detail) }
    }

    /// One entry of a batch's `errors`, which has no status of its own.
    pub(super) fn entry(about: &str, problem: Problem) -> Self {
        let (trouble, advice) = match problem.category.as_deref() {
            Some("OBJECT_NOT_FOUND") => (Trouble::NotFound, "the record is gone".to_owned()),
            Some("RATE_LIMITS") => (Trouble::RateLimited { retry_after_ms: None }, "it is tried later".to_owned()),
            Some("FORBIDDEN") => (Trouble::Forbidden, OUT_OF_REACH.to_owned()),
            _ if problem.lacks_scopes() => (Trouble::Unauthorized, grant(&problem)),
            _ => (Trouble::Rejected, mend(&problem)),
        };
        let denied = matches!(trouble, Trouble::Forbidden | Trouble::Unauthorized);
        let detail = format!("{about}: HubSpot refused it: {}; {advice}", quoted(&problem.said()));
        Self { denied, properties: problem.properties, ..Self::new(trouble, Blame::Input, detail) }
    }
}

/// The trouble, whom it concerns, and what to do.
fn meaning(status: u16, problem: &Problem, retry_after_ms: Option<u64>) -> (Trouble, Blame, String) {
    match status {
        401 => (Trouble::Unauthorized, Blame::Connection, unauthorized(problem)),
        403 if problem.lacks_scopes() => (Trouble::Unauthorized, Blame::Connection, grant(problem)),
        403 => (Trouble::Forbidden, Blame::Input, OUT_OF_REACH.into()),
        404 | 410 => (Trouble::NotFound, Blame::Input, "the record is gone, or was merged into another".into()),
        408 => (Trouble::Unavailable, Blame::Call, "it is tried again".into()),
        423 => (Trouble::Deferred, Blame::Input, "the record is locked for now; it is tried again".into()),
        429 => limited(problem, retry_after_ms),
        477 => {
            let wait = Some(retry_after_ms.unwrap_or(MIGRATION_WAIT_MS));
            let advice = "HubSpot is moving the account; it is tried again after that";
            (Trouble::RateLimited { retry_after_ms: wait }, Blame::Connection, advice.into())
        }
        300..=399 => {
            let advice = "redirects are not followed: set base_url to where the API is";
            (Trouble::Unavailable, Blame::Call, advice.into())
        }
        500.. => (Trouble::Unavailable, Blame::Call, "HubSpot is out of order; it is tried again".into()),
        _ => (Trouble::Rejected, Blame::Input, mend(problem)),
    }
}

fn unauthorized(problem: &Problem) -> String {
    let why = match problem.category.as_deref() {
        Some("EXPIRED_AUTHENTICATION") => "the token has expired or is none of HubSpot's",
        _ => "the token is not accepted",
    };
    format!("{why}: everything for this connection waits until a good one is set")
}

fn grant(problem: &Problem) -> String {
    let (which, these) = match problem.scopes.as_slice() {
        [] => ("scopes that HubSpot does not name".to_owned(), "those of the records concerned"),
        scopes => (format!("the scopes {}", scopes.join(", ")), "them"),
    };
    format!("the token lacks {which}: grant {these} to its app")
}

/// The three limits, told apart by policy or, where that is missing, by the message.
fn limited(problem: &Problem, said_ms: Option<u64>) -> (Trouble, Blame, String) {
    let policy = problem.policy.as_deref().unwrap_or_default().to_lowercase();
    let message = problem.message.to_lowercase();
    let (wait, which) = if policy == "daily" || message.contains("daily") {
        (Some(said_ms.unwrap_or(DAILY_WAIT_MS)), "the day's calls are used up")
    } else if policy.contains("ten_secondly") || message.contains("ten_secondly") {
        (said_ms, "too many calls in ten seconds")
    } else if policy.contains("secondly") || message.contains("secondly") {
        (Some(said_ms.unwrap_or(SECONDLY_WAIT_MS)), "too many calls in a second")
    } else {
        (said_ms, "too many calls")
    };
    let advice = format!("{which}: everything for this connection waits, nothing is lost");
    (Trouble::RateLimited { retry_after_ms: wait }, Blame::Connection, advice)
}

fn mend(problem: &Problem) -> String {
    let names: Vec<String> = problem.properties.iter().map(|bad| format!("`{}`", bad.name)).collect();
    if names.is_empty() {
        return "correct what is written, then try again".into();
    }
    format!("correct {} in the plugin's settings or in HubSpot, then try again", names.join(", "))
}

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn answered(status: u16, body: &str) -> Failure {
        Failure::answered("writing contact 7", status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn an_invalid_property_is_named_out_of_the_json_within_the_message() {
        let body = r#"{"status":"error","message":"Property values were not valid: [{\"isValid\":false,\"message\":\"Property \\\"missing\\\" does not exist\",\"error\":\"PROPERTY_DOESNT_EXIST\",\"name\":\"missing\",\"portalId\":891936587}]","correlationId":"c-1","category":"VALIDATION_ERROR"}"#;
        let failure = answered(400, body);
        assert_eq!(failure.error.trouble, Trouble::Rejected);
        assert_eq!(failure.properties.len(), 1);
        assert_eq!(failure.properties[0].name, "missing");
        assert!(failure.properties[0].always());
        assert_eq!(
            failure.error.detail,
            "writing contact 7: HubSpot answered 400: Property \"missing\" does not exist; correct `missing` in the \
             plugin's settings or in HubSpot, then try again (correlation id c-1)"
        );
    }

    #[test]
    fn the_three_limits_wait_for_different_times() {
        let wait = |body: &str| match answered(429, body).error.trouble {
            Trouble::RateLimited { retry_after_ms } => retry_after_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(r#"{"message":"You have reached your daily limit.","policyName":"DAILY"}"#), Some(600_000));
        let burst =
            r#"{"message":"You have reached your ten_secondly_rolling limit.","policyName":"TEN_SECONDLY_ROLLING"}"#;
        assert_eq!(wait(burst), None);
        assert_eq!(
            wait(r#"{"message":"You have reached your secondly limit.","category":"RATE_LIMITS"}"#),
            Some(1_000)
        );
        assert_eq!(wait("<html>slow down</html>"), None);
    }

    #[test]
    fn a_retry_after_is_taken_in_seconds() {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("3"))]);
        for status in [429, 477] {
            let failure = Failure::answered("x", status, &headers, b"{}");
            assert_eq!(failure.error.trouble, Trouble::RateLimited { retry_after_ms: Some(3_000) }, "{status}");
        }
    }

    #[test]
    fn missing_scopes_are_named_in_both_spellings() {
        for key in ["requiredScopes", "requiredGranularScopes"] {
            let body =
                format!(r#"{{"message":"no","errors":[{{"context":{{"{key}":["crm.objects.contacts.write"]}}}}]}}"#);
            let failure = answered(403, &body);
            assert_eq!(failure.error.trouble, Trouble::Unauthorized);
            assert!(failure.error.detail.contains("lacks the scopes crm.objects.contacts.write"), "{failure:?}");
        }
    }

    #[test]
    fn missing_scopes_wait_for_a_person_and_other_refusals_of_access_do_not() {
        let unnamed = answered(403, r#"{"message":"no","category":"MISSING_SCOPES"}"#);
        assert_eq!(unnamed.error.trouble, Trouble::Unauthorized);
        assert!(unnamed.error.detail.contains("lacks scopes that HubSpot does not name"), "{unnamed:?}");
        for body in [r#"{"message":"no","category":"FORBIDDEN"}"#, "{}", ""] {
            assert_eq!(answered(403, body).error.trouble, Trouble::Forbidden, "{body}");
        }
        assert!(unnamed.denied && answered(403, "").denied && !answered(401, "").denied);
    }

    #[test]
    fn a_404_page_blames_the_address_and_not_the_record() {
        let failure = answered(404, "<html>HTTP ERROR 404</html>");
        assert_eq!(failure.error.trouble, Trouble::Unavailable);
        assert!(failure.error.detail.contains("API version"));
        assert_eq!(answered(404, r#"{"message":"resource not found"}"#).error.trouble, Trouble::NotFound);
    }

    #[test]
    fn odd_bodies_are_taken_as_they_come() {
        for body in ["", "null", "[]", "{\"message\":7,\"errors\":{},\"context\":3}", "\u{0}"] {
            assert_eq!(answered(400, body).error.trouble, Trouble::Rejected, "{body}");
            assert_eq!(answered(503, body).error.trouble, Trouble::Unavailable, "{body}");
        }
    }

    #[test]
    fn a_lost_answer_is_unknown_for_a_write_only() {
        assert_eq!(Failure::lost("x", Intent::Write, "gone").error.trouble, Trouble::Unknown);
        assert_eq!(Failure::lost("x", Intent::Read, "gone").error.trouble, Trouble::Unavailable);
    }
}
