//! `rota new`.

use std::path::PathBuf;

use super::output;
use crate::author;
use crate::exit::Exit;

/// Begin a rule: a folder with everything that it needs, anywhere on disk
///
/// It has a complete rule with unit tests and cases, a small workspace to try it in, and the
/// SDK that this rota was made with.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the rule is called: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    name: String,
    /// The folder to make [default: its name, here].
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let folder = author::create(&arguments.name, arguments.dir.as_deref())?;
    let folder = folder.display();
    output::line(&format!("{folder} is there. The rule is {folder}/src/lib.rs. Go on with"));
    output::line("");
    output::line(&format!("  cd {folder}"));
    output::line("  rota test     # builds it and runs its cases; the first build takes a minute");
    output::line("  rota run --lead workspace/lead.json --workspace workspace");
    Ok(Exit::Well)
}
