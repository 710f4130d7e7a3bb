//! The rows that the log adds to dated tables, and the weights that follow.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Desk;
use crate::lead::Lead;
use crate::metric::Metrics;
use crate::table::{Added, RowChange, Tables};

impl Desk {
    /// The same desk with these tables, as their files have them.
    #[must_use]
    pub fn with_tables(self, files: Tables) -> Self {
        Self { files, ..self }.with_added()
    }

    /// The same desk with these rows, and no others, added to its tables.
    #[must_use]
    pub fn with_rows(self, added: Added) -> Self {
        Self { added, ..self }.with_added()
    }

    /// The rows that were added to its tables.
    #[must_use]
    pub fn added(&self) -> &Added {
        &self.added
    }

    /// Rows come, change and go.
    pub fn change_rows(&mut self, changes: &[RowChange]) {
        changes.iter().for_each(|change| self.added.change(change.clone()));
        if !changes.is_empty() {
            self.add();
        }
    }

    /// What a record changes of the tables whose rows such records are, and what of it does not read. One
    /// that does not, and one that the CRM does not have any more, is no row.
    #[must_use]
    pub fn rows_of(&self, record: &Lead, is_there: bool, now: Timestamp) -> (Vec<RowChange>, Vec<String>) {
        let (mut changes, mut unread) = (Vec::new(), Vec::new());
        for table in &self.workspace.tables {
            let Some(records) = table.records.as_ref().filter(|records| records.are(record)) else { continue };
            let row = if is_there { records.row(record) } else { Ok(None) };
            let row = row.unwrap_or_else(|what| {
                unread.push(format!("it is no row of the table `{}`: {what}", table.id));
                None
            });
            let change = RowChange { table: table.id.clone(), id: record.id.to_string(), row };
            if self.added.get(&change.table, &change.id) != change.row.as_ref() {
                changes.extend(self.with_past(change, now));
            }
        }
        (changes, unread)
    }

    /// A change of a row, and those rows of its table gone that no window reaches any more.
    #[must_use]
    pub fn with_past(&self, change: RowChange, now: Timestamp) -> Vec<RowChange> {
        let windows = self.workspace.pools.iter().filter_map(|pool| pool.weights.as_ref());
        let days = windows.filter(|weights| weights.metric == change.table).filter_map(|weights| weights.days).max();
        let zone = TimeZoneDatabase::bundled().get(&self.workspace.time_zone).unwrap_or(TimeZone::UTC);
        let past = self.added.past(&change.table, days.unwrap_or_default(), now, &zone);
        let gone = |id: String| RowChange { table: change.table.clone(), id, row: None };
        let mut changes: Vec<_> = past.into_iter().filter(|id| *id != change.id).map(gone).collect();
        changes.push(change);
        changes
    }

    fn with_added(mut self) -> Self {
        self.add();
        self
    }

    fn add(&mut self) {
        self.tables = self.added.over(&self.files);
        self.metrics = Arc::new(Metrics::of(&self.workspace, &self.roster, &self.tables));
    }
}
