//! The third step: everybody else goes to the pool of their territory.

use rota_sdk::prelude::*;

use crate::places::{self, Place};
use crate::segment::{Placed, Segment};
use crate::settings::{Settings, Territory};
use crate::trail::Trail;

/// Where the lead is. The state is read when a territory first asks for it.
struct Whereabouts {
    country: Place,
    state: Option<Place>,
}

/// Places the lead in the first territory that fits and has somebody available.
pub(crate) fn pool(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    let country = places::country(lead::text("country"));
    if let Some((branch, detail)) = unknown(&country, &COUNTRY) {
        trail.end(branch, detail);
    }
    let mut whereabouts = Whereabouts { country, state: None };
    let mut tried: Vec<&str> = Vec::new();
    for (place, territory) in settings.territories.iter().enumerate() {
        // Two territories often share a pool; nobody is there the second time either.
        if !whereabouts.fits(territory, trail) || tried.contains(&territory.pool.as_str()) {
            continue;
        }
        let pointer = ["/territories/", &place.to_string(), "/pool"].concat();
        let pool = Pool::open(&territory.pool).at(pointer)?;
        let Some(rep) = pool.next() else {
            trail.nobody("territory-nobody-available", &territory.pool);
            tried.push(&territory.pool);
            continue;
        };
        let detail = [&whereabouts.name(territory), " → ", &territory.pool].concat();
        trail.note("territory", &detail);
        return Ok(Some(Placed { rep, segment: Segment::Territory, detail }));
    }
    if tried.is_empty() && matches!(whereabouts.country, Place::Known(_)) {
        let name = whereabouts.name_of_all();
        trail.end("no-territory", ["no territory for ", &name].concat());
    }
    Ok(None)
}

impl Whereabouts {
    fn code(&self) -> Option<&str> {
        match &self.country {
            Place::Known(code) => Some(code),
            _ => None,
        }
    }

    fn fits(&mut self, territory: &Territory, trail: &mut Trail) -> bool {
        let here = |code: &str| territory.countries.iter().any(|c| c.eq_ignore_ascii_case(code));
        let country = territory.countries.is_empty() || self.code().is_some_and(here);
        country && (territory.states.is_empty() || self.is_in(&territory.states, trail))
    }

    fn is_in(&mut self, states: &[String], trail: &mut Trail) -> bool {
        if self.state.is_none() {
            let state = places::state(lead::text("state"), self.code());
            if let Some((branch, detail)) = unknown(&state, &STATE) {
                trail.aside(branch, detail);
            }
            self.state = Some(state);
        }
        match &self.state {
            Some(Place::Known(known)) => states.iter().any(|setting| places::is_state(setting, known, self.code())),
            _ => false,
        }
    }

    /// What of the place decided, such as `US` or `US CA`.
    fn name(&self, territory: &Territory) -> String {
        match (territory.countries.is_empty(), territory.states.is_empty()) {
            (true, true) => "everywhere".to_owned(),
            (_, true) => self.code().unwrap_or_default().to_owned(),
            (_, false) => self.name_of_all(),
        }
    }

    fn name_of_all(&self) -> String {
        match (self.code(), &self.state) {
            (Some(country), Some(Place::Known(state))) => [country, " ", state].concat(),
            (None, Some(Place::Known(state))) => state.clone(),
            (country, _) => country.unwrap_or_default().to_owned(),
        }
    }
}

/// The branches of a place that is not known.
struct Branches {
    what: &'static str,
    absent: &'static str,
    malformed: &'static str,
    unknown: &'static str,
}

const COUNTRY: Branches =
    Branches { what: "country", absent: "country-absent", malformed: "country-malformed", unknown: "country-unknown" };

const STATE: Branches =
    Branches { what: "state", absent: "state-absent", malformed: "state-malformed", unknown: "state-unknown" };

fn unknown(place: &Place, branches: &Branches) -> Option<(&'static str, String)> {
    let said = |words: &str, raw: &str| [branches.what, words, raw].concat();
    match place {
        Place::Known(_) => None,
        Place::Absent => Some((branches.absent, ["no ", branches.what].concat())),
        Place::Malformed(raw) => Some((branches.malformed, said(" is no name: ", raw))),
        Place::Unknown(raw) => Some((branches.unknown, said(" is not known: ", raw))),
    }
}
