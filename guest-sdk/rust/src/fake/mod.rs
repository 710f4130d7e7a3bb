//! A small world for unit tests of rules: one lead, some reps, their pools. Native only.
//!
//! ```
//! use rota_sdk::{fake::{Rep, World}, prelude::*};
//! #[derive(Deserialize)]
//! struct Settings { pool: String }
//! fn decide(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
//!     match Pool::open(&settings.pool)?.next() {
//!         Some(rep) => Ok(assign(rep).because("next-in-line", rep.name())),
//!         None => Ok(pass().because("nobody-available", settings.pool.as_str())),
//!     }
//! }
//! let mut world = World::new().rep(Rep::new("ana").away()).rep(Rep::new("bo")).pool("na", &["ana", "bo"]);
//! assert_eq!(world.ask(decide, r#"{"pool":"na"}"#).rep(), Some("bo"));
//! ```
//!
//! It is true to the contract where rules can see it, and simple where they cannot: calendars
//! are open in the spans that a test gives, and turns go to whoever had least for their weight.
//! The host's own arithmetic is proved by `rota test`, which runs the component.

mod asked;
mod facts;
pub(crate) mod host;
mod people;
mod world;

pub use asked::{Asked, Effect};
pub use people::{Rep, Who};
pub use world::World;

use std::cell::RefCell;

thread_local! {
    /// The world of the decision that this thread is making.
    static CURRENT: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Answers a question out of the current world.
fn with<T>(answer: impl FnOnce(&mut World) -> T) -> T {
    CURRENT.with_borrow_mut(|world| {
        answer(world.as_mut().expect("questions are answered only while `World::ask` runs a rule"))
    })
}
