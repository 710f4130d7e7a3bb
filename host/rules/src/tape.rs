//! A record that answers a guest's calls: what replay has in place of the world.

use rota_domain::rule::{ErrorCode, Failure};
use rota_domain::transcript::{Difference, Section};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Stop;

/// The calls of a section, to be played one after the other.
pub(crate) struct Tape {
    calls: Box<str>,
    /// The end's line, for whoever asks more than was recorded.
    end: Box<str>,
    /// Where the next call stands in `calls`.
    at: usize,
    /// The number of its line in the transcript.
    step: usize,
    /// Whether the record may end before the guest does.
    cut: bool,
    /// The call that a guest makes, as far as the answer; kept for its allocation.
    asked: Vec<u8>,
    /// What ended the playing.
    over: Option<Over>,
}

/// Why a tape plays no further.
enum Over {
    /// The guest went another way than the record.
    Astray(Difference),
    /// The record ends here, and not because of the guest.
    Cut,
}

impl Tape {
    pub(crate) fn new(section: &Section<'_>) -> Self {
        Self {
            calls: section.calls.into(),
            end: section.end.as_ref().map_or("", |end| end.line).into(),
            at: 0,
            step: section.first + 1,
            cut: section.end.as_ref().is_some_and(|end| end.machine),
            asked: Vec::new(),
            over: None,
        }
    }

    /// The recorded answer to this call, if it is the one that was recorded next. Where it
    /// ended the guest, it does so again.
    pub(crate) fn answer<R: DeserializeOwned>(
        &mut self,
        function: &'static str,
        arguments: &impl Serialize,
    ) -> wasmtime::Result<R> {
        self.asked.clear();
        serde_json::to_writer(&mut self.asked, &(function, arguments))?;
        self.asked.pop();
        let Some(line) = next_line(&self.calls, self.at) else {
            return Err(self.ran_out());
        };
        let answer = line.as_bytes().strip_prefix(self.asked.as_slice()).and_then(|rest| rest.strip_prefix(b","));
        let Some(answer) = answer else {
            return Err(self.astray(self.question()));
        };
        let answer = match read(answer) {
            Ok(Recorded::Answer(answer)) => answer,
            Ok(Recorded::Stop(failure)) => {
                self.advance();
                return Err(Stop::new(failure.code, failure.detail).into());
            }
            Err(error) => return Err(self.astray(format!("{}: this answer cannot be read: {error}", self.question()))),
        };
        self.advance();
        Ok(answer)
    }

    /// Where the guest went another way, or ended before the record did. `end` is how it
    /// ended.
    pub(crate) fn difference(&self, end: &str) -> Option<Difference> {
        match &self.over {
            Some(Over::Astray(difference)) => Some(difference.clone()),
            Some(Over::Cut) => None,
            None => next_line(&self.calls, self.at).map(|line| Difference {
                step: self.step,
                recorded: line.into(),
                replayed: format!("{end}]"),
            }),
        }
    }

    fn advance(&mut self) {
        self.at += next_line(&self.calls, self.at).map_or(0, |line| line.len() + 1);
        self.step += 1;
    }

    /// The guest's call in words.
    fn question(&self) -> String {
        format!("{},…]", String::from_utf8_lossy(&self.asked))
    }

    fn ran_out(&mut self) -> wasmtime::Error {
        if self.cut {
            self.over.get_or_insert(Over::Cut);
            return over();
        }
        let (recorded, replayed) = (self.end.clone().into(), self.question());
        self.over.get_or_insert(Over::Astray(Difference { step: self.step, recorded, replayed }));
        over()
    }

    fn astray(&mut self, replayed: String) -> wasmtime::Error {
        let recorded = next_line(&self.calls, self.at).unwrap_or_default().into();
        self.over.get_or_insert(Over::Astray(Difference { step: self.step, recorded, replayed }));
        over()
    }
}

/// What stands behind a call.
enum Recorded<R> {
    Answer(R),
    Stop(Failure),
}

/// Reads the rest of a line behind the arguments: `answer]`, or `null,failure]`.
fn read<R: DeserializeOwned>(rest: &[u8]) -> serde_json::Result<Recorded<R>> {
    let inner = rest.strip_suffix(b"]").unwrap_or(rest);
    if let Some(failure) = inner.strip_prefix(b"null,") {
        return serde_json::from_slice(failure).map(Recorded::Stop);
    }
    serde_json::from_slice(inner).map(Recorded::Answer)
}

fn next_line(calls: &str, at: usize) -> Option<&str> {
    let rest = calls.get(at..)?;
    let end = rest.find('\n').unwrap_or(rest.len());
    (!rest.is_empty()).then(|| &rest[..end])
}

/// Ends the guest; the tape knows why.
fn over() -> wasmtime::Error {
    Stop::new(ErrorCode::Trap, "the record ends here").into()
}
