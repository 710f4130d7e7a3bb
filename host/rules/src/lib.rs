//! The `Rules` port on wasmtime: plugins are components, and every decision gets a fresh
//! instance of its own.
//!
//! This is the only crate that names wasmtime. What a guest may do stands in `contract`,
//! how much of it in `limits`, and what is taken in at all in `intake`.

mod anatomy;
mod artefact;
mod asking;
mod catalogue;
mod compiling;
mod contract;
mod engine;
mod entry;
mod failure;
mod gate;
mod incoming;
mod intake;
mod judging;
mod limits;
mod measure;
mod replay;
mod session;
mod settings;
mod shelf;
mod stopwatch;
mod tape;
mod trace;
mod transcript;
mod words;
mod workshop;

pub use anatomy::{Anatomy, anatomy};
pub use catalogue::{Catalogue, OpenError};
pub use engine::EngineError;
pub use incoming::Incoming;
pub use intake::{Intake, Refusal, inspect};
pub use measure::Cost;
pub use settings::{Misfit, Schema};
pub use shelf::{Key, ShelfError};
pub use transcript::ENGINE;
pub use workshop::{Bounds, SETTINGS, Workshop, compile_one, judge_one};
