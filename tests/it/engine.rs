//! The engine: what a guest may do, what stops it, and what is not taken in at all.
//!
//! Guests are core modules in text, made into components here. Hostile ones lie in
//! `tests/guests`, the others stand in their tests.

mod bounds;
mod contract;
pub(crate) mod guest;
mod intake;
mod isolation;
mod refusals;
mod transcript;
mod turns;
