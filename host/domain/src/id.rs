//! Names of things: one type each, so that a rep is never taken for a pool.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

names! {
    /// A tenant: the `workspace` key of its workspace.
    TenantId;
    /// A rep, by the workspace's own stable id.
    RepId;
    /// A pool of the workspace.
    PoolId;
    /// A rotation: a pool's id where it has one of its own, else a name that no pool can have.
    RotationId;
    /// A flow of the workspace.
    FlowId;
    /// A CRM connection of the workspace.
    ConnectionId;
    /// A lead: `<connection>:<object>:<id in the CRM>`, such as `hs:contact:101`.
    LeadId;
    /// An owner in a CRM, by the id that the CRM's records carry.
    OwnerId;
    /// One decision: a UUID of version 7.
    DecisionId;
    /// One effect: its decision's id and its place in it, `<decision>/<n>`.
    EffectId;
    /// A token, by its public name.
    TokenId;
    /// One process that serves a database, by the name that it drew when it opened it.
    HostId;
    /// SHA-256 of some bytes, written `sha256:<64 hex digits>`.
    Digest;
}

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_hash(Sha256::digest(bytes).into())
    }

    /// The digest with this SHA-256, of bytes that were hashed piece by piece.
    #[must_use]
    pub fn of_hash(hash: [u8; 32]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in hash {
            fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}")).unwrap_or_default();
        }
        Self::from(text)
    }
}

impl RotationId {
    /// The rotation of this pool alone.
    #[must_use]
    pub fn of(pool: &PoolId) -> Self {
        Self(pool.0.clone())
    }
}

impl EffectId {
    /// The n-th effect of a decision.
    #[must_use]
    pub fn of(decision: &DecisionId, n: usize) -> Self {
        Self::from(format!("{decision}/{n}"))
    }
}

/// A tenant's only randomness, drawn once when the tenant is made. Decision ids and the
/// guests' seeds are derived from it and from the place in the tenant's log, so that a
/// decision which is worked out again gets the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl Seed {
    /// A seed made from a small number, for `simulate` and the demo.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(Sha256::digest(number.to_be_bytes()).into())
    }

    /// What this seed gives for the entry with this number in the tenant's log.
    #[must_use]
    pub fn at(&self, seq: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(seq.to_be_bytes());
        hash.finalize().into()
    }
}

impl DecisionId {
    /// A UUID of version 7 (RFC 9562, section 5.7): the time in milliseconds, then bits
    /// that the caller gives.
    #[must_use]
    pub fn new(at: jiff::Timestamp, entropy: &[u8; 32]) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let mut b = [0u8; 16];
        b[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        b[6..].copy_from_slice(&entropy[..10]);
        b[6] = (b[6] & 0x0f) | 0x70;
        b[8] = (b[8] & 0x3f) | 0x80;
        let hex: String = b.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::from(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
    }
}

impl DecisionId {
    /// When it was made, if it reads as one of ours.
    #[must_use]
    pub fn taken(&self) -> Option<jiff::Timestamp> {
        let (high, rest) = self.as_str().split_once('-')?;
        let (low, _) = rest.split_once('-')?;
        if self.as_str().len() != 36 || (high.len(), low.len()) != (8, 4) {
            return None;
        }
        let millis = i64::from_str_radix(&format!("{high}{low}"), 16).ok()?;
        jiff::Timestamp::from_millisecond(millis).ok()
    }
}

impl LeadId {
    /// The id of a record in a CRM.
    #[must_use]
    pub fn of_record(connection: &ConnectionId, object: &str, id: &str) -> Self {
        Self::from(format!("{connection}:{object}:{id}"))
    }

    /// The connection, the object and the CRM's id, where the lead came from a CRM.
    #[must_use]
    pub fn parts(&self) -> Option<(ConnectionId, &str, &str)> {
        let (connection, rest) = self.as_str().split_once(':')?;
        let (object, id) = rest.split_once(':')?;
        Some((ConnectionId::from(connection), object, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_id_is_a_version_7_uuid_that_sorts_by_time() {
        let early = DecisionId::new(jiff::Timestamp::UNIX_EPOCH, &[255; 32]);
        let late = DecisionId::new(jiff::Timestamp::from_second(1_770_000_000).unwrap(), &[0; 32]);
        assert_eq!(early.as_str(), "00000000-0000-7fff-bfff-ffffffffffff");
        assert!(early < late);
        assert_eq!(late.taken(), jiff::Timestamp::from_second(1_770_000_000).ok());
        assert_eq!([DecisionId::from("hs:contact:1"), DecisionId::from("web-12-3")].map(|id| id.taken()), [None, None]);
    }

    #[test]
    fn the_seed_of_an_entry_depends_on_tenant_and_place_only() {
        let seed = Seed::from_number(7);
        assert_eq!(seed.at(3), Seed::from_number(7).at(3));
        assert_ne!(seed.at(3), seed.at(4));
        assert_ne!(seed.at(3), Seed::from_number(8).at(3));
    }

    #[test]
    fn a_lead_id_names_connection_object_and_record() {
        let id = LeadId::from("hs:contact:267448862446");
        let (connection, object, record) = id.parts().unwrap();
        assert_eq!((connection.as_str(), object, record), ("hs", "contact", "267448862446"));
    }
}
