//! When a lead passed each stage of its way.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The times of one lead; a stage that it has not reached is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stages {
    /// It happened in the CRM.
    #[schemars(with = "Option<String>")]
    pub occurred: Option<Timestamp>,
    /// The host had it durably.
    #[schemars(with = "Option<String>")]
    pub received: Option<Timestamp>,
    /// What the rule may read was there.
    #[schemars(with = "Option<String>")]
    pub enriched: Option<Timestamp>,
    /// The rule had decided.
    #[schemars(with = "Option<String>")]
    pub decided: Option<Timestamp>,
    /// The CRM had confirmed the owner.
    #[schemars(with = "Option<String>")]
    pub owner_confirmed: Option<Timestamp>,
    /// The rep had been told: the first task or notification was delivered.
    #[schemars(with = "Option<String>")]
    pub notified: Option<Timestamp>,
}
