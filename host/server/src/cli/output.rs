//! Where words go: what was asked for to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _};

use crate::show::Palette;

/// Writes a line to stdout. A reader that has gone away ends the process quietly.
pub(super) fn line(text: &str) {
    if writeln!(anstream::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Writes text to stdout as it is, line ends included.
pub(super) fn text(text: &str) {
    if write!(anstream::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Writes a value as one line of JSON to stdout.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?);
    Ok(())
}

/// Says something beside the output.
pub(super) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says why a command could not be done.
pub(super) fn complain(text: &str) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{red}error:{red:#} {text}");
}

/// Whether a person sees stdout.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// How rich stdout may be: colours and boxes for a terminal, plain text for a file.
pub(super) fn palette() -> Palette {
    let plain = !is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain { Palette::PLAIN } else { Palette::COLOUR }
}
