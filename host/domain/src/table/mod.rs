//! Look-up tables: text in, text out, by the table's own way to match. Pure: the bytes of a
//! CSV file become a table or the list of what is wrong with them.
//!
//! Keys are compared without the white space around them and without regard to case
//! (`K1A` is `k1a`); white space inside and accents count.

mod added;
mod amount;
mod dated;
mod difference;
mod fault;
mod instant;
mod order;
mod reading;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use added::{Added, DatedRow, RowChange};
pub use amount::Amount;
pub use difference::RowChanges;
pub use fault::{BadRow, BadRows, FAULTS_SHOWN};
pub use reading::{FILE_MAX, KEY_MAX, ROWS_MAX, VALUE_MAX};

use crate::workspace::Match;
use order::{compare, head, reaches};

/// A table that is read and checked. Its rows are sorted and share one text, in which equal
/// values stand once: a row costs 28 bytes besides its keys.
#[derive(Debug)]
pub struct Table {
    matching: Match,
    text: Box<str>,
    /// The head of each row's key, apart from the rows, so that a search stays in few lines of
    /// the processor's cache.
    heads: Box<[u64]>,
    rows: Box<[Row]>,
}

/// The tables of a workspace, by name. A clone shares them.
pub type Tables = Arc<BTreeMap<String, Arc<Table>>>;

/// Where a row's parts stand in the text. Ranges end at `to`, dated rows have their time there.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    from: u32,
    to: u32,
    value: u32,
    from_len: u16,
    to_len: u16,
    value_len: u16,
}

impl Table {
    /// Reads a CSV file (RFC 4180) whose first line is `key,value`, `from,to,value` for
    /// ranges, or `key,at,value` for dated numbers. A mark of byte order, CRLF and quoted fields are taken as they come.
    ///
    /// # Errors
    /// Every row that cannot be meant, by its line.
    pub fn read(matching: Match, csv: &[u8]) -> Result<Self, BadRows> {
        reading::read(matching, csv)
    }

    /// The value for this key.
    ///
    /// - `exact`: of the row with this key.
    /// - `prefix`: of the longest key that this one begins with.
    /// - `range`: of the range that holds it, both ends included. Keys of digits compare by
    ///   length first and then as text: as numbers, but `0100` is not `100`, so that postal
    ///   codes of other lengths stay apart. All others compare as text, after the digits;
    ///   what begins with the upper end belongs to it, so that `K1A` to `K9Z` holds `K9Z 1B3`.
    /// - `dated`: the newest number of this key, where days begin in UTC.
    #[must_use]
    pub fn look_up(&self, key: &str) -> Option<&str> {
        let key = fold(key);
        if key.is_empty() {
            return None;
        }
        let key = key.as_bytes();
        let row = match self.matching {
            Match::Exact | Match::Dated => self.last(key).filter(|row| self.from(row) == key),
            Match::Prefix => self.longest(key),
            Match::Range => self.last(key).filter(|row| reaches(self.to(row), key)),
        };
        row.map(|row| part(&self.text, row.value, row.value_len))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The bytes of memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.heads) + size_of_val(&*self.rows)
    }

    /// The row with the largest key that is not larger than this one.
    fn last(&self, key: &[u8]) -> Option<&Row> {
        let head = head(self.matching, key);
        let start = self.heads.partition_point(|other| *other < head);
        let alike = self.heads[start..].partition_point(|other| *other == head);
        let not_larger = |row: &Row| compare(self.matching, self.from(row), key).is_le();
        let after = start + self.rows[start..start + alike].partition_point(not_larger);
        self.rows[..after].last()
    }

    /// The row with the longest key that this one begins with. The largest key that is not
    /// larger is that one, or shares with it all that a shorter one could match.
    fn longest(&self, mut key: &[u8]) -> Option<&Row> {
        loop {
            let row = self.last(key)?;
            let found = self.from(row);
            let shared = found.iter().zip(key).take_while(|(a, b)| a == b).count();
            if shared == found.len() {
                return Some(row);
            }
            key = &key[..shared];
        }
    }

    fn from(&self, row: &Row) -> &[u8] {
        part(&self.text, row.from, row.from_len).as_bytes()
    }

    fn to(&self, row: &Row) -> &[u8] {
        part(&self.text, row.to, row.to_len).as_bytes()
    }
}

fn part(text: &str, start: u32, len: u16) -> &str {
    let start = start as usize;
    &text[start..start + usize::from(len)]
}

/// A key as it is compared.
fn fold(key: &str) -> Cow<'_, str> {
    let key = key.trim();
    if key.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(key);
    }
    Cow::Owned(key.to_lowercase())
}
