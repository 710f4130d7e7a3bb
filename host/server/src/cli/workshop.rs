//! `rota workshop`, which nobody types: the server runs it for each component that a stranger
//! sends in. It reads the component from stdin and answers on stdout.

use crate::exit::Exit;

/// The command's name, for whoever starts it.
pub(super) const NAME: &str = "workshop";

pub(super) fn run() -> anyhow::Result<Exit> {
    rota_rules::compile_one(std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(Exit::Well)
}
