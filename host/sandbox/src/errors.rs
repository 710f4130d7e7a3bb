//! The CRM's error answers. A handler says what went wrong; `front` adds the correlation id, which
//! belongs to the request and not to the error.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::rfc3339;

/// An error answer without its correlation id.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// Everything that follows message and correlation id, in the order of the wire.
    pub(crate) rest: Map<String, Value>,
}

/// A property value that was refused.
#[derive(Clone, Debug)]
pub(crate) struct InvalidValue {
    pub(crate) name: String,
    pub(crate) error: &'static str,
    pub(crate) message: String,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>, rest: Value) -> Self {
        let rest = match rest {
            Value::Object(rest) => rest,
            _ => Map::new(),
        };
        Self { status, message: message.into(), rest }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, json!({"category": "VALIDATION_ERROR"}))
    }

    /// The refused values travel as JSON inside the message string.
    pub(crate) fn invalid_values(values: &[InvalidValue], portal_id: u64) -> Self {
        let values: Vec<Value> = values
            .iter()
            .map(|value| {
                json!({"isValid": false, "message": value.message, "error": value.error, "name": value.name,
                       "localizedErrorMessage": value.message, "portalId": portal_id})
            })
            .collect();
        Self::validation(format!("Property values were not valid: {}", Value::Array(values)))
    }

    pub(crate) fn missing_properties(kind: &str, names: &[&str]) -> Self {
        let kind = kind.to_uppercase();
        let message = format!("Error creating {kind}. Some required properties were not set.");
        Self::validation(message).with(json!({"errors": [{
            "message": "Some required properties were not set.",
            "context": {"properties": names}
        }]}))
    }

    pub(crate) fn duplicate_ids(ids: &[String]) -> Self {
        let listed = ids.join(", ");
        Self::validation(format!("Duplicate IDs found in batch input: [{listed}]. IDs must be unique"))
            .with(json!({"context": {"ids": ids}}))
    }

    pub(crate) fn no_such_object_type(name: &str) -> Self {
        Self::validation(format!("Unable to infer object type from: {name}"))
    }

    pub(crate) fn no_such_record() -> Self {
        Self::new(StatusCode::NOT_FOUND, "resource not found", json!({}))
    }

    pub(crate) fn no_such_id(id: &str) -> Self {
        let message = "Object not found. objectId is usually positive.";
        Self::new(StatusCode::NOT_FOUND, message, json!({"context": {"id": [id]}}))
    }

    pub(crate) fn exists(id: impl std::fmt::Display) -> Self {
        let message = format!("Contact already exists. Existing ID: {id}");
        Self::new(StatusCode::CONFLICT, message, json!({"category": "CONFLICT"}))
    }

    pub(crate) fn no_credentials() -> Self {
        let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication \
                       and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
        Self::new(StatusCode::UNAUTHORIZED, message, json!({"category": "INVALID_AUTHENTICATION"}))
    }

    /// An unknown token counts as one that expired at the epoch.
    pub(crate) fn expired(expired_at: Timestamp, now: Timestamp) -> Self {
        let seconds = now.duration_since(expired_at).as_secs();
        let ago =
            if seconds >= 86_400 { format!("{} day(s)", seconds / 86_400) } else { format!("{seconds} second(s)") };
        let message = format!("The OAuth token used to make this call expired {ago} ago.");
        let rest = json!({"category": "EXPIRED_AUTHENTICATION", "context": {"expire time": [rfc3339(expired_at)]}});
        Self::new(StatusCode::UNAUTHORIZED, message, rest)
    }

    pub(crate) fn missing_scopes(scopes: &[String]) -> Self {
        let message = "This app hasn't been granted all required scopes to make this call. \
                       Read more about required scopes here: https://developers.hubspot.com/scopes.";
        let errors = json!([{"message": "One or more of the following scopes are required.",
                             "context": {"requiredGranularScopes": scopes}}]);
        let links = json!({"scopes": "https://developers.hubspot.com/scopes"});
        Self::new(
            StatusCode::FORBIDDEN,
            message,
            json!({"errors": errors, "links": links, "category": "MISSING_SCOPES"}),
        )
    }

    /// A limit of the app, in the form that names its policy.
    pub(crate) fn over_policy(policy: &str) -> Self {
        let message = match policy {
            "DAILY" => "You have reached your daily limit.".to_owned(),
            other => format!("You have reached your {} limit.", other.to_lowercase()),
        };
        // `front` puts a fresh id where this null stands.
        let rest = json!({"errorType": "RATE_LIMIT", "policyName": policy, "requestId": null});
        Self::new(StatusCode::TOO_MANY_REQUESTS, message, rest)
    }

    /// A limit in the other form that was seen: no policy, no error type.
    pub(crate) fn over_secondly() -> Self {
        let message = "You have reached your secondly limit.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, message, json!({"category": "RATE_LIMITS"}))
    }

    /// The answer of a `status` fault.
    pub(crate) fn of_status(status: StatusCode, now: Timestamp) -> Self {
        match status.as_u16() {
            400 => Self::validation("The request was refused by a fault of the sandbox."),
            401 => Self::expired(Timestamp::UNIX_EPOCH, now),
            403 => Self::missing_scopes(&[]),
            404 => Self::no_such_record(),
            409 => Self::exists(1),
            423 => Self::new(
                status,
                "The record is locked. Try again in at least 2 seconds.",
                json!({"category": "LOCKED"}),
            ),
            429 => Self::over_policy("TEN_SECONDLY_ROLLING"),
            _ => Self::new(status, "internal error", json!({})),
        }
    }

    fn with(mut self, more: Value) -> Self {
        if let Value::Object(more) = more {
            self.rest.extend(more);
        }
        self
    }

    /// The body, with the request's correlation id in its place.
    pub(crate) fn body(&self, correlation_id: &str) -> Value {
        let mut body = Map::new();
        body.insert("status".to_owned(), "error".into());
        body.insert("message".to_owned(), self.message.clone().into());
        body.insert("correlationId".to_owned(), correlation_id.into());
        body.extend(self.rest.clone());
        Value::Object(body)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What an unknown path gets: a web page, as from the CRM, for clients that expect JSON.
pub(crate) fn no_such_page() -> Response {
    let page = "<html><head><title>Error 404</title></head><body><h2>HTTP ERROR 404 Not Found</h2></body></html>";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html;charset=utf-8")], page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_values_are_json_within_the_message() {
        let missing = InvalidValue {
            name: "missing".to_owned(),
            error: "PROPERTY_DOESNT_EXIST",
            message: "Property \"missing\" does not exist".to_owned(),
        };
        let body = ApiError::invalid_values(&[missing], 891_936_587).body("c").to_string();
        assert!(body.contains(
            r#"Property values were not valid: [{\"isValid\":false,\"message\":\"Property \\\"missing\\\" does not exist\",\"error\":\"PROPERTY_DOESNT_EXIST\",\"name\":\"missing\""#
        ), "{body}");
    }

    #[test]
    fn an_unknown_token_expired_at_the_epoch() {
        let now = Timestamp::from_second(20_543 * 86_400 + 5).expect("a timestamp");
        let error = ApiError::expired(Timestamp::UNIX_EPOCH, now);
        assert_eq!(error.message, "The OAuth token used to make this call expired 20543 day(s) ago.");
    }
}
