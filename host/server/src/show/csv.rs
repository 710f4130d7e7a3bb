//! The log as files: JSON lines, or CSV for spreadsheets. A spreadsheet takes a cell that
//! begins with = + - @ for a formula, whoever wrote it: such cells begin with ' here, and a
//! spreadsheet shows them as text.

use std::borrow::Cow;

use csv::WriterBuilder;
use rota_domain::decision::Decision;
use rota_flow::ports::Stored;

/// What a spreadsheet may take for the beginning of a formula, in wide forms, too, and what it
/// passes over before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The columns of a decision. New ones come at the end.
const COLUMNS: [&str; 25] = [
    "seq",
    "decision",
    "lead",
    "at",
    "flow",
    "trigger",
    "class",
    "outcome",
    "rep",
    "owner",
    "pool",
    "queue",
    "nurture",
    "reason_code",
    "reason_detail",
    "fallback",
    "error",
    "response_due",
    "effects",
    "plugin",
    "plugin_version",
    "plugin_digest",
    "revision",
    "fuel",
    "of",
];

/// As what kind of file the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// One decision a line.
    Jsonl,
    /// A header, and one decision a row (RFC 4180, with line ends of one byte).
    Csv,
}

impl Export {
    /// How such a file's name ends.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// What such a file is called in HTTP.
    #[must_use]
    pub fn media(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What comes before the first decision.
    #[must_use]
    pub fn head(self) -> String {
        match self {
            Self::Jsonl => String::new(),
            Self::Csv => row(COLUMNS),
        }
    }

    /// A decision, with the end of its line.
    #[must_use]
    pub fn line(self, stored: &Stored) -> String {
        match self {
            // A decision is texts and numbers, which are always JSON.
            Self::Jsonl => serde_json::to_string(&stored.decision).unwrap_or_default() + "\n",
            Self::Csv => row(cells(stored)),
        }
    }
}

/// The cells of a decision, column by column.
fn cells(stored: &Stored) -> [String; COLUMNS.len()] {
    let Decision {
        id,
        lead,
        at,
        flow,
        trigger,
        class,
        outcome,
        rep,
        owner,
        pool,
        queue,
        nurture,
        reason,
        fallback,
        error,
        response_due,
        effects,
        plugin,
        revision,
        fuel,
        of,
        ..
    } = &stored.decision;
    let kinds: Vec<&str> = effects.iter().map(|effect| effect.kind.as_str()).collect();
    [
        stored.seq.to_string(),
        id.to_string(),
        lead.to_string(),
        at.to_string(),
        text(flow.as_ref()),
        trigger.clone(),
        class.clone(),
        outcome.as_str().to_owned(),
        text(rep.as_ref()),
        text(owner.as_ref()),
        text(pool.as_ref()),
        text(queue.as_ref()),
        text(nurture.as_ref()),
        reason.code.clone(),
        reason.detail.clone(),
        fallback.to_string(),
        text(error.as_ref()),
        text(response_due.as_ref()),
        kinds.join(" "),
        text(plugin.as_ref().map(|plugin| &plugin.name)),
        text(plugin.as_ref().map(|plugin| &plugin.version)),
        text(plugin.as_ref().map(|plugin| &plugin.digest)),
        revision.to_string(),
        fuel.to_string(),
        text(of.as_ref()),
    ]
}

fn text(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// One row, with quotes where they are needed.
fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    // Writing to memory does not fail, and what was UTF-8 stays so.
    let written = writer.write_record(cells.into_iter().map(|cell| harmless(cell.as_ref()).into_owned()));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(FORMULA) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_as_a_formula_does() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
    }

    #[test]
    fn other_cells_stay_as_they_are() {
        for cell in ["", "a=1", "1-2", "'=1", "joe@big.example"] {
            assert_eq!(harmless(cell), cell);
        }
    }

    #[test]
    fn headers_are_made_harmless_as_rows_are() {
        assert_eq!(row(["=a", "b,c", "d\"e"]), "'=a,\"b,c\",\"d\"\"e\"\n");
    }
}
