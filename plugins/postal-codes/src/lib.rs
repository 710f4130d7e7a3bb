//! Routes by postal code: whoever owns the account keeps it, and everybody else goes where a
//! table of the workspace says.
//!
//! **The table** is a CSV file that the workspace names: `key,value` for single codes or
//! prefixes (`K1A`), `from,to,value` for ranges (`02000,02999,new-england`). A value names a
//! pool; with `pools` in the settings it is a territory's name that they map to a pool, so
//! that one table serves many clients; with `"values": "rep"` it is a rep's e-mail address.
//! `tables` gives countries tables of their own, `table` serves all others.
//!
//! **The code** is the property `zip` of the lead, else of its company (`whose` turns that
//! round or leaves one out), read as its country writes codes: `12345-6789` is `12345`,
//! `2134` in the United States is `02134` whose zero a spreadsheet ate, `k1a-0b1` in Canada is
//! looked up as `K1A0B1` and, if the table does not have that, as `K1A 0B1`.
//!
//! **What cannot be looked up** ends in one of three branches, `code-absent`,
//! `code-malformed` and `code-unknown`, and goes to the pool `otherwise`, or is passed on to
//! the flow's fallback with that branch as the reason. A value that names no pool or rep of
//! the workspace is a problem of the settings that everybody shall see, not a lead astray.

mod address;
mod code;
mod found;
mod settings;
#[cfg(test)]
mod tests;

use address::Address;
use rota_sdk::prelude::*;
use settings::Settings;

rota_sdk::rule!(decide);

fn decide(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    settings.check()?;
    let mut trail = Trail::default();
    let Some(placed) = place(settings, &mut trail)? else {
        return Ok(trail.unplaced(pass()));
    };
    let class = lead::source_class();
    steps::Target::of_class(&class, &settings.response_minutes, settings.calendar.as_deref()).set()?;
    Ok(trail.assign(&placed))
}

/// The first step that places the lead wins.
fn place(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    if let Some(placed) = steps::account_owner(trail) {
        return Ok(Some(placed));
    }
    if let Some(address) = Address::find(settings, trail)
        && let Some(found) = found::look_up(settings, &address, trail)?
        && let Some(placed) = found.place(settings, trail)?
    {
        return Ok(Some(placed));
    }
    otherwise(settings, trail)
}

/// The last step: one pool takes what the tables do not place.
fn otherwise(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    let Some(name) = &settings.otherwise else {
        return Ok(None);
    };
    let Some(rep) = Pool::open(name).at("/otherwise")?.next() else {
        trail.nobody("otherwise-nobody-available", name);
        return Ok(None);
    };
    Ok(Some(trail.place(rep, "otherwise", ["everything else → ", name].concat())))
}
