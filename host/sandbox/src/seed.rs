//! What a double starts with: its portal, its keys, its rules and its first records. This is the
//! seed file's format; an unknown key is refused so that a typing error cannot pass for a default.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::Id;

/// The seed file. Every key may be left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The account's id, in every event and in property errors.
    pub portal_id: u64,
    /// The app that the tokens and the webhooks belong to; the `sourceId` of changes by API.
    pub app_id: u64,
    /// The user who makes the changes that come through `/_sandbox`.
    pub person_user_id: u64,
    /// Where the random numbers of faults, delays and ids start.
    pub random_seed: u64,
    /// The id the first record gets; later ones count up. Beyond 32 bits by default, as in life.
    pub first_id: u64,
    /// Bearer tokens that are let in.
    pub tokens: Vec<Token>,
    /// Request limits.
    pub limits: Limits,
    /// What the app has subscribed to.
    pub subscriptions: Vec<Subscription>,
    /// How webhooks are sent and retried.
    pub webhooks: WebhookSettings,
    /// What happens to odd owner ids; the CRM's own behaviour is not confirmed.
    pub owner_rules: OwnerRules,
    /// Properties an administrator made required, by object type. Only API versions from 2026-09
    /// enforce them; then a write that says nothing about them can be refused because of them.
    pub required_properties: BTreeMap<String, Vec<String>>,
    /// Custom properties, by object type, on top of the built-in ones.
    pub properties: BTreeMap<String, Vec<PropertySeed>>,
    /// The owners.
    pub owners: Vec<OwnerSeed>,
    /// The companies there from the start; no webhooks are sent for them.
    pub companies: Vec<RecordSeed>,
    /// The contacts there from the start; no webhooks are sent for them.
    pub contacts: Vec<ContactSeed>,
}

impl Default for Seed {
    fn default() -> Self {
        Self {
            portal_id: 62_515_001,
            app_id: 1_234_567,
            person_user_id: 52_530_071,
            random_seed: 1,
            first_id: 267_448_862_446,
            tokens: vec![Token { token: "pat-sandbox".to_owned(), scopes: None, expires_at: None }],
            limits: Limits::default(),
            subscriptions: vec![
                Subscription::to("contact.creation", None),
                Subscription::to("contact.propertyChange", Some("lifecyclestage")),
            ],
            webhooks: WebhookSettings::default(),
            owner_rules: OwnerRules::default(),
            required_properties: BTreeMap::new(),
            properties: BTreeMap::new(),
            owners: vec![
                OwnerSeed::named(41_629_779, 9_586_504, "Ada", "Park", false),
                OwnerSeed::named(41_629_780, 9_586_505, "Ben", "Okafor", false),
                OwnerSeed::named(41_629_781, 9_586_506, "Chiara", "Lindt", false),
                OwnerSeed::named(328_396_086, 7_711_020, "Dee", "Moreau", true),
            ],
            companies: Vec::new(),
            contacts: Vec::new(),
        }
    }
}

/// A Bearer token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token's text.
    pub token: String,
    /// The scopes it has, such as `crm.objects.contacts.read`; left out: all of them.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// From when on it is refused; left out: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// Request limits; 0 switches one off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in any ten seconds.
    pub per_10s: u32,
    /// Requests in a calendar day (UTC).
    pub per_day: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_10s: 190, per_day: 625_000 }
    }
}

/// A webhook subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Such as `contact.creation`, `company.propertyChange` or the generic `object.deletion`.
    pub subscription_type: String,
    /// The property, for `propertyChange` only.
    #[serde(default)]
    pub property_name: Option<String>,
    /// The object's type id, for `object.*` only: `0-1` contact, `0-2` company.
    #[serde(default)]
    pub object_type_id: Option<String>,
}

impl Subscription {
    fn to(subscription_type: &str, property_name: Option<&str>) -> Self {
        Self {
            subscription_type: subscription_type.to_owned(),
            property_name: property_name.map(str::to_owned),
            object_type_id: None,
        }
    }
}

/// How webhooks are sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// The first retry's delay; later ones grow by half each time, all randomised. The CRM spreads
    /// its retries over a day, which no test would wait for.
    pub retry_base_ms: u64,
    /// The most that a retry's delay grows to.
    pub retry_longest_ms: u64,
    /// How often a failed delivery is tried again before it is given up.
    pub max_retries: u32,
    /// How long the receiver may take to answer.
    pub timeout_ms: u64,
    /// How long changes are gathered before they go out in one request.
    pub gather_ms: u64,
    /// Requests in flight at once.
    pub max_in_flight: u32,
    /// Which form of the target URL signature v3 covers; for URLs without escapes they are equal.
    pub signed_uri: SignedUri,
    /// Whether values set at creation also count as property changes. Not confirmed.
    pub property_change_on_create: bool,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            retry_base_ms: 200,
            retry_longest_ms: 86_400_000,
            max_retries: 10,
            timeout_ms: 5_000,
            gather_ms: 5,
            max_in_flight: 10,
            signed_uri: SignedUri::Decoded,
            property_change_on_create: false,
        }
    }
}

/// Which form of the target URL is signed. The documentation decodes twelve escapes, the official
/// clients none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedUri {
    /// As the documentation says.
    Decoded,
    /// As the official clients do.
    Verbatim,
}

/// What happens when an owner property is set to something that is not an active owner's id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnerRules {
    /// The id of an archived owner.
    pub archived: OwnerRule,
    /// An id that no owner has.
    pub unknown: OwnerRule,
    /// A user's id where the owner's id belongs.
    pub user_id: OwnerRule,
}

/// Whether an odd owner id is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRule {
    /// Answered with 400.
    #[default]
    Refuse,
    /// Written as it is.
    Accept,
}

/// A custom property.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertySeed {
    /// The internal name.
    pub name: String,
    /// What people see; left out: the name.
    #[serde(default)]
    pub label: Option<String>,
    /// `string`, `number`, `enumeration`, `bool`, `date` or `datetime`.
    #[serde(rename = "type", default = "PropertySeed::text")]
    pub kind: String,
    /// The values an enumeration allows; none means any.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether the API refuses to write it.
    #[serde(default)]
    pub read_only: bool,
    /// Whether it may serve as `idProperty`.
    #[serde(default)]
    pub unique: bool,
}

impl PropertySeed {
    fn text() -> String {
        "string".to_owned()
    }
}

/// An owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerSeed {
    /// What goes into `hubspot_owner_id`.
    pub id: Id,
    /// The user behind the owner: another number, and no owner id.
    pub user_id: u64,
    /// The address; left out: none.
    #[serde(default)]
    pub email: Option<String>,
    /// The first name; may be empty.
    #[serde(default)]
    pub first_name: String,
    /// The last name; may be empty.
    #[serde(default)]
    pub last_name: String,
    /// Whether the user was deactivated.
    #[serde(default)]
    pub archived: bool,
    /// The teams; none means that the answer has no such key.
    #[serde(default)]
    pub teams: Vec<TeamSeed>,
}

impl OwnerSeed {
    fn named(id: u64, user_id: u64, first: &str, last: &str, archived: bool) -> Self {
        Self {
            id: Id(id),
            user_id,
            email: Some(format!("{}@sandbox.example", first.to_lowercase())),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            archived,
            teams: Vec::new(),
        }
    }
}

/// A team of an owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamSeed {
    /// The team's id.
    pub id: Id,
    /// The team's name.
    pub name: String,
    /// Whether it is the owner's main team.
    #[serde(default)]
    pub primary: bool,
}

/// A company or a deal, in the seed and in `POST /_sandbox/companies` and `…/deals`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordSeed {
    /// The id; left out: the next free one.
    #[serde(default)]
    pub id: Option<Id>,
    /// The properties; all values are strings.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// A contact, in the seed and in `POST /_sandbox/contacts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSeed {
    /// The id; left out: the next free one.
    #[serde(default)]
    pub id: Option<Id>,
    /// The properties; all values are strings.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// The primary company, which must exist.
    #[serde(default)]
    pub company: Option<Id>,
    /// Ids of contacts that were merged into this one: single calls still know them, batch
    /// updates pass over them.
    #[serde(default)]
    pub merged_ids: Vec<Id>,
}
