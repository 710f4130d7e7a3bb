//! Small counters that last from decision to decision, one set a flow. A change counts only
//! if this decision is accepted. For turns use [`Pool::next`](crate::Pool::next).

use crate::{Refused, host};

/// The counter of this name; 0 if it was never changed.
pub fn counter(name: &str) -> Result<i32, Refused> {
    host::counter(name).map_err(|why| Refused::new("counter", name, why))
}

/// Adds to the counter, stopping at the ends of its range, and returns the new value.
pub fn add(name: &str, amount: i32) -> Result<i32, Refused> {
    host::add(name, amount).map_err(|why| Refused::new("counter", name, why))
}
