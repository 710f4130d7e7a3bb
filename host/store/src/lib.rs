//! Durable state: the port `Store` on SQLite.
//!
//! This is the only crate that names sqlx. Nothing of a database is public here: callers
//! get a [`SqliteStore`] and talk to it through the port.

mod sealing;
mod sqlite;

pub use sealing::{Chance, HostKeys, KeySource, Keys};
pub use sqlite::{Copied, Renewed, Restored, SqliteStore, back_up, open, restore};
