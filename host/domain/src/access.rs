//! Who may ask what of a server: roles, and the tokens that prove them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::{TenantId, TokenId};

/// What a caller may do. Each may do what those before it may; but the host's operator owns
/// no tenant's data, and names a tenant for whatever belongs to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Routes leads, tends pools and the outbox.
    Operator,
    /// Changes the workspace, plugins, tokens; exports and erases people.
    Admin,
    /// Runs the host: makes tenants, reads metrics.
    Host,
}

impl Role {
    /// Every role, the smallest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Host];

    /// The role as people write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no role; write viewer, operator, admin, or host"))
    }
}

/// What a token begins with, so that people and scanners know one when they see it.
const MARK: &str = "rota_";

/// A token as its owner holds it. It is shown once, and never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let mut text = String::from(MARK);
        for byte in bytes {
            fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}")).unwrap_or_default();
        }
        Self(text)
    }

    /// What a caller presents; none if it cannot be a token at all.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(MARK)?;
        let hex = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The token itself, to be shown to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the token: all that is kept of it. A plain hash will do, since nobody can
    /// try all 2^256.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Its public name; it opens nothing.
    pub id: TokenId,
    /// Whose data it opens; none for the host's operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// What its holder may do.
    pub role: Role,
    /// What people call it.
    pub name: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub made: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
    /// When it was used last, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub used: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub revoked: Option<Timestamp>,
}

impl Grant {
    /// Whether it opens anything at this time.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who: a token's id and name, or `command line`.
    pub who: String,
    /// What was done, such as `token.made` or `workspace.applied`.
    pub action: String,
    /// To which thing.
    pub thing: String,
    /// More about it; nothing secret and nothing personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How a tenant stands with the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tenant")]
pub struct Standing {
    /// The tenant.
    pub tenant: TenantId,
    /// The name of the plan that it was given; absent means the usual limits. What
    /// `[tenants]` of rota.toml says of the tenant goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// When it was made, where the operator made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub made: Option<Timestamp>,
    /// The number of the newest revision of its workspace, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Whether it is suspended: its tokens only read, and what its CRMs send waits.
    pub suspended: bool,
}

/// The name of a new tenant, if it can be one: it stands in addresses, headers and file names.
///
/// # Errors
/// What a name has to be.
pub fn tenant_name(text: &str) -> Result<TenantId, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-') {
        return Ok(text.into());
    }
    Err("a tenant's name has 1 to 64 of a-z, 0-9 and -, and does not begin with -".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_name_is_plain() {
        for name in ["a", "acme", "acme-2", &"x".repeat(64)] {
            assert_eq!(tenant_name(name), Ok(name.into()));
        }
        for name in ["", "-acme", "Acme", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(tenant_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_token_is_read_back_and_is_not_printed() {
        let token = Token::from_random([7; 32]);
        assert_eq!(Token::read(token.expose()).as_ref(), Some(&token));
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn what_is_no_token_is_not_taken_for_one() {
        for text in ["", "rota_", "rota_zz", "Bearer x", &"0".repeat(69)] {
            assert_eq!(Token::read(text), None, "{text}");
        }
    }
}
