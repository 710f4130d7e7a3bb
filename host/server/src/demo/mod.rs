//! The demonstration: a double of HubSpot and a host in one process, talking over real
//! HTTP. People appear in the CRM, webhooks arrive, rules decide, owners come back.

mod data;
mod stage;
mod truth;

pub use data::{ARCHIVED_REP, Data, WORKSPACE};
pub use stage::{Options, Stage};
pub use truth::Truth;
