//! A panic's place and message, written to the log before the instance ends. A guest that
//! panics can only trap, and a trap by itself does not say why.

use std::panic::PanicHookInfo;

/// As much of a message as is kept, in bytes: the host keeps 8 KiB of log in all.
const MESSAGE_MAX: usize = 1024;

/// Has every panic from here on write its line. Done before each decision, since each has an
/// instance of its own; a function without captures makes the box cost no allocation.
#[cfg(target_arch = "wasm32")]
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|panic| crate::log::error(&line(panic))));
}

/// `panicked at src/lib.rs:12:5: message`: how it begins is how the host knows it.
fn line(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("without a message");
    let message = &message[..message.floor_char_boundary(MESSAGE_MAX)];
    let (file, line, column) = panic.location().map_or(("?", 0, 0), |at| (at.file(), at.line(), at.column()));
    // Joined by hand, which is less code in every component than a format.
    ["panicked at ", file, ":", &line.to_string(), ":", &column.to_string(), ": ", message].concat()
}

#[cfg(test)]
mod tests;
