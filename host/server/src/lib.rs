//! The roof: the command line, the HTTP server, and the only place where everything is
//! wired together.

pub mod author;
pub mod bench;
pub mod bind;
pub mod bundled;
pub mod cases;
pub mod cli;
pub mod clock;
pub mod compose;
pub mod config;
pub mod demo;
pub mod exit;
pub mod http;
pub mod import;
pub mod keeping;
pub mod last_good;
pub mod log;
pub mod replay;
pub mod schema;
pub mod settings;
pub mod show;
pub mod simulate;
pub mod tenants;
pub mod tokens;
pub mod trial;
