//! What the author of a routing rule sees: plain functions over the contract in `wit/`.
//!
//! A rule is a function from the circumstances and its settings to a decision. This one is
//! complete; it gives each lead to the next rep of a pool:
//!
//! ```
//! use rota_sdk::prelude::*;
//! #[derive(Deserialize)]
//! struct Settings {
//!     pool: String,
//! }
//! rota_sdk::rule!(decide);
//! fn decide(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
//!     let pool = Pool::open(&settings.pool).at("/pool")?;
//!     Ok(pool.assign_next("next-in-line"))
//! }
//! # fn main() {}
//! ```
//!
//! Built for `wasm32` the host answers the questions; built natively a [`fake::World`] does,
//! so that rules have ordinary unit tests. This crate knows `wit/` and nothing of the host.

mod absence;
#[cfg(target_arch = "wasm32")]
mod arena;
pub mod calendar;
mod call;
pub mod company;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod component;
mod decision;
pub mod effects;
pub mod explain;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake;
mod instant;
pub mod lead;
pub mod log;
#[cfg(any(target_arch = "wasm32", test))]
mod panic;
pub mod places;
mod pool;
pub mod prelude;
mod rep;
#[doc(hidden)]
pub mod run;
mod settings;
pub mod state;
pub mod steps;
mod table;
mod trail;

pub use absence::{Absence, Refusal, Refused};
pub use call::Call;
pub use decision::{Decision, Offer, Outcome, Reason, assign, nurture, offer, pass, queue, reject};
pub use instant::Instant;
pub use lead::{Owner, PastEvent};
pub use pool::{Member, Members, Pool};
pub use rep::{Availability, Rep};
pub use settings::{At, SettingsProblem};
pub use table::Table;
pub use trail::{Placed, Trail};

/// Who answers a rule's questions.
#[cfg(target_arch = "wasm32")]
use component as host;
#[cfg(not(target_arch = "wasm32"))]
use fake::host;

/// Makes a function the rule of this crate.
///
/// The function takes `&Call` and a reference to the settings (any type with `Deserialize`), and returns a
/// [`Decision`] or a `Result<Decision, SettingsProblem>`. Natively the rule can be asked
/// through a generated `route(&Call, settings)`, and by [`fake::World::ask_crate`] in tests.
#[macro_export]
macro_rules! rule {
    ($decide:path) => {
        /// Asks this crate's rule natively: the settings are JSON text, as the host gives them.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn route(call: &$crate::Call, settings: &str) -> Result<$crate::Decision, $crate::SettingsProblem> {
            $crate::run::run($decide, call, settings)
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Rule;
            impl $crate::component::Guest for Rule {
                fn decide(call: $crate::component::Call, settings: String) -> $crate::component::Answer {
                    $crate::component::answer($decide, call, &settings)
                }
            }
            $crate::component::export! { Rule with_types_in $crate::component::bindings }
        };
    };
}
