//! The span that asked, as W3C Trace Context writes it in `traceparent`: version, trace, span,
//! flags, of which the last bit says whether the trace is recorded.

use std::fmt;
use std::str::FromStr;

/// A span of some trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub span: [u8; 8],
    /// Whether the trace is recorded.
    pub sampled: bool,
}

/// It is none; then a new trace begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoParent;

impl FromStr for Parent {
    type Err = NoParent;

    fn from_str(text: &str) -> Result<Self, NoParent> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(NoParent);
        let (version, trace, span, flags) = (next()?, next()?, next()?, next()?);
        let [version] = bytes::<1>(version)?;
        let [flags] = bytes::<1>(flags)?;
        let (trace, span) = (bytes(trace)?, bytes(span)?);
        // Later versions may say more behind; this one may not, and 255 is none.
        let whole = version < 255 && (version > 0 || parts.next().is_none());
        let named = trace != [0; 16] && span != [0; 8];
        if whole && named { Ok(Self { trace, span, sampled: flags & 1 == 1 }) } else { Err(NoParent) }
    }
}

/// So many bytes of hexadecimal digits in lower case.
fn bytes<const N: usize>(text: &str) -> Result<[u8; N], NoParent> {
    let small = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 2 * N || !text.bytes().all(small) {
        return Err(NoParent);
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| NoParent)?;
    }
    Ok(bytes)
}

impl fmt::Display for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("00-")?;
        self.trace.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("-")?;
        self.span.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "-{:02x}", u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_written_as_it_was_read() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(text.parse::<Parent>().unwrap().to_string(), text);
    }

    #[test]
    fn what_the_standard_forbids_is_no_parent() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(text.parse::<Parent>(), Err(NoParent), "{text}");
        }
    }
}
