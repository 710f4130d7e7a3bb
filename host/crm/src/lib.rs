//! Everything that calls out. Each CRM has a folder: its client implements the `Crm` port of
//! rota-flow, and its wire types stay inside. `notify` sends messages to destinations,
//! `otlp` spans to a collector, and `outbound` is the way out that all of them take.

pub mod hubspot;
pub mod notify;
pub mod otlp;
pub mod outbound;
mod secret;

pub use secret::Secret;
