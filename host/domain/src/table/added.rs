//! Rows that the log adds to dated tables, beside those of their files: a CRM's record is one, or somebody
//! sends it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::instant::instant;
use super::{BadRows, Table, Tables, fold};
use crate::workspace::Match;

/// How long a row stays at least: so many days, or the longest window of a pool if that is longer.
const DAYS_KEPT: u32 = 400;

/// A row of a dated table, written as in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedRow {
    /// Whose number it is.
    pub key: String,
    /// When: a time, or a day.
    pub at: String,
    /// The number.
    pub value: String,
}

impl DatedRow {
    /// Whether a table can have it.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub fn check(&self) -> Result<(), String> {
        let first = |bad: BadRows| bad.rows.into_iter().next().map(|row| row.what).unwrap_or_default();
        Table::dated_of(&[self]).map(|_| ()).map_err(first)
    }
}

/// What becomes of a row of a dated table: it takes the place of the one with its id, or that one is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// The table.
    pub table: String,
    /// What the row is called: for a CRM's record, as its lead would be.
    pub id: String,
    /// The row; none where it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<DatedRow>,
}

/// All rows that the log added, by table and id. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added(Arc<BTreeMap<String, BTreeMap<String, DatedRow>>>);

impl Added {
    /// A row comes, changes or goes.
    pub fn change(&mut self, change: RowChange) {
        let tables = Arc::make_mut(&mut self.0);
        let RowChange { table, id, row } = change;
        match row {
            Some(row) => drop(tables.entry(table).or_default().insert(id, row)),
            None => drop(tables.get_mut(&table).and_then(|rows| rows.remove(&id))),
        }
        tables.retain(|_, rows| !rows.is_empty());
    }

    /// The row of this name.
    #[must_use]
    pub fn get(&self, table: &str, id: &str) -> Option<&DatedRow> {
        self.0.get(table)?.get(id)
    }

    /// Those of a table, by name.
    pub fn of(&self, table: &str) -> impl Iterator<Item = (&String, &DatedRow)> {
        self.0.get(table).into_iter().flatten()
    }

    /// These tables with what was added to them: rows of one time come after the file's.
    #[must_use]
    pub fn over(&self, files: &Tables) -> Tables {
        let mut tables = files.clone();
        for (name, rows) in &*self.0 {
            let Some(file) = files.get(name).filter(|file| file.matching == Match::Dated) else { continue };
            // Each was checked when it came; all together may be too many, and then the file's hold.
            if let Ok(table) = file.with(rows.values().map(|row| [row.key.clone(), row.at.clone(), row.value.clone()]))
            {
                Arc::make_mut(&mut tables).insert(name.clone(), Arc::new(table));
            }
        }
        tables
    }

    /// The names of a table's rows that are older than so many days, but for the newest of each key, which
    /// may be the number that counts.
    #[must_use]
    pub fn past(&self, table: &str, days: u32, now: Timestamp, zone: &TimeZone) -> Vec<String> {
        let length = SignedDuration::from_hours(24 * i64::from(days.max(DAYS_KEPT)));
        let since = now.checked_sub(length).unwrap_or(Timestamp::MIN);
        let mut dated: Vec<_> =
            self.of(table).filter_map(|(id, row)| Some((instant(&row.at, zone)?, id, row))).collect();
        dated.sort_by_key(|(at, ..)| Reverse(*at));
        let mut seen = BTreeSet::new();
        let past = dated.into_iter().filter(|(at, _, row)| !seen.insert(fold(&row.key)) && *at < since);
        past.map(|(_, id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, at: &str, value: &str) -> DatedRow {
        DatedRow { key: key.into(), at: at.into(), value: value.into() }
    }

    fn added(rows: &[(&str, DatedRow)]) -> Added {
        let mut added = Added::default();
        for (id, row) in rows {
            added.change(RowChange { table: "won".into(), id: (*id).into(), row: Some(row.clone()) });
        }
        added
    }

    fn files() -> Tables {
        let table = Table::read(Match::Dated, b"key,at,value\nana,2026-03-01,7\n").unwrap();
        Arc::new([("won".to_owned(), Arc::new(table))].into())
    }

    #[test]
    fn rows_stand_beside_those_of_the_file_until_they_are_taken_back() {
        let mut added = added(&[("1", row("ana", "2026-03-02", "5")), ("2", row("bo", "2026-03-02", "3"))]);
        assert_eq!(added.over(&files())["won"].len(), 3);
        added.change(RowChange { table: "won".into(), id: "1".into(), row: Some(row("bo", "2026-03-03", "6")) });
        let tables = added.over(&files());
        assert_eq!((tables["won"].look_up("ana"), tables["won"].look_up("bo")), (Some("7"), Some("6")));
        for id in ["1", "2", "3"] {
            added.change(RowChange { table: "won".into(), id: id.into(), row: None });
        }
        assert_eq!((added.over(&files())["won"].len(), added), (1, Added::default()));
    }

    #[test]
    fn rows_of_a_table_that_is_gone_or_has_no_dates_wait_for_it() {
        let exact = Table::read(Match::Exact, b"key,value\nana,7\n").unwrap();
        let tables: Tables = Arc::new([("won".to_owned(), Arc::new(exact))].into());
        let added = added(&[("1", row("ana", "2026-03-02", "5"))]);
        assert_eq!(added.over(&tables)["won"].look_up("ana"), Some("7"));
        assert!(added.over(&Tables::default()).is_empty());
    }

    #[test]
    fn what_no_window_reaches_any_more_is_past_but_for_the_newest_of_each_key() {
        let added = added(&[
            ("1", row("ana", "2025-01-01", "1")),
            ("2", row("Ana", "2025-01-02", "2")),
            ("3", row("bo", "2025-01-01", "3")),
            ("4", row("bo", "2026-03-01", "4")),
        ]);
        let past = |days, at: &str| added.past("won", days, at.parse().unwrap(), &TimeZone::UTC);
        // 1 January and 400 days are 5 February of the year after.
        assert_eq!(past(30, "2026-02-05T00:00:00Z"), Vec::<String>::new());
        assert_eq!(past(30, "2026-03-02T00:00:00Z"), ["1", "3"]);
        assert_eq!(past(500, "2026-03-02T00:00:00Z"), Vec::<String>::new());
    }

    #[test]
    fn a_row_that_cannot_be_meant_says_why() {
        assert!(row("ana", "2026-03-02T09:00:00Z", "12.5").check().is_ok());
        assert!(row("ana", "soon", "1").check().unwrap_err().contains("neither a day nor a time"));
        assert!(row("ana", "2026-03-02", "1e9").check().unwrap_err().contains("is no number"));
        assert!(row(" ", "2026-03-02", "1").check().is_err());
    }
}
