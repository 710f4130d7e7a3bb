//! The CRM's API under both of its path styles, and what all its handlers share: the API version
//! of a request, its body and its query.

mod account;
mod associations;
mod batch;
mod objects;
mod owners;
mod properties;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post, put};
use serde::de::DeserializeOwned;

use crate::double::Double;
use crate::errors::{ApiError, no_such_page};
use crate::front;
use crate::id::Id;
use crate::kind::Kind;

/// A batch of a hundred long notes must fit.
const MAX_BODY_BYTES: usize = 16 << 20;

/// The API version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    /// `v3` and `v4`.
    Numbered,
    /// Such as `2026-09`.
    Dated(u16, u8),
}

impl Edition {
    /// The version in a path, which is its second segment or its third; none where there is
    /// no such version.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let mut segments = path.split('/').skip(2);
        let (first, second) = (segments.next()?, segments.next()?);
        if ["v3", "v4"].contains(&first) {
            return Some(Self::Numbered);
        }
        let (year, month) = second.split_once('-').filter(|(year, month)| (year.len(), month.len()) == (4, 2))?;
        let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
        Some(Self::Dated(year.parse().ok()?, month))
    }

    /// From 2026-09 on, rules of an account's administrators hold for the API too.
    pub(crate) fn enforces_required_properties(self) -> bool {
        self.is_2026_09_or_later()
    }

    /// From 2026-09 on, a batch with errors is a 200 or 201 like any other.
    fn folds_errors(self) -> bool {
        self.is_2026_09_or_later()
    }

    fn is_2026_09_or_later(self) -> bool {
        matches!(self, Self::Dated(year, month) if (year, month) >= (2026, 9))
    }
}

/// All routes of the API.
pub(crate) fn router(double: &Arc<Double>) -> Router {
    let admit = axum::middleware::from_fn_with_state(Arc::clone(double), front::admit);
    let receive = axum::middleware::from_fn_with_state(Arc::clone(double), front::receive);
    let all = object_routes().into_iter().chain(association_routes()).chain(catalogue_routes());
    all.fold(Router::new(), |routes, (family, rest, handlers)| both(routes, family, rest, &handlers))
        .route("/account-info/v3/details", get(account::details))
        .route_layer(admit)
        .fallback(async || no_such_page())
        .layer(receive)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::clone(double))
}

/// A route without its version: the family of paths, the rest of the path, the handlers.
type Route = (&'static str, &'static str, MethodRouter<Arc<Double>>);

fn object_routes() -> [Route; 6] {
    let single = get(objects::read).patch(objects::update).delete(objects::archive);
    [
        ("objects", "/{kind}", post(objects::create)),
        ("objects", "/{kind}/{id}", single),
        ("objects", "/{kind}/batch/read", post(batch::read)),
        ("objects", "/{kind}/batch/create", post(batch::create)),
        ("objects", "/{kind}/batch/update", post(batch::update)),
        ("objects", "/{kind}/batch/archive", post(batch::archive)),
    ]
}

fn association_routes() -> [Route; 5] {
    let default = "/{kind}/{id}/associations/default/{to_kind}/{to_id}";
    let labelled = "/{kind}/{id}/associations/{to_kind}/{to_id}";
    [
        ("objects", "/{kind}/{id}/associations/{to_kind}", get(associations::list)),
        ("objects", default, put(associations::put_default)),
        ("objects", labelled, put(associations::put_labelled)),
        ("associations", "/{kind}/{to_kind}/batch/read", post(associations::batch_read)),
        ("associations", "/{kind}/{to_kind}/batch/create", post(associations::batch_create)),
    ]
}

fn catalogue_routes() -> [Route; 4] {
    [
        ("owners", "", get(owners::list)),
        ("owners", "/{id}", get(owners::read)),
        ("properties", "/{kind}", get(properties::list)),
        ("properties", "/{kind}/{name}", get(properties::read)),
    ]
}

/// A route with its version before the family (`/crm/v3/objects`) and after it
/// (`/crm/objects/2026-09`). Associations are v4 where the rest is v3.
fn both(
    routes: Router<Arc<Double>>,
    family: &str,
    rest: &str,
    handlers: &MethodRouter<Arc<Double>>,
) -> Router<Arc<Double>> {
    let of_v4 = family == "associations" || rest.contains("/associations/");
    let number = if of_v4 { "v4" } else { "v3" };
    routes
        .route(&format!("/crm/{number}/{family}{rest}"), handlers.clone())
        .route(&format!("/crm/{family}/{{version}}{rest}"), handlers.clone())
}

/// The object type a path names.
fn kind(name: &str) -> Result<Kind, ApiError> {
    Kind::parse(name).ok_or_else(|| ApiError::no_such_object_type(name))
}

/// The id a path names.
fn id(text: &str) -> Result<Id, ApiError> {
    Id::parse(text).ok_or_else(|| ApiError::no_such_id(text))
}

/// A JSON body; keys that the CRM does not know are refused, so that a client cannot rely on one.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::validation("Invalid JSON input: a request body was expected, but none found"));
    }
    serde_json::from_slice(bytes).map_err(|wrong| ApiError::validation(format!("Invalid JSON input: {wrong}")))
}

/// The pairs of a query.
pub(crate) type Pairs = Vec<(String, String)>;

/// The last value of a key that is not empty.
fn value_of<'a>(query: &'a Pairs, key: &str) -> Option<&'a str> {
    query.iter().rfind(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// The values of a key that holds a list: comma-separated, repeated, or both.
fn list_of(query: &Pairs, key: &str) -> Vec<String> {
    let values = query.iter().filter(|(name, _)| name == key).flat_map(|(_, value)| value.split(','));
    values.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A page size from 1 to `most`.
fn limit_of(query: &Pairs, default: usize, most: usize) -> Result<usize, ApiError> {
    let Some(text) = value_of(query, "limit") else {
        return Ok(default);
    };
    let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| ApiError::validation(format!("limit is {text}; it must be from 1 to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_path_styles_name_their_version() {
        assert_eq!(Edition::of_path("/crm/v3/objects/contacts"), Some(Edition::Numbered));
        assert_eq!(Edition::of_path("/crm/objects/2026-03/contacts"), Some(Edition::Dated(2026, 3)));
        for wrong in ["/crm/objects/2026-13/contacts", "/crm/objects/v3/contacts", "/crm/objects/26-03/contacts"] {
            assert_eq!(Edition::of_path(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn required_properties_are_enforced_from_the_september_version_on() {
        let enforced = |edition: Edition| edition.enforces_required_properties();
        assert!(!enforced(Edition::Numbered) && !enforced(Edition::Dated(2026, 3)));
        assert!(enforced(Edition::Dated(2026, 9)) && enforced(Edition::Dated(2027, 3)));
    }
}
