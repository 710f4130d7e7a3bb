//! From the bytes of a CSV file to a table. No row is passed over: what cannot be meant is
//! told with its line, and then there is no table.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder};
use jiff::tz::TimeZone;

use super::fault::{BadRows, Faults};
use super::instant::instant;
use super::order::{compare, head, is_digits, is_further, reaches};
use super::{Amount, Row, Table, fold, part};
use crate::workspace::Match;

/// The most bytes of a table's file.
pub const FILE_MAX: u64 = 64 << 20;
/// The most rows of a table.
pub const ROWS_MAX: usize = 1_000_000;
/// The most bytes of a key.
pub const KEY_MAX: usize = 256;
/// The most bytes of a value.
pub const VALUE_MAX: usize = 1024;

pub(super) fn read(matching: Match, csv: &[u8]) -> Result<Table, BadRows> {
    let mut reading = Reading { matching, ..Reading::default() };
    if u64::try_from(csv.len()).is_ok_and(|len| len <= FILE_MAX) {
        reading.lines(csv);
    } else {
        reading.faults.add(1, || format!("the file is larger than {} MiB, the most of a table", FILE_MAX >> 20));
    }
    reading.done()
}

/// A table with more rows; bad ones are told by their place among those, from 1.
pub(super) fn more(table: &Table, rows: impl Iterator<Item = [String; 3]>) -> Result<Table, BadRows> {
    // Those that are there come first among equals, as the lines of a file before its last ones do.
    let old = table.rows.iter().map(|row| (*row, 0)).collect();
    let mut reading =
        Reading { matching: table.matching, text: table.text.to_string(), rows: old, ..Reading::default() };
    for (line, row) in (1..).zip(rows) {
        reading.add(line, &ByteRecord::from(&row[..]));
    }
    reading.done()
}

/// A file on its way to a table: rows with their lines.
#[derive(Default)]
struct Reading {
    matching: Match,
    text: String,
    values: HashMap<Box<str>, u32>,
    rows: Vec<(Row, usize)>,
    faults: Faults,
}

impl Reading {
    fn lines(&mut self, csv: &[u8]) {
        let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
        let mut record = ByteRecord::new();
        let mut lines = Lines::new(csv);
        let mut begun = false;
        // Reading from memory does not fail, and bytes are taken as they are.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let line = lines.of(record.position().map_or(0, csv::Position::byte));
            if record.iter().all(<[u8]>::is_empty) && record.len() == 1 {
                continue;
            }
            if !begun {
                begun = true;
                if let Err(what) = self.header(&record) {
                    return self.faults.add(line, || what);
                }
            } else if !self.add(line, &record) {
                return;
            }
        }
        if !begun {
            let header = self.columns().join(",");
            self.faults.add(1, || format!("the file is empty; begin it with the line `{header}`"));
        }
    }

    /// Adds a row, or what is wrong with it. False where no more can be read.
    fn add(&mut self, line: usize, record: &ByteRecord) -> bool {
        if self.rows.len() == ROWS_MAX {
            self.faults.add(line, || format!("a table has at most {ROWS_MAX} rows; divide it in two"));
            return false;
        }
        match self.row(record) {
            Ok(row) => self.rows.push((row, line)),
            Err(what) => self.faults.add(line, || what),
        }
        true
    }

    fn columns(&self) -> &'static [&'static str] {
        match self.matching {
            Match::Exact | Match::Prefix => &["key", "value"],
            Match::Range => &["from", "to", "value"],
            Match::Dated => &["key", "at", "value"],
        }
    }

    fn header(&self, record: &ByteRecord) -> Result<(), String> {
        let found: Vec<String> =
            record.iter().map(|field| String::from_utf8_lossy(field).trim().to_lowercase()).collect();
        if found == self.columns() {
            return Ok(());
        }
        let (wanted, mut line) = (self.columns().join(","), found.join(","));
        line.retain(|c| !c.is_control());
        line.truncate(line.floor_char_boundary(60));
        let advice = match (self.matching, line.as_str()) {
            (Match::Exact | Match::Prefix | Match::Range, "key,at,value") => {
                "; for rows of `key,at,value`, say match = \"dated\" in [[tables]]"
            }
            (Match::Range | Match::Dated, _) => {
                "; for rows of `key,value`, say match = \"exact\" or \"prefix\" in [[tables]]"
            }
            (Match::Exact | Match::Prefix, _) => "; for rows of `from,to,value`, say match = \"range\" in [[tables]]",
        };
        let advice = if line.contains(';') { "; separate fields with commas" } else { advice };
        Err(format!("the first line is `{line}` and has to be `{wanted}`{advice}"))
    }

    fn row(&mut self, record: &ByteRecord) -> Result<Row, String> {
        let columns = self.columns();
        let mut fields = [""; 3];
        for (n, field) in record.iter().enumerate() {
            let field = std::str::from_utf8(field)
                .map_err(|_| "this row is not UTF-8 text; save the file as UTF-8".to_owned())?
                .trim();
            if field.contains(char::is_control) {
                return Err("a field goes over the end of the line or holds a control character; is a quote \
                            not closed?"
                    .into());
            }
            if let Some(place) = fields.get_mut(n) {
                *place = field;
            }
        }
        if record.len() != columns.len() {
            let is = if record.len() == 1 { "1 field".into() } else { format!("{} fields", record.len()) };
            let wanted = columns.len();
            return Err(format!("this row has {is} in place of {wanted}; put a field that holds commas in quotes"));
        }
        let [from, to, value] = match self.matching {
            Match::Range => [fold(fields[0]), fold(fields[1]), fields[2].into()],
            Match::Dated => [fold(fields[0]), fields[1].into(), fields[2].into()],
            Match::Exact | Match::Prefix => [fold(fields[0]), "".into(), fields[1].into()],
        };
        for (key, name) in [&from, &to].into_iter().zip(&columns[..columns.len() - 1]) {
            if key.is_empty() {
                return Err(format!("`{name}` is empty; write one, or take the row out"));
            }
            if key.len() > KEY_MAX {
                return Err(format!("`{name}` has {} bytes; {KEY_MAX} are the most", key.len()));
            }
        }
        if value.len() > VALUE_MAX {
            return Err(format!("`value` has {} bytes; {VALUE_MAX} are the most", value.len()));
        }
        match self.matching {
            Match::Range => ends(&from, &to)?,
            Match::Dated => dated(&to, &value)?,
            Match::Exact | Match::Prefix => {}
        }
        let (from, from_len) = self.keep(&from);
        let (to, to_len) = self.keep(&to);
        let (value, value_len) = self.keep_value(&value);
        Ok(Row { from, to, value, from_len, to_len, value_len })
    }

    /// Appends to the text. Bounds on the file and on its fields keep both numbers in range.
    fn keep(&mut self, text: &str) -> (u32, u16) {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        (start, length(text))
    }

    fn keep_value(&mut self, value: &str) -> (u32, u16) {
        if let Some(start) = self.values.get(value) {
            return (*start, length(value));
        }
        let (start, len) = self.keep(value);
        self.values.insert(value.into(), start);
        (start, len)
    }

    /// Brings rows into the order of look-up, and finds those that stand in each other's way.
    fn sort(&mut self) {
        let Self { matching, text, rows, faults, .. } = self;
        let from = |row: &Row| part(text, row.from, row.from_len);
        if *matching == Match::Dated {
            let at = |row: &Row| instant(part(text, row.to, row.to_len), &TimeZone::UTC);
            return rows.sort_by_cached_key(|(row, line)| (from(row), at(row), *line));
        }
        rows.sort_by(|(a, x), (b, y)| compare(*matching, from(a).as_bytes(), from(b).as_bytes()).then(x.cmp(y)));
        match matching {
            Match::Exact | Match::Prefix => repeats(text, rows, faults),
            Match::Range => overlaps(text, rows, faults),
            Match::Dated => {}
        }
    }

    /// The table, in order, if all its rows can be meant.
    fn done(mut self) -> Result<Table, BadRows> {
        self.sort();
        let Self { matching, text, rows, faults, .. } = self;
        let rows: Box<[Row]> = rows.into_iter().map(|(row, _)| row).collect();
        let heads = rows.iter().map(|row| head(matching, part(&text, row.from, row.from_len).as_bytes())).collect();
        faults.unless_any(Table { matching, text: text.into(), heads, rows })
    }
}

/// Keys that stand twice, told at the later line.
fn repeats(text: &str, rows: &[(Row, usize)], faults: &mut Faults) {
    let mut first: Option<(&str, usize)> = None;
    for (row, line) in rows {
        let key = part(text, row.from, row.from_len);
        match first {
            Some((earlier, earlier_line)) if earlier == key => {
                faults.add(*line, || format!("the key `{key}` stands in line {earlier_line} already; keep one"));
            }
            _ => first = Some((key, *line)),
        }
    }
}

/// Ranges that meet one that begins before them, told at the later of both lines.
fn overlaps(text: &str, rows: &[(Row, usize)], faults: &mut Faults) {
    let ends = |row: &Row| (part(text, row.from, row.from_len), part(text, row.to, row.to_len));
    let mut furthest: Option<(Row, usize)> = None;
    for (row, line) in rows {
        let (from, to) = ends(row);
        if let Some((other, other_line)) = &furthest {
            let (other_from, other_to) = ends(other);
            if reaches(other_to.as_bytes(), from.as_bytes()) {
                let (this, that) = ((from, to, *line), (other_from, other_to, *other_line));
                let (later, earlier) = if *line > *other_line { (this, that) } else { (that, this) };
                faults.add(later.2, || {
                    let ((from, to, _), (other_from, other_to, line)) = (later, earlier);
                    format!("the range `{from}` to `{to}` overlaps `{other_from}` to `{other_to}` in line {line}; keep them apart")
                });
            }
            if !is_further(to.as_bytes(), other_to.as_bytes()) {
                continue;
            }
        }
        furthest = Some((*row, *line));
    }
}

fn length(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}

fn ends(from: &str, to: &str) -> Result<(), String> {
    if is_digits(from.as_bytes()) != is_digits(to.as_bytes()) {
        return Err(format!("one end of `{from}` to `{to}` is a number and the other is not; write both alike"));
    }
    if !reaches(to.as_bytes(), from.as_bytes()) {
        return Err(format!("the range `{from}` to `{to}` ends before it begins; swap its ends"));
    }
    Ok(())
}

/// Whether a row can have this time and this number.
fn dated(at: &str, value: &str) -> Result<(), String> {
    if instant(at, &TimeZone::UTC).is_none() {
        return Err(format!("`{at}` is neither a day nor a time; write it as in 2026-03-10 or 2026-03-10T09:00:00Z"));
    }
    Amount::read(value).map(|_| ())
}

/// Counts lines up to a record. The reader's own count is of where it stood before it passed
/// over empty lines and the second half of CRLF.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of the record that begins at this byte or after the line ends that follow it.
    fn of(&mut self, byte: u64) -> usize {
        let from = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(b) = self.text.get(self.at) {
            let is_end = *b == b'\n' || (*b == b'\r' && self.text.get(self.at + 1) != Some(&b'\n'));
            if self.at >= from && !matches!(b, b'\r' | b'\n') {
                break;
            }
            self.line += usize::from(is_end);
            self.at += 1;
        }
        self.line
    }
}
