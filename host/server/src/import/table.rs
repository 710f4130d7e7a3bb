//! Leads as CSV (RFC 4180): the first row names the columns, of which one is `id`; every other
//! is a property. An empty cell sets none.

use csv_core::{ReadRecordResult, Reader};
use rota_domain::lead::{Lead, Properties};

use super::{RECORD_MAX, Read, Unusable, check_id, too_long};

/// The most columns.
const COLUMNS_MAX: usize = 2_000;
/// The mark of byte order that some programs begin a file with.
const MARK: &str = "\u{feff}";

/// Rows that are being read.
pub struct Rows {
    reader: Reader,
    /// The cells of the row that has not ended yet, one behind the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    /// How much of both is used.
    text_len: usize,
    ends_len: usize,
    /// Whether the row is larger than a lead may be.
    long: bool,
    /// Whether any of the row was read.
    begun: bool,
    /// The line on which the row begins, and the one that is being read.
    first: u64,
    line: u64,
    columns: Option<Vec<String>>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            reader: Reader::new(),
            text: vec![0; 4096],
            ends: vec![0; 64],
            text_len: 0,
            ends_len: 0,
            long: false,
            begun: false,
            first: 1,
            line: 1,
            columns: None,
        }
    }
}

impl Rows {
    pub(super) fn feed(&mut self, mut bytes: &[u8], leads: &mut Vec<(u64, Read)>) -> Result<(), Unusable> {
        loop {
            if !self.begun {
                // Empty lines, and the second half of a line end.
                let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.count(&bytes[..blank]);
                bytes = &bytes[blank..];
                self.first = self.line;
            }
            if bytes.is_empty() {
                return Ok(());
            }
            self.begun = true;
            bytes = self.step(bytes, leads)?;
        }
    }

    pub(super) fn finish(mut self, leads: &mut Vec<(u64, Read)>) -> Result<(), Unusable> {
        while self.begun {
            self.step(&[], leads)?;
        }
        match self.columns {
            Some(_) => Ok(()),
            None => {
                Err(Unusable { line: 1, what: "the file is empty; begin it with a line such as `id,email`".into() })
            }
        }
    }

    /// Reads a part of a row, and gives what is left of the bytes; no bytes mean the end.
    fn step<'b>(&mut self, bytes: &'b [u8], leads: &mut Vec<(u64, Read)>) -> Result<&'b [u8], Unusable> {
        let (result, read, text, ends) =
            self.reader.read_record(bytes, &mut self.text[self.text_len..], &mut self.ends[self.ends_len..]);
        self.count(&bytes[..read]);
        self.text_len += text;
        self.ends_len += ends;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull if self.text.len() < RECORD_MAX => self.text.resize(self.text.len() * 2, 0),
            ReadRecordResult::OutputEndsFull if self.ends.len() <= COLUMNS_MAX => {
                self.ends.resize(self.ends.len() * 2, 0);
            }
            // The rest is passed over: what was read of it is written over.
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                self.long = true;
                (self.text_len, self.ends_len) = (0, 0);
            }
            ReadRecordResult::Record => {
                let read = self.row();
                self.begin();
                leads.extend(read?);
            }
            ReadRecordResult::End => self.begin(),
        }
        Ok(&bytes[read..])
    }

    fn begin(&mut self) {
        (self.text_len, self.ends_len) = (0, 0);
        (self.long, self.begun) = (false, false);
    }

    fn count(&mut self, bytes: &[u8]) {
        self.line += bytes.iter().filter(|byte| **byte == b'\n').map(|_| 1).sum::<u64>();
    }

    /// The row that has ended, as a lead; nothing for the header.
    fn row(&mut self) -> Result<Option<(u64, Read)>, Unusable> {
        let line = self.first;
        let cells = if self.long { Err(too_long()) } else { self.cells() };
        match &self.columns {
            Some(columns) => Ok(Some((line, cells.and_then(|cells| lead(columns, &cells))))),
            None => {
                let columns = cells.and_then(|cells| header(&cells));
                self.columns = Some(columns.map_err(|what| Unusable { line, what })?);
                Ok(None)
            }
        }
    }

    fn cells(&self) -> Result<Vec<&str>, String> {
        let text = std::str::from_utf8(&self.text[..self.text_len]);
        let text = text.map_err(|_| "this row is not UTF-8 text; save the file as UTF-8".to_owned())?;
        let mut start = 0;
        let cell = |end: &usize| {
            let cell = text.get(std::mem::replace(&mut start, *end)..*end);
            cell.ok_or_else(|| "this row is not UTF-8 text; save the file as UTF-8".to_owned())
        };
        self.ends[..self.ends_len].iter().map(cell).collect()
    }
}

fn header(cells: &[&str]) -> Result<Vec<String>, String> {
    let mut columns: Vec<String> = Vec::with_capacity(cells.len());
    for cell in cells {
        let name = cell.strip_prefix(MARK).unwrap_or(cell).trim();
        if name.is_empty() {
            return Err(format!("column {} has no name; give it one, or take it out", columns.len() + 1));
        }
        if columns.iter().any(|known| known == name) {
            return Err(format!("two columns are called `{name}`; take one of them out"));
        }
        columns.push(name.to_owned());
    }
    if columns.len() > COLUMNS_MAX {
        return Err(format!("there are {} columns; {COLUMNS_MAX} are the most", columns.len()));
    }
    if !columns.iter().any(|name| name == "id") {
        let advice = if columns.iter().any(|name| name.contains(';')) {
            "separate columns with commas"
        } else {
            "name the column that holds the CRM's id, such as hs:contact:101, `id`"
        };
        return Err(format!("there is no column `id`; {advice}"));
    }
    Ok(columns)
}

fn lead(columns: &[String], cells: &[&str]) -> Read {
    if cells.len() != columns.len() {
        let (is, wanted) = (cells.len(), columns.len());
        return Err(format!("this row has {is} cells in place of {wanted}; put a cell that holds commas in quotes"));
    }
    let mut id = "";
    let mut properties = Properties::new();
    for (column, cell) in columns.iter().zip(cells) {
        if column == "id" {
            id = cell.trim();
        } else if !cell.is_empty() {
            properties.insert(column.clone(), Some((*cell).to_owned()));
        }
    }
    check_id(id)?;
    Ok(Lead {
        id: id.into(),
        object: object(id),
        properties,
        owner: None,
        owner_left: false,
        company: None,
        history: Vec::new(),
        trigger: "manual".into(),
    })
}

/// The kind of record that the id of a CRM's record says; a contact, where it says none.
fn object(id: &str) -> String {
    let parts: Vec<&str> = id.splitn(3, ':').collect();
    match parts[..] {
        [_, object, _] if !object.is_empty() => object.to_owned(),
        _ => "contact".into(),
    }
}
