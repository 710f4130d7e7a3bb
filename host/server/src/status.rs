//! How a server and each of its tenants stand, on one page, and what is wrong with what to do
//! about it: worked out by the server, so that people and programs read the same.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An arrival that waits longer is a finding: deciding takes milliseconds, reading a record
/// some seconds.
const LEAD_WAITS_SECONDS: u64 = 60;
/// An effect that waits longer is a finding: limits of CRMs last seconds.
const EFFECT_WAITS_SECONDS: u64 = 300;

/// How a server stands.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Whether there is no finding.
    pub ok: bool,
    /// The server's version.
    pub version: String,
    /// When its figures were read.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Its database.
    pub database: DatabaseStatus,
    /// Its tenants, by name.
    pub tenants: Vec<TenantStatus>,
    /// What is wrong, and what to do.
    pub findings: Vec<Finding>,
}

/// How the database is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseStatus {
    /// `sqlite` or `postgresql`.
    pub kind: String,
    /// Its size.
    pub bytes: u64,
    /// The number of its schema.
    pub schema: u32,
    /// Whether it answers now. Where it does not, the figures are those that it gave last.
    pub answers: bool,
    /// Units that wait for its writer in this process.
    pub writer_waiting: u64,
    /// Commits of this process that failed.
    pub commits_failed: u64,
}

/// How a tenant stands.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TenantStatus {
    /// Its name.
    pub tenant: String,
    /// Whether it decides on this server.
    pub at_work: bool,
    /// Whether its operator suspended it.
    pub suspended: bool,
    /// The revision of its workspace, where it is at work.
    pub revision: Option<u64>,
    /// The plugins of its flows, as `name@version`.
    pub plugins: Vec<String>,
    /// Leads that wait to be decided, and for how long the oldest does.
    pub leads_waiting: u64,
    /// In seconds; 0 where none waits. So for every oldest one.
    pub oldest_lead_seconds: u64,
    /// Decisions of the last hour.
    pub decided_last_hour: u64,
    /// Effects that wait to be delivered.
    pub effects_waiting: u64,
    /// How long ago the oldest of them was decided.
    pub oldest_effect_seconds: u64,
    /// Effects that a person has to look at.
    pub effects_dead: u64,
    /// Leads in a queue, whom nobody owns as far as Rota knows.
    pub unassigned: u64,
    /// How long the oldest of them is there.
    pub oldest_unassigned_seconds: u64,
    /// Leads whose response target passed before the CRM confirmed the owner.
    pub overdue: u64,
    /// Connections that are left alone, since nobody answers or they refuse.
    pub circuits_open: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// With which tenant; none where it concerns the server.
    pub tenant: Option<String>,
    /// What.
    pub what: String,
    /// What to do.
    pub mend: String,
}

impl Status {
    /// How a server with this database and these tenants stands.
    #[must_use]
    pub fn new(at: Timestamp, database: DatabaseStatus, tenants: Vec<TenantStatus>) -> Self {
        let mut findings = database.findings();
        findings.extend(tenants.iter().flat_map(TenantStatus::findings));
        let (ok, version) = (findings.is_empty(), env!("CARGO_PKG_VERSION").to_owned());
        Self { ok, version, at, database, tenants, findings }
    }
}

impl DatabaseStatus {
    fn findings(&self) -> Vec<Finding> {
        let finding = |what: String, mend: &str| Finding { tenant: None, what, mend: mend.into() };
        let mut findings = Vec::new();
        if !self.answers {
            findings.push(finding(
                "The database does not answer.".into(),
                "See the server's log for why; check the disk, its space, and the file's permissions.",
            ));
        }
        if self.commits_failed > 0 {
            let what = format!("{} of this process failed.", counted(self.commits_failed, "commit", "commits"));
            findings.push(finding(what, "See the server's log for why; what they held was asked again or refused."));
        }
        findings
    }
}

impl TenantStatus {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |what: String, mend: String| {
            findings.push(Finding { tenant: Some(self.tenant.clone()), what, mend });
        };
        if !self.at_work && !self.suspended {
            find(
                "It is not at work here.".into(),
                "Give it a workspace with `rota apply`; if it has one, the server's log says why it did not start."
                    .into(),
            );
        }
        if self.oldest_lead_seconds > LEAD_WAITS_SECONDS && !self.suspended {
            let waiting = counted(self.leads_waiting, "lead waits", "leads wait");
            find(
                format!("{waiting} to be decided, the oldest for {}.", long(self.oldest_lead_seconds)),
                "See the server's log: records cannot be read, the plan's fuel is used up, or commits fail.".into(),
            );
        }
        for connection in &self.circuits_open {
            find(
                format!("The connection `{connection}` is left alone: nobody answers, or it refuses."),
                format!(
                    "GET /v1/connections says why. Mend that, and resume it there; one effect probes `{connection}` meanwhile."
                ),
            );
        }
        if self.oldest_effect_seconds > EFFECT_WAITS_SECONDS {
            let waiting = counted(self.effects_waiting, "effect waits", "effects wait");
            find(
                format!("{waiting} to be delivered, the oldest for {}.", long(self.oldest_effect_seconds)),
                format!("`rota outbox list --tenant {}` says for whom they wait and why.", self.tenant),
            );
        }
        if self.effects_dead > 0 {
            find(
                format!("{} dead.", counted(self.effects_dead, "effect is", "effects are")),
                format!(
                    "`rota outbox list --dead --tenant {}` says why; mend that, then `rota outbox retry` or `drop`.",
                    self.tenant
                ),
            );
        }
        if self.overdue > 0 {
            find(
                format!(
                    "{} past the response target, and no owner is confirmed.",
                    counted(self.overdue, "lead is", "leads are")
                ),
                "Their owners wait in the outbox, or died there: deliver them, or call these leads by hand.".into(),
            );
        }
        findings
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Seconds, in the natural unit.
pub(crate) fn long(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
