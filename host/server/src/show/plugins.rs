//! The plugins of a server, each with the flows that ask it.

use jiff::Timestamp;
use serde::Deserialize;

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, clean, cut, day_and_clock, fit, grouped, widest};

/// A plugin, as far as the list tells of it.
#[derive(Clone, Debug, Deserialize)]
pub struct PluginRow {
    /// The digest of its component.
    pub digest: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its bytes.
    pub bytes: u64,
    /// Whether every tenant has it.
    pub bundled: bool,
    /// The flows that ask it.
    pub flows: Vec<String>,
    /// When it was withdrawn.
    #[serde(default)]
    pub withdrawn: Option<Timestamp>,
    /// What it says of itself.
    pub manifest: PluginWords,
}

/// What a plugin says of itself, as far as the list repeats it.
#[derive(Clone, Debug, Deserialize)]
pub struct PluginWords {
    /// What it does.
    #[serde(default)]
    pub summary: String,
}

/// The list: name and version, whose it is, which flows ask it; below it what it does, and
/// the digest of those that were uploaded.
#[must_use]
pub fn plugins(rows: &[PluginRow], palette: Palette) -> String {
    let names: Vec<String> = rows.iter().map(|row| format!("{}@{}", row.name, row.version)).collect();
    let column = widest(names.iter().map(String::as_str), 40);
    let mut lines = Vec::new();
    for (row, name) in rows.iter().zip(&names) {
        let (tone, state) = match row {
            PluginRow { withdrawn: Some(at), .. } => (Tone::Quiet, format!("withdrawn {}", day_and_clock(*at))),
            PluginRow { bundled: true, .. } => (Tone::Normal, "bundled".into()),
            _ => (Tone::Good, "uploaded".into()),
        };
        let flows = match row.flows.as_slice() {
            [] => String::new(),
            flows => format!("asked by {}", flows.join(", ")),
        };
        let size = format!("{} KiB", grouped(row.bytes.div_ceil(1024)));
        let head = format!("{}  {}  {size}  {flows}", fit(name, column), palette.paint(tone, &state));
        lines.push(head.trim_end().to_owned());
        if !row.manifest.summary.trim().is_empty() {
            lines.push(format!("  {}", cut(&row.manifest.summary, COLUMNS - 2)));
        }
        if !row.bundled {
            lines.push(palette.paint(Tone::Quiet, &format!("  {}", clean(&row.digest))));
        }
    }
    lines.join("\n") + "\n"
}
