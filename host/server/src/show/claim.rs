//! What a rep reads who is asked to take a lead.

use jiff::tz::TimeZoneDatabase;
use rota_domain::workspace::Rep;
use rota_flow::ports::Recalled;

use super::decision::who;
use super::text::COLUMNS;
use crate::claims::Claim;

/// Whether they take it, whom it is about, and until when they can, by their own clock: a sentence each. Of a
/// person who was erased nothing is left to say.
#[must_use]
pub fn claim(claim: &Claim, recalled: Option<&Recalled>) -> Vec<String> {
    let Claim { rep, lead, until, .. } = claim;
    let workspace = recalled.map(|recalled| &recalled.workspace);
    let known = workspace.and_then(|workspace| workspace.rep(rep));
    let zone = workspace.zip(known).and_then(|(workspace, rep)| {
        let zone = rep.zone(workspace);
        Some((TimeZoneDatabase::bundled().get(zone).ok()?, zone))
    });
    let until = match zone {
        Some((clock, zone)) => {
            let until = until.to_zoned(clock);
            format!("{} in {zone}", until.strftime("%A, %Y-%m-%d %H:%M:%S"))
        }
        None => until.to_string(),
    };
    let about = recalled.and_then(|recalled| {
        let lead = recalled.private.as_ref()?.lead.as_ref()?;
        Some(format!("{} · {}", who(lead, COLUMNS), recalled.stored.decision.class))
    });
    let asked = format!("{}, do you take the lead {lead}?", known.map_or(rep.as_str(), Rep::title));
    [Some(asked), about, Some(format!("You can until {until}."))].into_iter().flatten().collect()
}
