//! `rota workshop`, which nobody types: the server runs it for each component that a stranger
//! sends in, and for settings against a stranger's schema. It reads its work from stdin and
//! answers on stdout.

use crate::exit::Exit;

/// The command's name, for whoever starts it.
pub(super) const NAME: &str = "workshop";

/// What a child of the workshop does.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The job: compiling a component, unless it is `settings`.
    job: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (work, answer) = (std::io::stdin().lock(), std::io::stdout().lock());
    match arguments.job.as_deref() {
        None => rota_rules::compile_one(work, answer)?,
        Some(rota_rules::SETTINGS) => rota_rules::judge_one(work, answer)?,
        Some(other) => anyhow::bail!("the workshop has no job `{other}`"),
    }
    Ok(Exit::Well)
}
