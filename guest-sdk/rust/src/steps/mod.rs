//! Steps that most rules share, ready to be called: the owner of the account, the size of the
//! company, where the lead is, how soon it is answered. What they read is said at each and
//! has to be declared in `plugin.toml`; which branches they explain is said, too.

mod account;
mod size;
mod target;
mod whereabouts;

pub use account::account_owner;
pub use size::{SIZE, employees};
pub use target::Target;
pub use whereabouts::Whereabouts;
