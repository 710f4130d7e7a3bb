//! What a child answers: a line of JSON, and after it the compiled code. The host believes
//! of it only what it can check again.

use std::io::{self, Write};

use rota_domain::limits::Limits;
use rota_domain::rule::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::intake::{Intake, Refusal, within_caps};
use crate::words::plain;

/// The most bytes of the first line: manifest and schema, each byte escaped.
const LINE_MAX: usize = 4 << 20;
/// The most bytes of a refusal's text.
const DETAIL_MAX: usize = 4000;

/// The first line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    /// It is compiled; the code follows. The mark says for which engine.
    Made { intake: Box<Intake>, mark: String },
    /// It is not taken in.
    Refused(Refusal),
}

impl Answer {
    pub(crate) fn write(&self, artefact: &[u8], mut to: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut to, self)?;
        to.write_all(b"\n")?;
        to.write_all(artefact)?;
        to.flush()
    }
}

/// How many bytes the answer about a component of this size may have. Code was seen to be up
/// to ten times as long as the component that it was made from.
pub(crate) fn most(component: usize) -> usize {
    LINE_MAX + 24 * component
}

/// Reads an answer about a component of this size: nothing, where it is none.
pub(crate) fn read(mut answer: Vec<u8>, size: usize, mark: &str) -> Option<Result<(Intake, Vec<u8>), Refusal>> {
    let end = answer.iter().take(LINE_MAX).position(|byte| *byte == b'\n')?;
    let line: Answer = serde_json::from_slice(answer.get(..end)?).ok()?;
    answer.drain(..=end);
    match line {
        Answer::Refused(Refusal { code, detail }) => {
            let mut detail = plain(&detail);
            detail.truncate(detail.floor_char_boundary(DETAIL_MAX));
            Some(Err(Refusal { code, detail }))
        }
        Answer::Made { intake, mark: theirs } => {
            let sound = theirs == mark && !answer.is_empty() && within_caps(&intake, size);
            sound.then_some(Ok((*intake, answer)))
        }
    }
}

/// The refusal of what no class grants, before anybody looks at it.
pub(crate) fn check_size(size: usize) -> Result<(), Refusal> {
    let most = Limits::of(rota_domain::manifest::Language::Python).component;
    if size <= most {
        return Ok(());
    }
    let detail = format!("it has {} KiB; the most that any language class grants is {} KiB", size >> 10, most >> 10);
    Err(Refusal::new(ErrorCode::Size, detail))
}
