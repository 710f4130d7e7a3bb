//! Colours and signs, or none of them: a plain palette keeps to ASCII for everything that is
//! not the data's own.

use anstyle::{AnsiColor, Effects, Style};

/// How things look. A terminal gets `COLOUR`, a pipe and a file get `PLAIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    rich: bool,
}

/// What a piece of text means, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it is.
    Normal,
    /// What matters most.
    Strong,
    /// What may be passed over.
    Quiet,
    /// It went well.
    Good,
    /// It went elsewhere.
    Else,
    /// Somebody should look.
    Warn,
    /// Something failed.
    Bad,
}

impl Palette {
    /// Colours and box characters.
    pub const COLOUR: Self = Self { rich: true };
    /// Neither.
    pub const PLAIN: Self = Self { rich: false };

    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Normal => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Quiet => Style::new().effects(Effects::DIMMED),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Else => AnsiColor::Cyan.on_default(),
            Tone::Warn => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
        };
        if self.rich && tone != Tone::Normal && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.into()
        }
    }

    /// The rich sign or the plain one.
    pub(super) fn sign(self, rich: &'static str, plain: &'static str) -> &'static str {
        if self.rich { rich } else { plain }
    }

    /// A bar of so many of `width` cells, at least one where there is anything.
    pub(super) fn bar(self, part: u64, whole: u64, width: u64) -> String {
        let cells = if whole == 0 { 0 } else { (part * width).div_ceil(whole).min(width) };
        self.sign("█", "#").repeat(usize::try_from(cells).unwrap_or(0))
    }

    /// A heading within a screen.
    pub(super) fn heading(self, text: &str) -> String {
        self.paint(Tone::Strong, text)
    }
}
