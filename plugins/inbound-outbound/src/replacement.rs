//! Who takes over from a prior owner who is gone.

use rota_sdk::prelude::*;

use crate::prior::Prior;
use crate::settings::Settings;

/// Places the lead with the next of the replacement pool, if a prior owner is gone.
pub(crate) fn pool(settings: &Settings, prior: &Prior, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    let (Prior::Had { gone: true, .. }, Some(name)) = (prior, &settings.replacement) else {
        return Ok(None);
    };
    let Some(rep) = Pool::open(name).at("/replacement")?.next() else {
        trail.nobody("replacement-nobody-available", name);
        return Ok(None);
    };
    Ok(Some(trail.place(rep, "replacement", ["replacement → ", name].concat())))
}
