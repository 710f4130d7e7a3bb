//! Look-up tables of the workspace: postal codes, named accounts, product lines.

use crate::{Refused, host};

/// A look-up table that this decision has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub(crate) u32);

impl Table {
    /// Opens a table by its name in the workspace.
    pub fn open(name: &str) -> Result<Self, Refused> {
        host::open_table(name).map(Self).map_err(|why| Refused::new("table", name, why))
    }

    /// The value for this key, by the table's own way to match: exact, range or prefix.
    pub fn look_up(self, key: &str) -> Option<String> {
        host::look_up(self, key)
    }
}
