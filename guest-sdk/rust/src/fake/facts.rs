//! Tables and calendars of the fake world.

use std::collections::BTreeMap;

use crate::Instant;

/// A look-up table.
#[derive(Clone, Debug)]
pub(super) enum Table {
    Exact(BTreeMap<String, String>),
    Ranges(Vec<(String, String, String)>),
    Prefixes(BTreeMap<String, String>),
}

impl Table {
    pub(super) fn exact(rows: &[(&str, &str)]) -> Self {
        Self::Exact(rows.iter().map(|&(key, value)| (plain(key), value.to_owned())).collect())
    }

    pub(super) fn prefixes(rows: &[(&str, &str)]) -> Self {
        Self::Prefixes(rows.iter().map(|&(prefix, value)| (plain(prefix), value.to_owned())).collect())
    }

    pub(super) fn ranges(rows: &[(&str, &str, &str)]) -> Self {
        let row = |&(from, to, value): &(&str, &str, &str)| (plain(from), plain(to), value.to_owned());
        Self::Ranges(rows.iter().map(row).collect())
    }

    /// The value for a key, as the host finds it.
    pub(super) fn look_up(&self, key: &str) -> Option<String> {
        let key = plain(key);
        match self {
            Self::Exact(rows) => rows.get(&key).cloned(),
            Self::Ranges(rows) => {
                let holds = |from: &str, to: &str| order(from) <= order(&key) && reaches(to, &key);
                rows.iter().find(|(from, to, _)| holds(from, to)).map(|(_, _, value)| value.clone())
            }
            Self::Prefixes(rows) => {
                let fitting = rows.iter().filter(|(prefix, _)| key.starts_with(prefix.as_str()));
                fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, value)| value.clone())
            }
        }
    }
}

fn plain(key: &str) -> String {
    key.trim().to_lowercase()
}

/// Digits by length and then as text, as numbers compare; all others after them, as text.
fn order(key: &str) -> (bool, usize, &str) {
    if key.bytes().all(|byte| byte.is_ascii_digit()) { (false, key.len(), key) } else { (true, 0, key) }
}

/// Whether a key lies below the upper end of a range, or begins with one that is no number.
fn reaches(to: &str, key: &str) -> bool {
    let (no_number, _, _) = order(to);
    order(key) <= order(to) || no_number && key.starts_with(to)
}

/// A calendar: the spans in which it is open, from early to late; none for always.
#[derive(Clone, Debug)]
pub(super) struct Calendar(pub(super) Option<Vec<(Instant, Instant)>>);

impl Calendar {
    pub(super) fn is_open(&self, at: Instant) -> bool {
        let holds = |&(opens, closes): &(Instant, Instant)| opens <= at && at < closes;
        self.0.as_ref().is_none_or(|spans| spans.iter().any(holds))
    }

    /// Nothing when so much open time does not come.
    pub(super) fn add(&self, start: Instant, minutes: u32) -> Option<Instant> {
        let Some(spans) = &self.0 else {
            return Some(start.plus_minutes(minutes));
        };
        let mut left = i64::from(minutes) * 60_000;
        for &(opens, closes) in spans {
            let begins = opens.max(start);
            let room = closes.ms() - begins.ms();
            if room > 0 && left <= room {
                return Some(Instant::from_ms(begins.ms() + left));
            }
            left -= room.max(0);
        }
        None
    }
}
