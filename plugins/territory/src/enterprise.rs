//! The second step: large companies go to the enterprise pool.

use rota_sdk::prelude::*;

use crate::settings::Settings;

/// Places the lead in the enterprise pool if its company is large enough.
pub(crate) fn pool(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    let Some(enterprise) = &settings.enterprise else {
        return Ok(None);
    };
    let Some(employees) = steps::employees(trail) else {
        return Ok(None);
    };
    // Whole people, so that the detail reads `1200` in every language of numbers.
    let detail = [&(employees as u64).to_string(), " employees → ", &enterprise.pool].concat();
    if employees < f64::from(enterprise.employees) {
        trail.note("below-enterprise", &(employees as u64).to_string());
        return Ok(None);
    }
    let Some(rep) = Pool::open(&enterprise.pool).at("/enterprise/pool")?.next() else {
        trail.nobody("enterprise-nobody-available", &enterprise.pool);
        return Ok(None);
    };
    Ok(Some(trail.place(rep, "enterprise", detail)))
}
