//! What became of a table's rows, in numbers: people review tables of many thousands.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Row, Table, part};

/// How many rows came, went, and have another value.
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
        let mut before: HashMap<(&[u8], &[u8]), &str> =
            self.rows.iter().map(|row| (self.key(row), self.value(row))).collect();
        let mut changes = RowChanges::default();
        for row in &newer.rows {
            match before.remove(&newer.key(row)) {
                None => changes.added += 1,
                Some(value) => changes.changed += u64::from(value != newer.value(row)),
            }
        }
        changes.removed = u64::try_from(before.len()).unwrap_or(u64::MAX);
        changes
    }

    fn key(&self, row: &Row) -> (&[u8], &[u8]) {
        (self.from(row), self.to(row))
    }

    fn value(&self, row: &Row) -> &str {
        part(&self.text, row.value, row.value_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Match;

    #[test]
    fn rows_that_came_went_and_changed_are_counted_by_their_keys() {
        let table = |csv: &str| Table::read(Match::Exact, csv.as_bytes()).unwrap();
        let before = table("key,value\na,1\nb,2\nc,3\n");
        let after = table("key,value\nc,3\nB,4\nd,5\ne,6\n");
        assert_eq!(before.changes_to(&after), RowChanges { added: 2, removed: 1, changed: 1 });
        assert_eq!(after.changes_to(&after), RowChanges::default());
    }
}
