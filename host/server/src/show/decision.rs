//! What became of a lead, in the few words and signs that all screens share.

use rota_domain::decision::{Decision, Outcome};
use rota_domain::id::RepId;
use rota_domain::lead::Lead;
use rota_domain::workspace::Workspace;

use super::palette::{Palette, Tone};
use super::text::{cut, width};

/// How an outcome is told apart at a glance.
pub(super) fn sign(decision: &Decision, palette: Palette) -> (Tone, &'static str) {
    match decision.outcome {
        _ if decision.error.is_some() => (Tone::Bad, palette.sign("! ", "!!")),
        _ if decision.fallback => (Tone::Warn, palette.sign("↳ ", "^ ")),
        Outcome::Assign => (Tone::Good, palette.sign("→ ", "->")),
        Outcome::Offer => (Tone::Good, palette.sign("? ", "? ")),
        Outcome::Queue => (Tone::Warn, palette.sign("» ", ">>")),
        Outcome::Nurture => (Tone::Else, palette.sign("~ ", "~ ")),
        Outcome::Reject => (Tone::Quiet, palette.sign("× ", "x ")),
        Outcome::Pass => (Tone::Quiet, palette.sign("· ", ". ")),
        Outcome::Coalesced => (Tone::Else, palette.sign("≡ ", "==")),
        Outcome::Kept => (Tone::Else, palette.sign("= ", "= ")),
    }
}

/// Who has the lead now, or where it is.
pub(super) fn target(decision: &Decision, workspace: Option<&Workspace>) -> String {
    let name = |rep: &RepId| match workspace.and_then(|workspace| workspace.rep(rep)) {
        Some(known) => known.title().to_owned(),
        None => rep.to_string(),
    };
    let asked: Vec<String> = decision.offered.iter().map(|offered| name(&offered.rep)).collect();
    let rep = decision.rep.as_ref().map(name).or((!asked.is_empty()).then(|| asked.join(", ")));
    let queue = decision.queue.as_ref().map(|queue| format!("queue {queue}"));
    let nurture = decision.nurture.as_ref().map(|programme| format!("nurture {programme}"));
    rep.or(queue).or(nurture).unwrap_or_else(|| match (decision.outcome, &decision.owner) {
        (Outcome::Kept, Some(owner)) => format!("CRM owner {owner}"),
        (Outcome::Reject, _) => "rejected".into(),
        _ => "nobody".into(),
    })
}

/// Why, in as few words as there are: a failed rule by its error.
pub(super) fn brief(decision: &Decision) -> String {
    match (decision.error, &decision.plugin) {
        (Some(error), Some(plugin)) => format!("{error}: {}", plugin.name),
        (Some(error), None) => error.to_string(),
        (None, _) => reason(decision),
    }
}

/// Why, in one piece.
pub(super) fn reason(decision: &Decision) -> String {
    let reason = &decision.reason;
    if reason.detail.is_empty() { reason.code.clone() } else { reason.detail.clone() }
}

/// The person, their company and their country, as far as they are known; without the
/// company where all three are wider than this.
pub(super) fn who(lead: &Lead, columns: usize) -> String {
    let name = [lead.property("firstname"), lead.property("lastname")].into_iter().flatten().collect::<Vec<_>>();
    let name = match name.is_empty() {
        true => lead.property("email").unwrap_or(lead.id.as_str()).to_owned(),
        false => name.join(" "),
    };
    let company = lead.company.as_ref().and_then(|company| company.property("name"));
    let join = |parts: [Option<&str>; 3]| parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let all = join([Some(&name), company, lead.property("country")]);
    if width(&all) <= columns { all } else { cut(&join([Some(&name), None, lead.property("country")]), columns) }
}
