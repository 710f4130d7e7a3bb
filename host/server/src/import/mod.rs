//! Files of leads: bytes in as they arrive, leads out, each with its line. Nothing of a file is
//! kept but the record that is being read.

mod jsonl;
mod table;

use rota_domain::lead::Lead;

/// The most bytes of one lead.
pub const RECORD_MAX: usize = 256 << 10;
/// The most bytes of a lead's id.
const ID_MAX: usize = 256;

/// As what a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A lead as JSON on each line.
    Jsonl,
    /// A header, and a lead in each row: `id`, and a column for each property.
    Csv,
}

/// A lead, or what is wrong with it and what to do.
pub type Read = Result<Lead, String>;

/// The file as a whole cannot be meant: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Unusable {
    /// Where.
    pub line: u64,
    /// What.
    pub what: String,
}

/// A file that is being read.
pub enum Reading {
    /// As JSON lines.
    Jsonl(jsonl::Lines),
    /// As CSV.
    Csv(Box<table::Rows>),
}

impl Reading {
    /// A file of this form, from its beginning.
    #[must_use]
    pub fn new(form: Form) -> Self {
        match form {
            Form::Jsonl => Self::Jsonl(jsonl::Lines::default()),
            Form::Csv => Self::Csv(Box::default()),
        }
    }

    /// Reads on. What ends in these bytes is added to `leads`, each with its line.
    ///
    /// # Errors
    /// When the file cannot be meant.
    pub fn feed(&mut self, bytes: &[u8], leads: &mut Vec<(u64, Read)>) -> Result<(), Unusable> {
        match self {
            Self::Jsonl(lines) => lines.feed(bytes, leads),
            Self::Csv(rows) => rows.feed(bytes, leads)?,
        }
        Ok(())
    }

    /// The file ends here.
    ///
    /// # Errors
    /// When the file cannot be meant.
    pub fn finish(self, leads: &mut Vec<(u64, Read)>) -> Result<(), Unusable> {
        match self {
            Self::Jsonl(lines) => lines.finish(leads),
            Self::Csv(rows) => rows.finish(leads)?,
        }
        Ok(())
    }
}

/// Whether a lead may be called so.
fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("the `id` is empty; give every lead one, such as hs:contact:101".into());
    }
    if id.len() > ID_MAX {
        return Err(format!("the `id` has {} bytes; {ID_MAX} are the most", id.len()));
    }
    if id.contains('@') {
        return Err("the `id` holds an @: an e-mail address as a name could not be erased; use the CRM's id, such as hs:contact:101".into());
    }
    Ok(())
}

/// A lead that is too long to be one.
fn too_long() -> String {
    format!("this lead has more than {} KiB, the most of one; leave properties out", RECORD_MAX >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file in pieces of this size.
    fn read(form: Form, file: &[u8], piece: usize) -> Result<Vec<(u64, Read)>, Unusable> {
        let (mut reading, mut leads) = (Reading::new(form), Vec::new());
        for piece in file.chunks(piece.max(1)) {
            reading.feed(piece, &mut leads)?;
        }
        reading.finish(&mut leads).map(|()| leads)
    }

    fn ids(read: &[(u64, Read)]) -> Vec<(u64, Option<&str>)> {
        read.iter().map(|(line, read)| (*line, read.as_ref().ok().map(|lead| lead.id.as_str()))).collect()
    }

    #[test]
    fn rows_become_leads_with_their_properties_and_lines() {
        let file = b"id,email,note\r\n1,a@x.test,\"two\r\nlines, \"\"quoted\"\"\"\r\n\r\n2,,\r\n";
        for piece in [1, 2, 7, 1000] {
            let leads = read(Form::Csv, file, piece).expect("a file");
            assert_eq!(ids(&leads), [(2, Some("1")), (5, Some("2"))], "in pieces of {piece}");
            let first = leads[0].1.as_ref().expect("a lead");
            assert_eq!(first.property("note"), Some("two\r\nlines, \"quoted\""));
            assert_eq!(first.trigger, "manual");
            assert!(leads[1].1.as_ref().expect("a lead").properties.is_empty());
        }
    }

    #[test]
    fn a_bad_row_is_told_by_its_line_and_the_others_are_read() {
        let long = format!("id,a\n1,{}\n2\n,x\na@b.test,x\n3,y\n", "z".repeat(RECORD_MAX + 1));
        let leads = read(Form::Csv, long.as_bytes(), 4096).expect("a file");
        assert_eq!(ids(&leads), [(2, None), (3, None), (4, None), (5, None), (6, Some("3"))]);
    }

    #[test]
    fn a_table_without_an_id_column_is_refused() {
        for file in ["email\na@x.test\n", "", "id,a,a\n", "id,\n", "id;email\n"] {
            assert_eq!(read(Form::Csv, file.as_bytes(), 3).expect_err(file).line, 1);
        }
    }

    #[test]
    fn lines_of_json_become_leads_and_bad_ones_are_told() {
        let file = "\u{feff}{\"id\":\"1\",\"trigger\":\"created\"}\n\n{\"id\":2}\n{\"kind\":\"lead\",\"at\":\"\"}\n{\n\
                    {\"id\":\"3\",\"properties\":{\"a\":1}}\n{\"id\":\"4\"}";
        for piece in [1, 5, 1000] {
            let leads = read(Form::Jsonl, file.as_bytes(), piece).expect("a file");
            let told = [(1, Some("1")), (3, None), (4, None), (5, None), (6, None), (7, Some("4"))];
            assert_eq!(ids(&leads), told, "in pieces of {piece}");
            assert_eq!(leads[0].1.as_ref().expect("a lead").trigger, "created");
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut reading = Reading::new(Form::Jsonl);
        let mut leads = Vec::new();
        for _ in 0..100 {
            reading.feed(&[b'x'; RECORD_MAX / 10], &mut leads).expect("it reads");
        }
        reading.feed(b"\n{\"id\":\"1\"}\n", &mut leads).expect("it reads");
        assert_eq!(ids(&leads), [(1, None), (2, Some("1"))]);
    }
}
