//! Routes by account, then company size, then place: whoever owns the account keeps it, large
//! companies go to the enterprise pool, and everybody else to the pool of their territory.
//!
//! Each step either places the lead or says on the trail why it did not, so that the reason
//! of the decision names everything that was tried.

mod account;
mod follow_up;
mod places;
mod segment;
mod settings;
mod size;
mod territory;
#[cfg(test)]
mod tests;
mod trail;

use rota_sdk::prelude::*;
use segment::Placed;
use settings::Settings;
use trail::Trail;

rota_sdk::rule!(decide);

fn decide(call: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    let mut trail = Trail::default();
    let Some(placed) = place(settings, &mut trail)? else {
        return Ok(trail.into_pass());
    };
    let detail = trail.beside(&placed.detail);
    follow_up::arrange(call, settings, &placed)?;
    Ok(assign(placed.rep).because(placed.segment.reason(), detail))
}

/// The first step that places the lead wins.
fn place(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    if let Some(placed) = account::owner(trail) {
        return Ok(Some(placed));
    }
    if let Some(placed) = size::enterprise(settings, trail)? {
        return Ok(Some(placed));
    }
    territory::pool(settings, trail)
}
