//! Tables of dated numbers: any number of rows for a key, each with its time.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::instant::instant;
use super::order::{compare, head};
use super::{Amount, BadRows, DatedRow, Row, Table, fold, part, reading};
use crate::workspace::Match;

impl Table {
    /// The numbers of this key with their times, where a day stands for its beginning in that zone: the
    /// oldest first, but that days are placed among times as they begin in UTC. None in a table that is
    /// not dated.
    pub fn dated(&self, key: &str, zone: &TimeZone) -> impl Iterator<Item = (Timestamp, Amount)> {
        let rows = match self.matching {
            Match::Dated => self.all(fold(key).as_bytes()),
            Match::Exact | Match::Range | Match::Prefix => &[],
        };
        let number = |row: &Row| {
            let at = instant(part(&self.text, row.to, row.to_len), zone)?;
            Some((at, Amount::read(part(&self.text, row.value, row.value_len)).ok()?))
        };
        rows.iter().filter_map(number)
    }

    /// The same table with more rows of keys, times and numbers, as if they stood at its end.
    ///
    /// # Errors
    /// Every row that cannot be meant, by its place among them, from 1.
    pub fn with(&self, rows: impl IntoIterator<Item = [String; 3]>) -> Result<Self, BadRows> {
        reading::more(self, rows.into_iter())
    }

    /// A table of these rows alone.
    ///
    /// # Errors
    /// Every row that cannot be meant, by its place among them, from 1.
    pub fn dated_of(rows: &[&DatedRow]) -> Result<Self, BadRows> {
        let none = Self { matching: Match::Dated, text: Box::default(), heads: Box::default(), rows: Box::default() };
        none.with(rows.iter().map(|row| [row.key.clone(), row.at.clone(), row.value.clone()]))
    }

    /// All rows with this key.
    fn all(&self, key: &[u8]) -> &[Row] {
        let head = head(self.matching, key);
        let start = self.heads.partition_point(|other| *other < head);
        let alike = self.heads[start..].partition_point(|other| *other == head);
        let rows = &self.rows[start..start + alike];
        let (first, after) = (
            rows.partition_point(|row| compare(self.matching, self.from(row), key).is_lt()),
            rows.partition_point(|row| compare(self.matching, self.from(row), key).is_le()),
        );
        &rows[first..after]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str =
        "key,at,value\nbo,2026-03-10,7\nAna,2026-03-11T09:00:00Z,5.5\nana,2026-03-01,100\nana,2026-03-01,20\n";

    fn table() -> Table {
        Table::read(Match::Dated, CSV.as_bytes()).unwrap()
    }

    fn of(table: &Table, key: &str, zone: &str) -> Vec<String> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
        table.dated(key, &zone).map(|(at, amount)| format!("{at} {amount}")).collect()
    }

    #[test]
    fn a_key_has_all_its_rows_the_oldest_first() {
        let ana = ["2026-03-01T00:00:00Z 100", "2026-03-01T00:00:00Z 20", "2026-03-11T09:00:00Z 5.5"];
        assert_eq!(of(&table(), " ANA ", "UTC"), ana);
        assert!(of(&table(), "an", "UTC").is_empty());
    }

    #[test]
    fn a_day_stands_for_its_beginning_where_people_are() {
        assert_eq!(of(&table(), "bo", "America/New_York"), ["2026-03-10T04:00:00Z 7"]);
        // The day that Samoa skipped begins as the next one does.
        let table = Table::read(Match::Dated, b"key,at,value\nbo,2011-12-30,7\n").unwrap();
        assert_eq!(of(&table, "bo", "Pacific/Apia"), ["2011-12-30T10:00:00Z 7"]);
    }

    #[test]
    fn a_rule_that_looks_a_key_up_finds_the_newest_number() {
        let found = ["ana", "bo", "cy"].map(|key| table().look_up(key).map(str::to_owned));
        assert_eq!(found, [Some("5.5".to_owned()), Some("7".to_owned()), None]);
    }

    #[test]
    fn rows_that_come_later_stand_beside_those_before() {
        let row = |key: &str, value: &str| [key, "2026-03-05T12:00:00Z", value].map(String::from);
        let more = table().with([row("ana", "3"), row("cy", "1")]).unwrap();
        assert_eq!(more.len(), 6);
        assert_eq!(of(&more, "ana", "UTC")[2], "2026-03-05T12:00:00Z 3");
        assert_eq!(of(&more, "cy", "UTC"), ["2026-03-05T12:00:00Z 1"]);
        let bad = table().with([row("ana", "3"), row("ana", "many")]).unwrap_err();
        assert!(bad.to_string().starts_with("line 2: `many` is no number"), "{bad}");
    }

    #[test]
    fn a_row_without_a_time_or_a_number_is_told_by_its_line() {
        let bad = |rows: &str| Table::read(Match::Dated, format!("key,at,value\n{rows}\n").as_bytes()).unwrap_err();
        assert!(bad("ana,yesterday,1").to_string().starts_with("line 2: `yesterday` is neither a day nor a time"));
        assert!(bad("ana,2026-02-30,1").to_string().contains("is neither a day nor a time"));
        assert!(bad("ana,2026-03-10T09:00:00,1").to_string().contains("is neither a day nor a time"), "no zone");
        assert!(bad("ana,2026-03-10,1,5").to_string().contains("4 fields in place of 3"));
    }
}
