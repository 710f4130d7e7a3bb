//! What `rota check` found, each with its mend.

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, counted, wrap};
use crate::author::check::{Finding, Weight};

/// Problems first, then hints, then how many of each.
#[must_use]
pub fn findings(found: &[Finding], palette: Palette) -> String {
    let mut lines = Vec::new();
    let count = |weight| found.iter().filter(|finding| finding.weight == weight).count() as u64;
    for (weight, tone, word) in [(Weight::Problem, Tone::Bad, "problem"), (Weight::Hint, Tone::Warn, "hint")] {
        for finding in found.iter().filter(|finding| finding.weight == weight) {
            let said = wrap(&format!("{word}: {}: {}", finding.about, finding.what), COLUMNS);
            lines.extend(said.iter().map(|line| palette.paint(tone, line)));
            lines.extend(wrap(&finding.mend, COLUMNS - 4).iter().map(|line| format!("    {line}")));
        }
    }
    let problems = match count(Weight::Problem) {
        0 => palette.paint(Tone::Good, "A host takes it as it is"),
        n => palette.paint(Tone::Bad, &format!("{} to mend", counted(n, "problem", "problems"))),
    };
    let hints = match count(Weight::Hint) {
        0 => String::new(),
        n => format!(", {}", counted(n, "hint", "hints")),
    };
    lines.push(format!("{problems}{hints}."));
    lines.join("\n") + "\n"
}
