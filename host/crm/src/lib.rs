//! Everything that calls out to a CRM. Each CRM has a folder: its client implements the
//! `Crm` port of rota-flow, and its wire types stay inside.

pub mod hubspot;
mod secret;

pub use secret::Secret;
