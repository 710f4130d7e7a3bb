//! How many people work at the lead's company.

use crate::{Absence, Trail, company, lead};

/// The property that both the company and the lead may have: HubSpot's own name.
pub const SIZE: &str = "numberofemployees";

/// The size that the company's record has, else the lead's own. A typing error in the one
/// does not hide the other; every way to have no size is explained under its own name.
///
/// Reads [`SIZE`] as a number, of the lead and of the company. Branches: `size-unknown`,
/// `size-malformed`, `size-absent`.
pub fn employees(trail: &mut Trail) -> Option<f64> {
    let company = usable(company::number(SIZE), "company", trail);
    company.or_else(|| usable(lead::number(SIZE), "lead", trail))
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
