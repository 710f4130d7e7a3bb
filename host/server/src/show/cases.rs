//! The cases of a plugin: which hold, where others differ, and which branches none reaches.

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, counted, cut, fit, widest, width, wrap};
use crate::cases::{Coverage, Difference, Outcome, words};

/// A line for each case; for those that fail, what was expected beside what came.
#[must_use]
pub fn cases(outcomes: &[Outcome], coverage: &Coverage, palette: Palette) -> String {
    let mut lines = Vec::new();
    let name = widest(outcomes.iter().map(|outcome| outcome.name.as_str()), 34);
    for outcome in outcomes {
        let holds = outcome.differences.is_empty();
        let mark = if holds { palette.paint(Tone::Good, "ok    ") } else { palette.paint(Tone::Bad, "FAILED") };
        let about = palette.paint(Tone::Quiet, &cut(&outcome.about, COLUMNS - name - 9));
        lines.push(format!("{mark} {}  {about}", fit(&outcome.name, name)).trim_end().to_owned());
        if !holds {
            lines.extend(differences(&outcome.differences, palette));
            let way: Vec<&str> = outcome.branches.iter().map(String::as_str).collect();
            let way = if way.is_empty() { "nothing".into() } else { way.join(", ") };
            lines.extend(quiet(&format!("it noted: {way}"), 9, palette));
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let tone = if failed == 0 { Tone::Good } else { Tone::Bad };
    lines.push(palette.paint(tone, &format!("{} passed, {failed} failed", outcomes.len() - failed)));
    lines.extend(coverage_lines(coverage, palette));
    lines.join("\n") + "\n"
}

/// Expected and came side by side; one below the other where they are long.
fn differences(differences: &[Difference], palette: Palette) -> Vec<String> {
    let what = widest(differences.iter().map(|one| one.what.as_str()), 28).max(5);
    let room = (COLUMNS - 9 - what - 4) / 2;
    let is_wide = |one: &Difference| width(&words(&one.expected)).max(width(&words(&one.came))) > room;
    let mut lines = Vec::new();
    if !differences.iter().all(is_wide) {
        let heading = format!("         {}  {}  came", fit("", what), fit("expected", room));
        lines.push(palette.paint(Tone::Quiet, &heading));
    }
    for one in differences {
        let (expected, came) = (words(&one.expected), words(&one.came));
        if is_wide(one) {
            lines.push(format!("         {}", one.what));
            for (label, text, tone) in [("expected", expected, Tone::Good), ("came", came, Tone::Bad)] {
                let text = palette.paint(tone, &cut(&text, 4 * COLUMNS));
                lines.push(format!("           {} {text}", fit(label, 8)));
            }
        } else {
            let came = palette.paint(Tone::Bad, &came);
            lines.push(format!(
                "         {}  {}  {came}",
                fit(&one.what, what),
                palette.paint(Tone::Good, &fit(&expected, room))
            ));
        }
    }
    lines
}

fn coverage_lines(coverage: &Coverage, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    if coverage.branches > 0 {
        let all = coverage.not_reached.is_empty();
        let tail = if all { String::new() } else { format!("; not reached: {}", coverage.not_reached.join(", ")) };
        let branches = counted(coverage.branches as u64, "branch", "branches");
        let text = format!("coverage: {} of {branches}{tail}", coverage.reached);
        let tone = if all { Tone::Good } else { Tone::Warn };
        lines.extend(wrap(&text, COLUMNS).into_iter().map(|line| palette.paint(tone, &line)));
    }
    if coverage.branches > 0 && !coverage.unlisted.is_empty() {
        let names = coverage.unlisted.join(", ");
        let text =
            format!("noted, and not found in the sources: {names}; list such names in plugin.toml under `branches`");
        lines.extend(quiet(&text, 0, palette));
    }
    lines
}

fn quiet(text: &str, indent: usize, palette: Palette) -> Vec<String> {
    let line = |line: String| palette.paint(Tone::Quiet, &format!("{}{line}", fit("", indent)));
    wrap(text, COLUMNS - indent).into_iter().map(line).collect()
}
