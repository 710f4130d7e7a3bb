//! What became of a table's rows, in numbers: people review tables of many thousands.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Row, Table, part};
use crate::workspace::Match;

/// By what a row is known again.
type Key<'t> = (&'t [u8], &'t [u8], &'t str);

/// How many rows came, went, and have another value. Of dated rows, another value is another row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RowChanges {
    /// Keys that only the newer table has.
    pub added: u64,
    /// Keys that only the older table has.
    pub removed: u64,
    /// Keys with another value.
    pub changed: u64,
}

impl Table {
    /// What became of this table's rows in a newer one.
    #[must_use]
    pub fn changes_to(&self, newer: &Self) -> RowChanges {
        let mut before: HashMap<Key<'_>, (u64, &str)> = HashMap::with_capacity(self.rows.len());
        for row in &self.rows {
            before.entry(self.key(row)).or_insert((0, self.value(row))).0 += 1;
        }
        let mut changes = RowChanges::default();
        for row in &newer.rows {
            match before.get_mut(&newer.key(row)) {
                Some((left, value)) if *left > 0 => {
                    *left -= 1;
                    changes.changed += u64::from(*value != newer.value(row));
                }
                _ => changes.added += 1,
            }
        }
        changes.removed = before.values().map(|(left, _)| left).sum();
        changes
    }

    fn key(&self, row: &Row) -> Key<'_> {
        let value = if self.matching == Match::Dated { self.value(row) } else { "" };
        (self.from(row), self.to(row), value)
    }

    fn value(&self, row: &Row) -> &str {
        part(&self.text, row.value, row.value_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_came_went_and_changed_are_counted_by_their_keys() {
        let table = |csv: &str| Table::read(Match::Exact, csv.as_bytes()).unwrap();
        let before = table("key,value\na,1\nb,2\nc,3\n");
        let after = table("key,value\nc,3\nB,4\nd,5\ne,6\n");
        assert_eq!(before.changes_to(&after), RowChanges { added: 2, removed: 1, changed: 1 });
        assert_eq!(after.changes_to(&after), RowChanges::default());
    }

    #[test]
    fn dated_rows_that_are_alike_are_counted_as_often_as_they_stand_there() {
        let table = |rows: &str| Table::read(Match::Dated, format!("key,at,value\n{rows}").as_bytes()).unwrap();
        let before = table("a,2026-03-01,1\na,2026-03-01,1\nb,2026-03-01,1\n");
        let after = table("a,2026-03-01,1\na,2026-03-01,2\nb,2026-03-02,1\nb,2026-03-01,1\n");
        assert_eq!(before.changes_to(&after), RowChanges { added: 2, removed: 1, changed: 0 });
        assert_eq!(after.changes_to(&before), RowChanges { added: 1, removed: 2, changed: 0 });
    }
}
