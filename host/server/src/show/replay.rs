//! What replay found, on one screen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, counted, cut, grouped};
use crate::replay::{Differing, Tally};

/// Decisions that differ and are shown.
const SHOWN: usize = 5;
/// Rows of each side of a difference.
const ROWS: usize = 4;
/// Characters that are shown before the first that differs.
const CONTEXT: usize = 60;
/// Reasons to skip that are shown.
const REASONS: usize = 6;

/// What replay found, as people read it, with the time that it took.
#[must_use]
pub fn replay(tally: &Tally, took: Duration, palette: Palette) -> String {
    let mut lines = vec![verdict(tally, took, palette)];
    for differing in tally.different.iter().take(SHOWN) {
        lines.push(String::new());
        lines.extend(parting(differing, palette));
    }
    if tally.different.len() > SHOWN {
        lines.push(format!("and {} more; --json lists them all", grouped((tally.different.len() - SHOWN) as u64)));
    }
    let remarks = tally.remarks.iter().map(|one| one.remark.as_str());
    lines.extend(reasons("Not compared in", remarks, palette));
    let skipped = tally.skipped.iter().map(|one| one.why.as_str());
    lines.extend(reasons("Not replayed:", skipped, palette));
    lines.join("\n") + "\n"
}

fn verdict(tally: &Tally, took: Duration, palette: Palette) -> String {
    if tally.replayed == 0 {
        return palette.paint(Tone::Warn, "Nothing was replayed.");
    }
    let count = counted(tally.replayed, "decision", "decisions");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rate")]
    let rate = (tally.replayed as f64 / took.as_secs_f64().max(1e-6)) as u64;
    let pace = if tally.replayed > 1 { format!(" ({} a second)", grouped(rate)) } else { String::new() };
    let different = tally.different.len() as u64;
    let found = match different {
        0 => palette.paint(Tone::Good, "every call and every result is the same, byte for byte."),
        _ => palette.paint(Tone::Bad, &format!("{} not as recorded.", counted(different, "is", "are"))),
    };
    format!("{count} replayed{pace}: {found}")
}

fn parting(differing: &Differing, palette: Palette) -> Vec<String> {
    let Differing { decision, step, recorded, replayed } = differing;
    let mut lines = vec![palette.heading(&format!("{decision}, step {step}"))];
    let same = recorded.chars().zip(replayed.chars()).take_while(|(one, other)| one == other).count();
    for (what, text) in [("recorded", recorded), ("replayed", replayed)] {
        for (n, row) in rows(text, same).into_iter().enumerate() {
            let label = if n == 0 { what } else { "" };
            lines.push(format!("  {label:8}  {row}").trim_end().to_owned());
        }
    }
    lines.push(palette.paint(Tone::Quiet, &format!("  rota why {decision} shows all steps")));
    lines
}

/// A text in a few rows, from shortly before the place where two of them part.
fn rows(text: &str, same: usize) -> Vec<String> {
    let from = if same > CONTEXT * 2 { same - CONTEXT } else { 0 };
    let start = if from > 0 { "…" } else { "" };
    let text: Vec<char> = if text.is_empty() { "nothing" } else { text }.chars().skip(from).collect();
    let text: Vec<char> = start.chars().chain(text).collect();
    let rows = text.chunks(COLUMNS - 12).take(ROWS).map(|row| cut(&row.iter().collect::<String>(), COLUMNS - 12));
    rows.collect()
}

fn reasons<'a>(heading: &str, all: impl Iterator<Item = &'a str>, palette: Palette) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    all.for_each(|why| *counts.entry(why).or_default() += 1);
    if counts.is_empty() {
        return Vec::new();
    }
    let mut ordered: Vec<(&str, u64)> = counts.into_iter().collect();
    ordered.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut lines = vec![String::new(), palette.paint(Tone::Quiet, heading)];
    lines.extend(
        ordered.iter().take(REASONS).map(|(why, count)| cut(&format!("  {:>7}  {why}", grouped(*count)), COLUMNS)),
    );
    if ordered.len() > REASONS {
        lines.push(format!("  and {} reasons more", ordered.len() - REASONS));
    }
    lines
}
