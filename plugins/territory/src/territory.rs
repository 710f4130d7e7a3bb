//! The third step: everybody else goes to the pool of their territory.

use rota_sdk::prelude::*;
use rota_sdk::steps::Whereabouts;

use crate::settings::Settings;

/// Places the lead in the first territory that fits and has somebody available.
pub(crate) fn pool(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    let mut whereabouts = Whereabouts::of_lead(trail);
    let mut tried: Vec<&str> = Vec::new();
    for (place, territory) in settings.territories.iter().enumerate() {
        // Two territories often share a pool; nobody is there the second time either.
        let fits = whereabouts.fits(&territory.countries, &territory.states, trail);
        if !fits || tried.contains(&territory.pool.as_str()) {
            continue;
        }
        let pointer = ["/territories/", &place.to_string(), "/pool"].concat();
        let pool = Pool::open(&territory.pool).at(pointer)?;
        let Some(rep) = pool.next() else {
            trail.nobody("territory-nobody-available", &territory.pool);
            tried.push(&territory.pool);
            continue;
        };
        let part = whereabouts.part(&territory.countries, &territory.states);
        return Ok(Some(trail.place(rep, "territory", [&part, " → ", &territory.pool].concat())));
    }
    if tried.is_empty() && whereabouts.country().is_some() {
        trail.end("no-territory", ["no territory for ", &whereabouts.name()].concat());
    }
    Ok(None)
}
