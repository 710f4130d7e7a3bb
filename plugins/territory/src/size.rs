//! The second step: large companies go to the enterprise pool.

use rota_sdk::prelude::*;

use crate::segment::{Placed, Segment};
use crate::settings::Settings;
use crate::trail::Trail;

/// The property that both the company and the lead may have.
const PROPERTY: &str = "numberofemployees";

/// Places the lead in the enterprise pool if its company is large enough.
pub(crate) fn enterprise(settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
    let Some(enterprise) = &settings.enterprise else {
        return Ok(None);
    };
    let Some(employees) = employees(trail) else {
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
    trail.note("enterprise", &detail);
    Ok(Some(Placed { rep, segment: Segment::Enterprise, detail }))
}

/// The size that the company's record has, else the lead's own. A typing error in the one
/// does not hide the other; every way to have no size is explained under its own name.
fn employees(trail: &mut Trail) -> Option<f64> {
    let company = usable(company::number(PROPERTY), "company", trail);
    company.or_else(|| usable(lead::number(PROPERTY), "lead", trail))
}

fn usable(read: Result<f64, Absence>, whose: &str, trail: &mut Trail) -> Option<f64> {
    match read {
        // CRMs write 0 where they do not know, and no company has fewer people than one.
        Ok(number) if number < 1.0 => {
            trail.aside("size-unknown", ["the size of the ", whose, " is below one"].concat());
            None
        }
        Ok(number) => Some(number),
        Err(Absence::Malformed(raw)) => {
            let detail = ["the size of the ", whose, " is no number: ", &raw].concat();
            trail.aside("size-malformed", detail);
            None
        }
        Err(Absence::Absent | Absence::Undeclared) => {
            trail.note("size-absent", whose);
            None
        }
    }
}
