//! A TOML file with its lines: where a key stands, and where a mistake does. What serde says
//! is given a place here and its words in `mend`.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::mend::{self, Place};

/// A TOML file that was read.
pub(super) struct Document<'t> {
    file: String,
    text: &'t str,
    tree: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Reads the text of a file.
    pub(super) fn parse(file: &str, bytes: &'t [u8]) -> Result<Self, ConfigError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = line_at(bytes, error.valid_up_to());
            ConfigError::at(file, line, "this is not UTF-8 text; save the file as UTF-8")
        })?;
        match DeTable::parse(text) {
            Ok(tree) => Ok(Self { file: file.into(), text, tree }),
            Err(error) => {
                let from = error.span().map_or(0, |span| span.start);
                let what = match error.message() {
                    "duplicate key" => {
                        let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
                        format!("the key `{key}` stands twice in this table; keep one")
                    }
                    message => format!("this is not TOML: {}", message.replace('\n', "; ")),
                };
                Err(ConfigError::at(file, line_at(bytes, from), what))
            }
        }
    }

    /// The file as a value. Unknown keys, missing ones and wrong types are errors.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let place = self.place(&span);
            ConfigError::at(&self.file, line_at(self.text.as_bytes(), span.start), mend::toml(error.message(), &place))
        })
    }

    /// An error at a JSON pointer; at the last part of it that exists.
    pub(super) fn error(&self, pointer: &str, what: impl Into<String>) -> ConfigError {
        ConfigError::at(&self.file, self.line(pointer), what)
    }

    /// The line of a JSON pointer.
    pub(super) fn line(&self, pointer: &str) -> usize {
        let mut start = self.tree.span().start;
        let mut here: Option<&DeValue<'_>> = None;
        for step in pointer.split('/').skip(1) {
            let next = match here {
                None => self.tree.get_ref().get(step),
                Some(DeValue::Table(table)) => table.get(step),
                Some(DeValue::Array(array)) => step.parse().ok().and_then(|n: usize| array.get(n)),
                Some(_) => None,
            };
            let Some(next) = next else { break };
            start = next.span().start;
            here = Some(next.get_ref());
        }
        line_at(self.text.as_bytes(), start)
    }

    /// The top of the file's tree.
    pub(super) fn table(&self) -> &DeTable<'t> {
        self.tree.get_ref()
    }

    /// The keys and list places that lead to the smallest thing around these bytes.
    fn place(&self, span: &Range<usize>) -> Place {
        let mut best = (usize::MAX, Place::default());
        search_table(self.tree.get_ref(), span, &mut Place::default(), &mut best);
        best.1
    }
}

fn search_table(table: &DeTable<'_>, span: &Range<usize>, path: &mut Place, best: &mut (usize, Place)) {
    for (key, value) in table {
        path.steps.push(key.get_ref().to_string());
        path.at_key = true;
        consider(&key.span(), span, path, best);
        path.at_key = false;
        search_value(value, span, path, best);
        path.steps.pop();
    }
}

fn search_value(value: &Spanned<DeValue<'_>>, span: &Range<usize>, path: &mut Place, best: &mut (usize, Place)) {
    consider(&value.span(), span, path, best);
    match value.get_ref() {
        DeValue::Table(table) => search_table(table, span, path, best),
        DeValue::Array(array) => {
            for (n, element) in array.iter().enumerate() {
                path.steps.push(n.to_string());
                search_value(element, span, path, best);
                path.steps.pop();
            }
        }
        _ => {}
    }
}

fn consider(candidate: &Range<usize>, span: &Range<usize>, path: &Place, best: &mut (usize, Place)) {
    let around = candidate.start <= span.start && span.end <= candidate.end;
    if around && !span.is_empty() && candidate.len() <= best.0 {
        *best = (candidate.len(), path.clone());
    }
}

/// The line, from 1, that holds this byte. The end of the text counts to its last line.
fn line_at(text: &[u8], byte: usize) -> usize {
    let before = &text[..byte.min(text.len())];
    let lines = 1 + before.iter().filter(|b| **b == b'\n').count();
    if before.len() == text.len() && text.ends_with(b"\n") { lines - 1 } else { lines }
}
