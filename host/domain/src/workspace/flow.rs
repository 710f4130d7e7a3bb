//! Flows, sources and connections of a workspace.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::again::{self, Nobody};
use super::people::nearest;
use super::{Condition, Contradiction, Workspace};
use crate::id::{ConnectionId, Digest, FlowId, RepId};

/// A named entry: which leads, which plugin with which settings, and what if it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// Which leads it takes; absent means every contact that is created.
    #[serde(default)]
    pub enrol: Enrol,
    /// The plugin: a name, of a bundled or an uploaded one, `name@version`, a digest, or
    /// `./file.wasm`.
    pub plugin: String,
    /// The digest of its component, as the host found it; whatever is written is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub digest: Option<Digest>,
    /// The plugin's settings: a JSON file, or an inline table.
    #[serde(default)]
    pub settings: Settings,
    /// What becomes of records that have an active owner.
    #[serde(default)]
    pub owned: Owned,
    /// Who takes a lead that the plugin did not decide about.
    pub fallback: Fallback,
    /// What becomes of a lead that the plugin passed on because nobody of a pool was there.
    #[serde(default, skip_serializing_if = "Nobody::is_fallback")]
    pub nobody: Nobody,
    /// When the plugin is asked again about a lead that it gave to a rep: `sla-breached` if that has
    /// no answer in time, `rep-left` if the rep leaves before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask_again: Vec<String>,
    /// For how long more events about the same person join the first decision.
    #[serde(default = "ten_minutes")]
    pub coalesce: Minutes,
}

/// Which leads enter a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The kind of record.
    #[serde(default = "contact")]
    pub object: String,
    /// Triggers: `created`, `changed`, `manual`.
    #[serde(default = "created")]
    pub on: Vec<String>,
    /// What must be true of the lead.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

/// A plugin's settings.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Settings {
    /// A JSON file, relative to the workspace.
    File(String),
    /// The settings themselves.
    Inline(serde_json::Map<String, serde_json::Value>),
}

/// What becomes of records that have an active owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Owned {
    /// The owner stays, and the plugin is not asked.
    #[default]
    Keep,
    /// The plugin decides anew.
    Overwrite,
}

/// Who takes a lead that no plugin decided about: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// A queue.
    Queue(String),
    /// A rep.
    Rep(RepId),
}

/// A span written as `10m`, `2h`, `1d` or `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Minutes(pub u32);

/// How leads of one source are recognised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The class that they get.
    pub class: String,
    /// What must be true of the lead.
    pub when: Condition,
}

/// A CRM account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Its name in this workspace.
    pub id: ConnectionId,
    /// Which CRM.
    pub kind: ConnectionKind,
    /// The app of `rota.toml` that receives its webhooks.
    #[serde(default)]
    pub app: Option<String>,
    /// HubSpot: the account's number.
    #[serde(default)]
    pub portal_id: Option<u64>,
    /// Where its access token is found.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Where its API is; absent means the CRM's public address.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Which CRM a connection leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionKind {
    /// HubSpot.
    HubSpot,
}

/// Where a secret is found; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The environment variable that holds it.
    pub env: String,
}

fn contact() -> String {
    "contact".into()
}

fn ten_minutes() -> Minutes {
    Minutes(10)
}

fn created() -> Vec<String> {
    vec!["created".into()]
}

impl Default for Enrol {
    fn default() -> Self {
        Self { object: contact(), on: created(), condition: None }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::Inline(serde_json::Map::new())
    }
}

// Written by hand, since an untagged enum cannot say what was expected.
impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = Settings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a JSON file, or a table")
            }
            fn visit_str<E: de::Error>(self, file: &str) -> Result<Settings, E> {
                Ok(Settings::File(file.into()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Settings, A::Error> {
                Deserialize::deserialize(de::value::MapAccessDeserializer::new(map)).map(Settings::Inline)
            }
        }
        from.deserialize_any(Either)
    }
}

impl Flow {
    pub(super) fn check(&self, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
        let wrong = |key: &str, message: String| Err(Contradiction::new(format!("/flows/{place}/{key}"), message));
        let known = ["created", "changed", "manual"];
        for (n, trigger) in self.enrol.on.iter().enumerate() {
            if !known.contains(&trigger.as_str()) {
                let message = format!("flow `{}` enrols on `{trigger}`; use created, changed or manual", self.id);
                return wrong(&format!("enrol/on/{n}"), message);
            }
        }
        if self.plugin.trim().is_empty() {
            let message = format!("flow `{}` names no plugin; name one, such as \"territory\"", self.id);
            return wrong("plugin", message);
        }
        again::check_flow(self, workspace, place)?;
        match &self.fallback {
            Fallback::Rep(rep) if workspace.rep(rep).is_none() => {
                let known = nearest(rep.as_str(), workspace.reps.iter().map(|known| known.id.as_str()));
                let message =
                    format!("flow `{}` falls back to the rep `{rep}`, who is not among [[reps]]{known}", self.id);
                wrong("fallback/rep", message)
            }
            Fallback::Queue(name) if name.trim().is_empty() => {
                let message =
                    format!("flow `{}` falls back to a queue without a name; name one, such as \"triage\"", self.id);
                wrong("fallback/queue", message)
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Minutes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no span; write minutes, hours or days, as in 10m, 2h, 1d, or 0");
        if text == "0" {
            return Ok(Self(0));
        }
        let unit = text.chars().last().ok_or_else(wrong)?;
        let digits = &text[..text.len() - unit.len_utf8()];
        let factor = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            _ => return Err(wrong()),
        };
        let count: u32 = digits.parse().map_err(|_| wrong())?;
        count.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}

impl TryFrom<String> for Minutes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Minutes> for String {
    fn from(minutes: Minutes) -> Self {
        minutes.to_string()
    }
}
