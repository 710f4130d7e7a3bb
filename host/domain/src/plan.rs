//! What a tenant's plan grants: which language classes, and how much of everything a rule
//! may use in one decision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::TenantId;
use crate::limits::{FUEL_MAX, Limits, MEMORY_MAX};
use crate::manifest::Language;
use crate::rule::ErrorCode;

/// A plan. What it leaves out stays as the language class has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The language classes that are granted; all of them unless it says otherwise.
    #[serde(default = "every_language")]
    pub languages: Vec<Language>,
    /// Fuel of a decision.
    #[serde(default)]
    pub fuel: Option<u64>,
    /// Memory of a decision in MiB.
    #[serde(default)]
    pub memory_mib: Option<u32>,
    /// Calls to the host.
    #[serde(default)]
    pub host_calls: Option<u32>,
    /// Pools and tables open at once.
    #[serde(default)]
    pub handles: Option<u32>,
    /// KiB of a decision with its effects.
    #[serde(default)]
    pub decision_kib: Option<u32>,
    /// Log lines that are kept.
    #[serde(default)]
    pub log_lines: Option<u32>,
    /// KiB of log lines that are kept.
    #[serde(default)]
    pub log_kib: Option<u32>,
    /// Explain notes that are kept.
    #[serde(default)]
    pub notes: Option<u32>,
    /// KiB of settings.
    #[serde(default)]
    pub settings_kib: Option<u32>,
    /// Leads that may be taken in a minute, by call or webhook.
    #[serde(default)]
    pub leads_per_minute: Option<u32>,
    /// Fuel that all its rules may use in a minute.
    #[serde(default)]
    pub fuel_per_minute: Option<u64>,
    /// Calls of the API that may be under way at once.
    #[serde(default)]
    pub calls_at_once: Option<u32>,
    /// Plugins that may be installed and not withdrawn.
    #[serde(default)]
    pub plugins: Option<u32>,
    /// MiB of those plugins together.
    #[serde(default)]
    pub plugins_mib: Option<u32>,
    /// Rows of all tables of the workspace together.
    #[serde(default)]
    pub table_rows: Option<u32>,
    /// MiB of the files of all revisions of the workspace together.
    #[serde(default)]
    pub files_mib: Option<u32>,
    /// Secrets that may be kept.
    #[serde(default)]
    pub secrets: Option<u32>,
    /// Days for which leads, transcripts and delivered effects are kept; for ever unless it says so.
    #[serde(default)]
    pub keep_days: Option<u32>,
    /// Days for which the facts of decisions stay after that; as long as `keep_days` unless it says
    /// so, and for ever where that is.
    #[serde(default)]
    pub keep_facts_days: Option<u32>,
}

/// For how many days whatever was taken in is known at least, so that its repeat is one. HubSpot
/// sends a webhook again for a day, and nobody is asked to repeat a call later than that.
pub const REPEATS_DAYS: u32 = 30;

/// What a tenant may have and take, besides what one decision may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Quotas {
    /// Leads that may be taken in a minute, by call or webhook.
    pub leads_per_minute: u32,
    /// Fuel that all its rules may use in a minute.
    pub fuel_per_minute: u64,
    /// Calls of the API that may be under way at once.
    pub calls_at_once: u32,
    /// Plugins that may be installed and not withdrawn.
    pub plugins: u32,
    /// MiB of those plugins together.
    pub plugins_mib: u32,
    /// Rows of all tables of the workspace together.
    pub table_rows: u32,
    /// MiB of the files of all revisions of the workspace together.
    pub files_mib: u32,
    /// Secrets that may be kept.
    pub secrets: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            leads_per_minute: 600_000,
            fuel_per_minute: 60_000_000_000,
            calls_at_once: 256,
            plugins: 100,
            plugins_mib: 256,
            table_rows: 1_000_000,
            files_mib: 1_024,
            secrets: 100,
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            languages: every_language(),
            fuel: None,
            memory_mib: None,
            host_calls: None,
            handles: None,
            decision_kib: None,
            log_lines: None,
            log_kib: None,
            notes: None,
            settings_kib: None,
            leads_per_minute: None,
            fuel_per_minute: None,
            calls_at_once: None,
            plugins: None,
            plugins_mib: None,
            table_rows: None,
            files_mib: None,
            secrets: None,
            keep_days: None,
            keep_facts_days: None,
        }
    }
}

/// A language class that a plan does not grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is of the language class `{}`, and the plan grants {}: take a plugin of another class, or another plan [{}]",
    .asked.name(), listed(.granted), ErrorCode::Size)]
pub struct NotGranted {
    /// The class that was asked for.
    pub asked: Language,
    /// Those that are granted.
    pub granted: Vec<Language>,
}

impl Plan {
    /// The limits for a plugin of this class.
    ///
    /// # Errors
    /// When the plan does not grant the class.
    pub fn grant(&self, language: Language) -> Result<Limits, NotGranted> {
        if !self.languages.contains(&language) {
            return Err(NotGranted { asked: language, granted: self.languages.clone() });
        }
        let mut limits = Limits::of(language);
        let kib = |over: Option<u32>, usual: usize| over.map_or(usual, |kib| (kib as usize) << 10);
        let count = |over: Option<u32>, usual: usize| over.map_or(usual, |count| count as usize);
        limits.memory = self.memory_mib.map_or(limits.memory, |mib| (mib as usize) << 20);
        limits.host_calls = self.host_calls.unwrap_or(limits.host_calls);
        limits.handles = count(self.handles, limits.handles);
        limits.decision = kib(self.decision_kib, limits.decision);
        limits.log_lines = count(self.log_lines, limits.log_lines);
        limits.log_bytes = kib(self.log_kib, limits.log_bytes);
        limits.notes = count(self.notes, limits.notes);
        limits.settings = kib(self.settings_kib, limits.settings);
        Ok(self.fuel.map_or(limits, |fuel| limits.with_fuel(fuel)))
    }

    /// What the tenant may have and take.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        let usual = Quotas::default();
        Quotas {
            leads_per_minute: self.leads_per_minute.unwrap_or(usual.leads_per_minute),
            fuel_per_minute: self.fuel_per_minute.unwrap_or(usual.fuel_per_minute),
            calls_at_once: self.calls_at_once.unwrap_or(usual.calls_at_once),
            plugins: self.plugins.unwrap_or(usual.plugins),
            plugins_mib: self.plugins_mib.unwrap_or(usual.plugins_mib),
            table_rows: self.table_rows.unwrap_or(usual.table_rows),
            files_mib: self.files_mib.unwrap_or(usual.files_mib),
            secrets: self.secrets.unwrap_or(usual.secrets),
        }
    }

    /// What stands out of bounds: the key, its value, and the least and the most that the
    /// engine can give.
    #[must_use]
    pub fn out_of_bounds(&self) -> Option<(&'static str, u64, u64, u64)> {
        let small = |value: Option<u32>| value.map(u64::from);
        let bounds = [
            ("fuel", self.fuel, 100_000, FUEL_MAX),
            ("memory_mib", small(self.memory_mib), 1, (MEMORY_MAX >> 20) as u64),
            ("host_calls", small(self.host_calls), 10, 100_000),
            ("handles", small(self.handles), 1, 1024),
            ("decision_kib", small(self.decision_kib), 1, 256),
            ("log_lines", small(self.log_lines), 0, 4096),
            ("log_kib", small(self.log_kib), 0, 256),
            ("notes", small(self.notes), 0, 4096),
            ("settings_kib", small(self.settings_kib), 1, 1024),
            ("leads_per_minute", small(self.leads_per_minute), 1, 10_000_000),
            ("fuel_per_minute", self.fuel_per_minute, 1_000_000, 10_000_000_000_000),
            ("calls_at_once", small(self.calls_at_once), 1, 10_000),
            ("plugins", small(self.plugins), 1, 10_000),
            ("plugins_mib", small(self.plugins_mib), 1, 100_000),
            ("table_rows", small(self.table_rows), 1, 100_000_000),
            ("files_mib", small(self.files_mib), 1, 1_000_000),
            ("secrets", small(self.secrets), 1, 10_000),
            ("keep_days", small(self.keep_days), u64::from(REPEATS_DAYS), 36_500),
            ("keep_facts_days", small(self.keep_facts_days), u64::from(REPEATS_DAYS), 36_500),
        ];
        bounds.into_iter().find_map(|(key, value, least, most)| {
            let value = value.filter(|value| !(least..=most).contains(value))?;
            Some((key, value, least, most))
        })
    }
}

/// The plans of a host, and who has which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plans {
    /// The plans of tenants to whom rota.toml gives one.
    pub tenants: BTreeMap<TenantId, Plan>,
    /// Every plan, by its name: what the operator may give to the others.
    pub named: BTreeMap<String, Plan>,
}

impl Plans {
    /// The plan of a tenant to whom nobody gave one otherwise.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Plan {
        self.given(tenant, None)
    }

    /// The plan of a tenant whom the operator gave the plan of this name: rota.toml goes
    /// before it. A plan that is no longer there counts as the usual one.
    #[must_use]
    pub fn given(&self, tenant: &TenantId, name: Option<&str>) -> Plan {
        let named = || self.named.get(name?);
        self.tenants.get(tenant).or_else(named).cloned().unwrap_or_default()
    }
}

fn every_language() -> Vec<Language> {
    vec![Language::Rust, Language::JavaScript, Language::Python]
}

fn listed(languages: &[Language]) -> String {
    if languages.is_empty() {
        return "none".into();
    }
    languages.iter().map(|language| format!("`{}`", language.name())).collect::<Vec<_>>().join(", ")
}
