//! The company that the CRM associates with the lead. Without one everything is absent.

use crate::{Absence, Owner, host};

/// A property of the company as text. `name` and `domain` need no declaration, others are
/// declared under `[company.reads]`.
pub fn text(name: &str) -> Result<String, Absence> {
    host::company_text(name)
}

/// A property of the company that is declared `number`.
pub fn number(name: &str) -> Result<f64, Absence> {
    host::company_number(name)
}

/// Who owns the company: the account owner.
pub fn owner() -> Owner {
    host::company_owner()
}
