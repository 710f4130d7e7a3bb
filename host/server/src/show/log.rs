//! The log of decisions: a line each, oldest first.

use rota_domain::decision::Outcome;
use rota_flow::ports::Stored;

use super::decision::{brief, sign, target};
use super::palette::{Palette, Tone};
use super::text::{cut, day_and_clock, fit};

/// What stands in place of a log without decisions.
pub const NO_DECISIONS: &str = "\
No decisions yet. `rota demo` makes some, `rota serve` takes leads from a CRM, and
`rota simulate` tries a file of leads without either.
";

/// One decision: when, which lead, where it went, and why. `rota why <lead>` tells more.
#[must_use]
pub fn log_line(stored: &Stored, palette: Palette) -> String {
    let decision = &stored.decision;
    let (tone, sign) = sign(decision, palette);
    let target = match decision.outcome {
        Outcome::Pass if decision.flow.is_none() => "no flow".into(),
        _ => target(decision, None),
    };
    format!(
        "{}  {} {} {} {}",
        palette.paint(Tone::Quiet, &day_and_clock(decision.at)),
        fit(decision.lead.as_str(), 23),
        palette.paint(tone, sign),
        palette.paint(tone, &fit(&target, 13)),
        palette.paint(Tone::Quiet, &cut(&brief(decision), 16)),
    )
}
