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
    /// The plans of tenants who were given one; the others have the usual one.
    pub tenants: BTreeMap<TenantId, Plan>,
}

impl Plans {
    /// The plan of a tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Plan {
        self.tenants.get(tenant).cloned().unwrap_or_default()
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
