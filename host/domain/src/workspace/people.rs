//! Reps, pools, calendars and tables of a workspace.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::again::{self, Queue};
use super::cap::{self, Cap};
use super::near::{self, Near};
use super::records::Records;
use super::turns::{Manual, Scope};
use super::weights::{self, Weights};
use super::{Contradiction, Workspace, backup, percent, turns};
use crate::business_time::{self, Wrong};
use crate::fairness::{Absent, By, Policy};
use crate::id::{ConnectionId, Digest, OwnerId, PoolId, RepId};
use crate::location::Location;

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
    /// When they work: the id of a calendar. Where that says no time zone, it is read in theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// When they are away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_off: Vec<TimeOff>,
    /// An iCalendar file, relative to the workspace: while one of its events runs, they are away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_file: Option<String>,
    /// The digest of that file's bytes, as the host found them; whatever is written is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub busy_digest: Option<Digest>,
    /// Where they are, for pools whose turns go by distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Most open leads that turns bring them to; absent means no limit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Most leads in a stretch of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// Who takes their turns, in their name, while they are away or off shift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<RepId>,
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
    /// When it gives leads: the id of a calendar. Outside its hours, none of its members is there for it.
    #[serde(default)]
    pub calendar: Option<String>,
    /// How leads that wait for one of its turns get it.
    #[serde(default, skip_serializing_if = "Queue::is_usual")]
    pub queue: Queue,
    /// What becomes of turns that come while a member is away, off shift or at their cap: `skip`, which is
    /// usual, but for the policy `least-recent`, where waiting is a `hold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// In what the policy `most-free-capacity` measures: `count`, which is usual, or `percent`.
    #[serde(default, skip_serializing_if = "By::is_count")]
    pub by: By,
    /// Whether owners whom people chose in the CRM count as served, under the policy `least-recent`.
    #[serde(default, skip_serializing_if = "Manual::is_ignored")]
    pub manual: Manual,
    /// Whose rotation it is.
    #[serde(default, skip_serializing_if = "Scope::is_pool")]
    pub scope: Scope,
    /// Who is more than so many leads ahead of the member most behind gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<u32>,
    /// How it finds out where a lead is, under the policy `nearest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// Where its weights come from, in place of its members'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Weights>,
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
    /// Their share of a hundred, where all members have one, in place of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    /// Their place in a pecking order: the highest goes first, and below zero takes no turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
}

impl Member {
    /// The weight that counts under this policy, or the score; none for whoever takes no turns.
    #[must_use]
    pub fn counts(&self, policy: Policy) -> Option<u32> {
        match policy {
            Policy::PeckingOrder => u32::try_from(self.score.unwrap_or(0)).ok(),
            _ => Some(self.share()).filter(|weight| *weight > 0),
        }
    }

    /// Their weight, or their percentage.
    #[must_use]
    pub fn share(&self) -> u32 {
        self.percent.unwrap_or(self.weight)
    }
}

/// Days on which a rep is away, from midnight to midnight in their time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeOff {
    /// The first day, as `2026-03-10`.
    pub from: String,
    /// The last day; left out, the first is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many days before the first they are given no more leads.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub before: u8,
    /// How many days after the last they are given none yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u8,
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
    /// An iCalendar file, relative to the workspace, whose events of whole days are holidays besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays_file: Option<String>,
    /// The digest of that file's bytes, as the host found them; whatever is written is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub holidays_digest: Option<Digest>,
}

/// A look-up table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub id: String,
    /// The CSV file, relative to the workspace. Its first line is `key,value`,
    /// `from,to,value` for ranges, or `key,at,value` for dated numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The records of a CRM that are the rows of a dated table, in place of a file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Records>,
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
    /// The whole key, which may stand in many rows: numbers, each with its time, that weights of a pool
    /// come from. Looked up, a key is its newest number.
    Dated,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

/// Whether a number is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

impl TimeOff {
    /// The first and the last day, without those around them.
    ///
    /// # Errors
    /// The key that is wrong, what is wrong with it, and what to do.
    pub fn days(&self) -> Result<(Date, Date), (&'static str, String)> {
        let day = |key, text: &str| {
            business_time::day(text).ok_or_else(|| (key, format!("`{text}` is no day; write it as in \"2026-12-25\"")))
        };
        let from = day("from", &self.from)?;
        let to = self.to.as_ref().map_or(Ok(from), |to| day("to", to))?;
        if to < from {
            return Err(("to", format!("time off from {from} to {to} ends before it begins; swap the days")));
        }
        Ok((from, to))
    }
}

impl Rep {
    /// What to call them: the name, else the id.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }

    /// Their IANA time zone.
    #[must_use]
    pub fn zone<'w>(&'w self, workspace: &'w Workspace) -> &'w str {
        self.time_zone.as_ref().unwrap_or(&workspace.time_zone)
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
        for (n, off) in self.time_off.iter().enumerate() {
            let told = |(key, message)| {
                Contradiction::new(format!("/reps/{place}/time_off/{n}/{key}"), format!("rep `{rep}`: {message}"))
            };
            off.days().map_err(told)?;
        }
        cap::check(self, place)?;
        near::check_rep(self, place)?;
        backup::check(self, workspace, place)?;
        has_calendar(self.calendar.as_ref(), workspace, &format!("rep `{rep}`"), &format!("/reps/{place}/calendar"))
    }
}

impl Pool {
    pub(super) fn check(&self, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
        let pool = &self.id;
        let mut seen = std::collections::HashSet::new();
        for (n, Member { rep, weight, score, .. }) in self.members.iter().enumerate() {
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
            let policy = self.policy.name();
            if *weight > 1 && !self.policy.knows_weights() {
                let message = format!(
                    "pool `{pool}` has the policy `{policy}`, which knows no weights; leave `weight` out, or use the policy `quota`"
                );
                return Err(Contradiction::new(at + "/weight", message));
            }
            if score.is_some() && self.policy != Policy::PeckingOrder {
                let message = format!(
                    "pool `{pool}` has the policy `{policy}`, which knows no scores; leave `score` out, or use the policy `pecking-order`"
                );
                return Err(Contradiction::new(at + "/score", message));
            }
        }
        again::check_pool(self, place)?;
        percent::check(self, place)?;
        turns::check(self, workspace, place)?;
        near::check_pool(self, workspace, place)?;
        weights::check(self, workspace, place)?;
        has_calendar(self.calendar.as_ref(), workspace, &format!("pool `{pool}`"), &format!("/pools/{place}/calendar"))
    }
}

/// Whether there is such a calendar, if one is named.
pub(super) fn has_calendar(
    calendar: Option<&String>,
    workspace: &Workspace,
    whose: &str,
    at: &str,
) -> Result<(), Contradiction> {
    let names = || workspace.calendars.iter().map(|calendar| calendar.id.as_str());
    match calendar {
        Some(id) if names().all(|name| name != id) => {
            let known = nearest(id, names());
            let message = format!("{whose} names the calendar `{id}`, which is not among [[calendars]]{known}");
            Err(Contradiction::new(at, message))
        }
        _ => Ok(()),
    }
}

impl Calendar {
    pub(super) fn check(&self, place: usize) -> Result<(), Contradiction> {
        self.check_with(place, &BTreeSet::new())
    }

    /// Whether it can be meant with these days of its file. `place` is where it stands in the workspace.
    ///
    /// # Errors
    /// What cannot, where, and what to do.
    pub fn check_with(&self, place: usize, file: &BTreeSet<Date>) -> Result<(), Contradiction> {
        business_time::check(self, file).map_err(|Wrong { at, message }| {
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
