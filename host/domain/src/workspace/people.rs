//! Reps, pools, calendars and tables of a workspace.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contradiction, Workspace};
use crate::business_time::{self, Wrong};
use crate::id::{ConnectionId, Digest, OwnerId, PoolId, RepId};

/// Somebody who may own leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rep {
    /// The workspace's own stable id.
    pub id: RepId,
    /// What people call them.
    #[serde(default)]
    pub name: String,
    /// Their e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Connection → the id of this rep among that CRM's owners.
    #[serde(default)]
    pub crm: BTreeMap<ConnectionId, OwnerId>,
    /// Their IANA time zone, where it is not the workspace's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Words that rules may ask for.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Most open leads; absent means no limit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Whether they may be given leads at all.
    #[serde(default = "yes")]
    pub active: bool,
}

/// A named set of reps with one rotation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its name.
    pub id: PoolId,
    /// How turns are given.
    #[serde(default)]
    pub policy: Policy,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Its working hours: the id of a calendar.
    #[serde(default)]
    pub calendar: Option<String>,
}

/// How a pool gives turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// By weight, and never a whole lead away from the exact share.
    #[default]
    Quota,
}

/// A rep's place in a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Who.
    pub rep: RepId,
    /// Their share, relative to the others'; 0 takes no turns.
    #[serde(default = "one")]
    pub weight: u32,
}

/// Weekly working hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Its name.
    pub id: String,
    /// Its IANA time zone, where it is not the workspace's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Day (`mon` to `sun`) → spans such as `09:00-17:00`, by the wall clock of the zone.
    /// `22:00-06:00` passes midnight and belongs to the day on which it begins; `00:00-24:00`
    /// is a whole day.
    #[serde(default)]
    pub hours: BTreeMap<String, Vec<String>>,
    /// Days whose hours fall away, as `2026-12-25`. Those that pass midnight fall away whole;
    /// those of the day before end as ever.
    #[serde(default)]
    pub holidays: Vec<String>,
}

/// A look-up table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub id: String,
    /// The CSV file, relative to the workspace. Its first line is `key,value`, or
    /// `from,to,value` for ranges.
    pub file: String,
    /// How keys are matched.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// The digest of the file's bytes, as the host found them; whatever is written is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub digest: Option<Digest>,
}

/// How a table's keys are matched, without regard to case and to white space around them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// The whole key.
    #[default]
    Exact,
    /// Between `from` and `to`, both included: digits as numbers of the same length, anything
    /// else as text.
    Range,
    /// The longest key that the text begins with.
    Prefix,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

impl Rep {
    /// What to call them: the name, else the id.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }

    pub(super) fn check(&self, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
        let rep = &self.id;
        match &self.email {
            Some(email) if !email.contains('@') => {
                let message =
                    format!("`{email}` is no e-mail address (rep `{rep}`); write one with an @, or leave the key out");
                return Err(Contradiction::new(format!("/reps/{place}/email"), message));
            }
            _ => {}
        }
        for (connection, owner) in &self.crm {
            let at = format!("/reps/{place}/crm/{connection}");
            // A workspace without connections is only simulated; its owner ids are notes.
            if !workspace.connections.is_empty() && workspace.connection(connection).is_none() {
                let known = nearest(connection.as_str(), workspace.connections.iter().map(|known| known.id.as_str()));
                let message =
                    format!("rep `{rep}` has an owner id in `{connection}`, which is not among [[connections]]{known}");
                return Err(Contradiction::new(at, message));
            }
            let earlier = workspace.reps[..place].iter().find(|other| other.crm.get(connection) == Some(owner));
            if let Some(other) = earlier {
                let message = format!(
                    "the reps `{}` and `{rep}` are both the owner {owner} in `{connection}`; give each an owner of their own",
                    other.id
                );
                return Err(Contradiction::new(at, message));
            }
        }
        Ok(())
    }
}

impl Pool {
    pub(super) fn check(&self, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
        let pool = &self.id;
        let mut seen = std::collections::HashSet::new();
        for (n, Member { rep, weight }) in self.members.iter().enumerate() {
            let at = format!("/pools/{place}/members/{n}");
            if workspace.rep(rep).is_none() {
                let known = nearest(rep.as_str(), workspace.reps.iter().map(|known| known.id.as_str()));
                let message = format!("pool `{pool}` names the rep `{rep}`, who is not among [[reps]]{known}");
                return Err(Contradiction::new(at + "/rep", message));
            }
            if !seen.insert(rep) {
                let message =
                    format!("pool `{pool}` names the rep `{rep}` twice; keep one entry, with the sum of the weights");
                return Err(Contradiction::new(at + "/rep", message));
            }
            if *weight > 1_000_000 {
                let message = format!(
                    "the weight {weight} of `{rep}` in pool `{pool}` is too large; weights go from 0 to 1000000"
                );
                return Err(Contradiction::new(at + "/weight", message));
            }
        }
        match &self.calendar {
            Some(id) if !workspace.calendars.iter().any(|calendar| calendar.id == *id) => {
                let known = nearest(id, workspace.calendars.iter().map(|calendar| calendar.id.as_str()));
                let message =
                    format!("pool `{pool}` names the calendar `{id}`, which is not among [[calendars]]{known}");
                Err(Contradiction::new(format!("/pools/{place}/calendar"), message))
            }
            _ => Ok(()),
        }
    }
}

impl Calendar {
    pub(super) fn check(&self, place: usize) -> Result<(), Contradiction> {
        business_time::check(self).map_err(|Wrong { at, message }| {
            let message = format!("calendar `{}`: {message}", self.id);
            Contradiction::new(format!("/calendars/{place}{at}"), message)
        })
    }
}

/// `; did you mean …?` for the closest of the known names, or advice to add one.
pub(super) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    let close = known
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(closeness, _)| *closeness > 0.7);
    match close {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None => "; add it, or correct the name".into(),
    }
}
