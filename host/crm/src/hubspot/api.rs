//! How HubSpot's paths are written: the older `/crm/v3/…`, or dated as `/crm/objects/2026-03/…`.
//! No path is put together anywhere else.

use reqwest::Url;

/// Which form the API's paths have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ApiStyle {
    /// `/crm/v3/objects/…`, and `/crm/v4/…` for associations.
    #[default]
    V3,
    /// `/crm/objects/<version>/…` with a version such as `2026-03`.
    Dated(String),
}

impl ApiStyle {
    /// `objects/<kind>` and what follows it.
    pub(super) fn object(&self, base: &Url, object: &str, rest: &[&str]) -> Url {
        let kind = collection(object);
        match self {
            Self::V3 => join(base, &["crm", "v3", "objects", kind], rest),
            Self::Dated(version) => join(base, &["crm", "objects", version, kind], rest),
        }
    }

    /// The batch read of associations from one kind of record to another.
    pub(super) fn associations(&self, base: &Url, from: &str, to: &str) -> Url {
        let rest = [collection(from), collection(to), "batch", "read"];
        match self {
            Self::V3 => join(base, &["crm", "v4", "associations"], &rest),
            Self::Dated(version) => join(base, &["crm", "associations", version], &rest),
        }
    }

    /// The definitions of a kind's properties.
    pub(super) fn properties(&self, base: &Url, object: &str) -> Url {
        let kind = collection(object);
        match self {
            Self::V3 => join(base, &["crm", "v3", "properties"], &[kind]),
            Self::Dated(version) => join(base, &["crm", "properties", version], &[kind]),
        }
    }

    /// The account that a token belongs to.
    pub(super) fn account(&self, base: &Url) -> Url {
        match self {
            Self::V3 => join(base, &["account-info", "v3", "details"], &[]),
            Self::Dated(version) => join(base, &["account-info", version, "details"], &[]),
        }
    }

    /// The owners.
    pub(super) fn owners(&self, base: &Url) -> Url {
        match self {
            Self::V3 => join(base, &["crm", "v3", "owners"], &[]),
            Self::Dated(version) => join(base, &["crm", "owners", version], &[]),
        }
    }
}

/// The plural that paths carry; what is unknown, such as the type id of a custom object,
/// stands as it is.
fn collection(object: &str) -> &str {
    match object {
        "contact" => "contacts",
        "company" => "companies",
        "lead" => "leads",
        "deal" => "deals",
        "ticket" => "tickets",
        "task" => "tasks",
        "note" => "notes",
        other => other,
    }
}

/// Each part becomes one segment, whatever it holds.
fn join(base: &Url, head: &[&str], rest: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(head).extend(rest);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://127.0.0.1:9/prefix/").unwrap()
    }

    #[test]
    fn both_styles_name_the_same_things() {
        let dated = ApiStyle::Dated("2026-09".into());
        let paths = |url: Url| url.path().to_owned();
        assert_eq!(
            paths(ApiStyle::V3.object(&base(), "contact", &["batch", "read"])),
            "/prefix/crm/v3/objects/contacts/batch/read"
        );
        assert_eq!(paths(dated.object(&base(), "company", &["7"])), "/prefix/crm/objects/2026-09/companies/7");
        assert_eq!(
            paths(ApiStyle::V3.associations(&base(), "contact", "company")),
            "/prefix/crm/v4/associations/contacts/companies/batch/read"
        );
        assert_eq!(paths(ApiStyle::V3.owners(&base())), "/prefix/crm/v3/owners");
        assert_eq!(paths(dated.owners(&base())), "/prefix/crm/owners/2026-09");
    }

    #[test]
    fn a_name_with_slashes_stays_one_segment() {
        let url = ApiStyle::V3.object(&base(), "../../oauth", &["1/2?x"]);
        assert_eq!(url.path(), "/prefix/crm/v3/objects/..%2F..%2Foauth/1%2F2%3Fx");
    }
}
