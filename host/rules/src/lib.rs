//! The `Rules` port on wasmtime: plugins are components, and every decision gets a fresh
//! instance of its own.
//!
//! This is the only crate that names wasmtime. What a guest may do stands in `contract`,
//! how much of it in `limits`, and what is taken in at all in `intake`.

mod asking;
mod catalogue;
mod contract;
mod cpu_time;
mod engine;
mod failure;
mod gate;
mod intake;
mod limits;
mod replay;
mod session;
mod tape;
mod trace;
mod transcript;
mod words;

pub use catalogue::Catalogue;
pub use engine::EngineError;
pub use intake::{Intake, Refusal, inspect};
pub use transcript::ENGINE;
