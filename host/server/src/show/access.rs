//! Tokens, tenants, and who changed what.

use jiff::Timestamp;
use rota_domain::access::{Change, Grant, Standing};

use super::palette::{Palette, Tone};
use super::text::{cut, day_and_clock, fit};

/// Tokens by their public names, a line each.
#[must_use]
pub fn grants(grants: &[Grant], now: Timestamp, palette: Palette) -> String {
    if grants.is_empty() {
        return "There is no token: `rota token new` makes one.\n".into();
    }
    let line = |grant: &Grant| {
        let (tone, state) = match (&grant.revoked, grant.holds(now), grant.used) {
            (Some(_), ..) => (Tone::Bad, "revoked".into()),
            (None, false, _) => (Tone::Warn, "ended".into()),
            (None, true, None) => (Tone::Quiet, "never used".into()),
            (None, true, Some(used)) => (Tone::Good, format!("used {}", day_and_clock(used))),
        };
        let (id, role) = (fit(grant.id.as_str(), 20), fit(grant.role.as_str(), 8));
        format!("{id} {role} {} {}\n", fit(&grant.name, 23), palette.paint(tone, &cut(&state, 24)))
    };
    grants.iter().map(line).collect()
}

/// Tenants, a line each.
#[must_use]
pub fn standings(standings: &[Standing], palette: Palette) -> String {
    if standings.is_empty() {
        return "There is no tenant yet: `rota tenant new NAME` makes one.\n".into();
    }
    let line = |standing: &Standing| {
        let plan = standing.plan.as_deref().map_or("usual limits".into(), |plan| format!("plan {plan}"));
        let (tone, state) = if standing.suspended { (Tone::Bad, "suspended") } else { (Tone::Good, "at work") };
        format!("{} {} {}\n", fit(standing.tenant.as_str(), 30), fit(&plan, 24), palette.paint(tone, state))
    };
    standings.iter().map(line).collect()
}

/// Changes with their numbers: when and what, and below it who.
#[must_use]
pub fn changes(changes: &[(u64, Change)], palette: Palette) -> String {
    if changes.is_empty() {
        return "Nothing was changed.\n".into();
    }
    let line = |(n, change): &(u64, Change)| {
        let at = palette.paint(Tone::Quiet, &day_and_clock(change.at));
        let detail = change.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        let who = palette.paint(Tone::Quiet, &format!("by {}", change.who));
        format!("{n:>6} {at}  {} {}{detail}\n       {who}\n", change.action, change.thing)
    };
    changes.iter().map(line).collect()
}
