//! Where the lead is and how large its company: the territory and its segments.

use rota_sdk::prelude::*;
use rota_sdk::steps::Whereabouts;

use crate::settings::{Settings, Territory};

/// The size of the company, read when a territory first asks for it.
#[derive(Default)]
struct Size(Option<Option<f64>>);

/// Places the lead in the first territory that fits and has somebody available.
pub(crate) fn pool(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    if settings.territories.is_empty() {
        trail.end("no-territory", "there are no territories".to_owned());
        return Ok(None);
    }
    let mut whereabouts = Whereabouts::of_lead(trail);
    let mut size = Size::default();
    let mut tried: Vec<&str> = Vec::new();
    for (place, territory) in settings.territories.iter().enumerate() {
        // Two territories often share a pool; nobody is there the second time either.
        let fits = whereabouts.fits(&territory.countries, &territory.states, trail) && size.fits(territory, trail);
        if !fits || tried.contains(&territory.pool.as_str()) {
            continue;
        }
        let pool = Pool::open(&territory.pool).at(["/territories/", &place.to_string(), "/pool"].concat())?;
        let Some(rep) = pool.next() else {
            trail.nobody("territory-nobody-available", &territory.pool);
            tried.push(&territory.pool);
            continue;
        };
        let part = whereabouts.part(&territory.countries, &territory.states);
        let detail = [&part, &size.part(territory), " → ", &territory.pool].concat();
        return Ok(Some(trail.place(rep, if territory.employees.is_some() { "segment" } else { "territory" }, detail)));
    }
    if tried.is_empty() && whereabouts.country().is_some() {
        trail.end("no-territory", ["no territory for ", &whereabouts.name()].concat());
    }
    Ok(None)
}

impl Size {
    fn fits(&mut self, territory: &Territory, trail: &mut Trail) -> bool {
        let Some(least) = territory.employees else {
            return true;
        };
        let known = self.0.get_or_insert_with(|| steps::employees(trail));
        let fits = known.is_some_and(|employees| employees >= f64::from(least));
        if let (Some(employees), false) = (known, fits) {
            trail.note("below-segment", &[&(*employees as u64).to_string(), " for ", &territory.pool].concat());
        }
        fits
    }

    /// What of the size made a territory fit, in whole people.
    fn part(&self, territory: &Territory) -> String {
        match (territory.employees, self.0.flatten()) {
            (Some(_), Some(employees)) => [", ", &(employees as u64).to_string(), " employees"].concat(),
            _ => String::new(),
        }
    }
}
