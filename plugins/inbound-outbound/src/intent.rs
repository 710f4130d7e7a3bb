//! What the person did: source classes with a pool, or a nurture programme, of their own.

use rota_sdk::prelude::*;

use crate::settings::Settings;
use crate::{End, elsewhere};

/// Asks the intents of a source class in order.
pub(crate) fn ask(class: &str, settings: &Settings, trail: &mut Trail) -> Result<Option<End>, SettingsProblem> {
    let mut fits = false;
    for (place, intent) in settings.intents.iter().enumerate() {
        if !intent.fits(class) {
            continue;
        }
        fits = true;
        if let Some(programme) = &intent.nurture {
            let detail = [class, " → ", programme].concat();
            return Ok(Some(elsewhere(nurture(programme.as_str()), "nurture", &detail, trail)));
        }
        let Some(name) = &intent.pool else { continue };
        let pool = Pool::open(name).at(["/intents/", &place.to_string(), "/pool"].concat())?;
        if let Some(rep) = pool.next() {
            return Ok(Some(End::Placed(trail.place(rep, "intent", [class, " → ", name].concat()))));
        }
        trail.nobody("intent-nobody-available", name);
    }
    if !fits {
        trail.note("no-intent", class);
    }
    Ok(None)
}
