//! Where a lead is, and whether a territory of countries and states contains it.

use crate::places::{self, Place};
use crate::{Trail, lead};

/// Where the lead is. The state is read when a territory first asks for it.
#[derive(Debug)]
pub struct Whereabouts {
    country: Place,
    state: Option<Place>,
}

impl Whereabouts {
    /// Reads the lead's `country`, a text. A country that is not known ends this step, unless
    /// a territory that is everywhere takes the lead.
    ///
    /// Branches: `country-absent`, `country-malformed`, `country-unknown`.
    pub fn of_lead(trail: &mut Trail) -> Self {
        let country = places::country(lead::text("country"));
        if let Some((branch, detail)) = country.unknown("country") {
            trail.end(branch, detail);
        }
        Self { country, state: None }
    }

    /// The country's code, such as `US`, if it is known.
    pub fn country(&self) -> Option<&str> {
        match &self.country {
            Place::Known(code) => Some(code),
            _ => None,
        }
    }

    /// Whether a territory contains the lead. No countries means everywhere, known or not; no
    /// states means the whole of the countries.
    ///
    /// Reads the lead's `state`, a text, where it matters. Branches: `state-absent`,
    /// `state-malformed`, `state-unknown`.
    pub fn fits(&mut self, countries: &[String], states: &[String], trail: &mut Trail) -> bool {
        let here = |code: &str| countries.iter().any(|country| country.eq_ignore_ascii_case(code));
        let country = countries.is_empty() || self.country().is_some_and(here);
        country && (states.is_empty() || self.is_in(states, trail))
    }

    fn is_in(&mut self, states: &[String], trail: &mut Trail) -> bool {
        if self.state.is_none() {
            let state = places::state(lead::text("state"), self.country());
            if let Some((branch, detail)) = state.unknown("state") {
                trail.aside(branch, detail);
            }
            self.state = Some(state);
        }
        match &self.state {
            Some(Place::Known(known)) => states.iter().any(|setting| places::is_state(setting, known, self.country())),
            _ => false,
        }
    }

    /// What of the place made a territory fit, such as `US` or `US CA`.
    pub fn part(&self, countries: &[String], states: &[String]) -> String {
        match (countries.is_empty(), states.is_empty()) {
            (true, true) => "everywhere".to_owned(),
            (_, true) => self.country().unwrap_or_default().to_owned(),
            (_, false) => self.name(),
        }
    }

    /// All that is known of the place, such as `US CA`.
    pub fn name(&self) -> String {
        match (self.country(), &self.state) {
            (Some(country), Some(Place::Known(state))) => [country, " ", state].concat(),
            (None, Some(Place::Known(state))) => state.clone(),
            (country, _) => country.unwrap_or_default().to_owned(),
        }
    }
}
