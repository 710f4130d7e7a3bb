//! The roof: the command line, the HTTP server, and the only place where everything is
//! wired together.

pub mod author;
pub mod bench;
pub mod bind;
pub mod bundled;
pub mod calendar_files;
pub mod cases;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod compose;
pub mod config;
pub mod custody;
pub mod database;
pub mod demo;
pub mod exit;
pub mod gate;
pub mod hosts;
pub mod http;
pub mod import;
pub mod keeping;
pub mod keys;
pub mod last_good;
pub mod lines;
pub mod log;
pub mod meter;
pub mod outbox;
pub mod person;
pub mod pools;
pub mod replay;
pub mod retention;
pub mod schema;
pub mod show;
pub mod simulate;
pub mod status;
pub mod tenants;
pub mod tokens;
pub mod traces;
pub mod trial;
pub mod uploads;
pub mod watched;
pub mod workspaces;

/// A lead's texts are made on one thread and dropped on another, which the system's allocator
/// takes a tenth of the processor for.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
