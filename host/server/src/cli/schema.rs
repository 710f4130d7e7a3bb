//! `rota schema`.

use super::output;
use crate::exit::Exit;
use crate::schema::{Subject, text};

/// Print the JSON Schema of a format
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Of what.
    #[arg(value_enum)]
    subject: Subject,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    output::line(&text(arguments.subject));
    Ok(Exit::Well)
}
