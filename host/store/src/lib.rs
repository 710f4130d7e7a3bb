//! Durable state: the ports on SQLite, or on PostgreSQL.
//!
//! This is the only crate that names sqlx. Nothing of a database is public here: callers
//! get a [`SqliteStore`] or a [`PostgresStore`] and talk to it through the ports, or do not ask
//! which it is and hold a [`Database`].

// What both stores say in the same words is compiled once for each.
#![allow(clippy::duplicate_mod, reason = "the statements of sql/ are compiled for each database")]

mod database;
mod postgres;
mod sealing;
mod sqlite;

pub use database::{Database, Renewed};
pub use postgres::{PostgresStore, connect, without_password};
pub use sealing::{Chance, HostKeys, KeySource, Keys};
pub use sqlite::{Copied, Restored, SqliteStore, back_up, open, restore};
