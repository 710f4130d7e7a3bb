//! Who is let in: the Bearer token, and the scopes that a request needs.

use axum::http::{HeaderMap, Method, header};
use jiff::Timestamp;

use crate::errors::ApiError;
use crate::kind::Kind;
use crate::seed::Token;

/// Refuses a request without a good token, or whose token lacks a scope.
pub(crate) fn check(
    tokens: &[Token],
    headers: &HeaderMap,
    method: &Method,
    path: &str,
    now: Timestamp,
) -> Result<(), ApiError> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, given)) = given else {
        return Err(ApiError::no_credentials());
    };
    let Some(token) = tokens.iter().find(|token| token.token == given.trim()) else {
        return Err(ApiError::expired(Timestamp::UNIX_EPOCH, now));
    };
    if let Some(expired_at) = token.expires_at.filter(|at| *at <= now) {
        return Err(ApiError::expired(expired_at, now));
    }
    let Some(scopes) = &token.scopes else {
        return Ok(());
    };
    let missing: Vec<String> = required(method, path).into_iter().filter(|scope| !scopes.contains(scope)).collect();
    if missing.is_empty() { Ok(()) } else { Err(ApiError::missing_scopes(&missing)) }
}

/// The scopes a request needs: those of every object type in its path.
fn required(method: &Method, path: &str) -> Vec<String> {
    let segments: Vec<&str> = path.split('/').collect();
    if segments.contains(&"owners") {
        return vec!["crm.objects.owners.read".to_owned()];
    }
    let mut families: Vec<&str> =
        segments.iter().filter_map(|segment| Kind::parse(segment)).map(Kind::scope_family).collect();
    if segments.contains(&"properties") {
        // A property may be called like an object type; only the first one is the type.
        return families.first().map(|family| format!("crm.schemas.{family}.read")).into_iter().collect();
    }
    families.dedup();
    let access = if method == Method::GET || path.ends_with("/batch/read") { "read" } else { "write" };
    families.into_iter().map(|family| format!("crm.objects.{family}.{access}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_read_needs_no_write_scope() {
        assert_eq!(required(&Method::POST, "/crm/v3/objects/contacts/batch/read"), ["crm.objects.contacts.read"]);
        assert_eq!(required(&Method::PATCH, "/crm/v3/objects/0-1/7"), ["crm.objects.contacts.write"]);
    }

    #[test]
    fn tasks_ride_on_the_contacts_scope() {
        assert_eq!(required(&Method::POST, "/crm/objects/2026-09/tasks"), ["crm.objects.contacts.write"]);
    }

    #[test]
    fn an_association_needs_the_scopes_of_both_sides() {
        let needed = required(&Method::PUT, "/crm/v4/objects/contact/1/associations/default/company/2");
        assert_eq!(needed, ["crm.objects.contacts.write", "crm.objects.companies.write"]);
    }

    #[test]
    fn a_property_called_like_an_object_type_needs_no_scope_of_it() {
        assert_eq!(required(&Method::GET, "/crm/v3/properties/contacts/company"), ["crm.schemas.contacts.read"]);
    }
}
