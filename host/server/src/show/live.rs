//! The demonstration while it runs: a line for each lead.

use rota_domain::decision::Decision;
use rota_domain::lead::Lead;
use rota_domain::workspace::Workspace;

use super::decision::{brief, sign, target, who};
use super::palette::{Palette, Tone};
use super::text::{clock, cut, fit};

/// The columns of the person.
const WHO: usize = 27;

/// One decision: when, about whom, where the lead went, and why. The lead is none once the
/// person was erased.
#[must_use]
pub fn demo_line(decision: &Decision, lead: Option<&Lead>, workspace: &Workspace, palette: Palette) -> String {
    let (tone, sign) = sign(decision, palette);
    let who = lead.map_or_else(|| decision.lead.to_string(), |lead| who(lead, WHO));
    format!(
        "  {}  {} {} {} {}",
        palette.paint(Tone::Quiet, &clock(decision.at)),
        fit(&who, WHO),
        palette.paint(tone, sign),
        palette.paint(tone, &fit(&target(decision, Some(workspace)), 15)),
        palette.paint(Tone::Quiet, &cut(&brief(decision), 21)),
    )
}
