//! Look-up tables: text in, text out, by the table's own way to match.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A table that is read and checked.
#[derive(Debug)]
pub struct Table {}

/// The tables of a workspace, by name. A clone shares them.
pub type Tables = Arc<BTreeMap<String, Arc<Table>>>;
