//! Routes by account, then company size, then place: whoever owns the account keeps it, large
//! companies go to the enterprise pool, and everybody else to the pool of their territory.
//!
//! Each step either places the lead or says on the trail why it did not, so that the reason
//! of the decision names everything that was tried.

mod enterprise;
mod follow_up;
mod settings;
mod territory;
#[cfg(test)]
mod tests;

use rota_sdk::prelude::*;
use settings::Settings;

rota_sdk::rule!(decide);

fn decide(call: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    let mut trail = Trail::default();
    let Some(placed) = place(settings, &mut trail)? else {
        return Ok(trail.unplaced(pass()));
    };
    follow_up::arrange(call, settings, &placed)?;
    Ok(trail.assign(&placed))
}

/// The first step that places the lead wins.
fn place(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    if let Some(placed) = steps::account_owner(trail) {
        return Ok(Some(placed));
    }
    if let Some(placed) = enterprise::pool(settings, trail)? {
        return Ok(Some(placed));
    }
    territory::pool(settings, trail)
}
