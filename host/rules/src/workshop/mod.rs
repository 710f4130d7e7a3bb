//! Where components of strangers are read, judged and compiled: each in a process of its own,
//! which can be killed, sees nothing of the host, and is believed as little as possible.

mod answer;
mod bounds;
mod child;
mod fate;
mod inside;
mod judge;
mod turns;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use rota_domain::rule::ErrorCode;

pub use bounds::Bounds;
pub use inside::compile_one;
pub use judge::{SETTINGS, judge_one};

use crate::incoming::Incoming;
use crate::intake::{Intake, Refusal};
use child::{Ended, Input};
use turns::Turns;

/// Starts children that compile, two at once, and one at a time for each tenant.
pub struct Workshop {
    program: PathBuf,
    arguments: Vec<OsString>,
    bounds: Bounds,
    turns: Turns,
    /// Judging settings takes little, and waits for nobody who compiles.
    judging: Turns,
    started: AtomicU64,
}

impl std::fmt::Debug for Workshop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workshop").field("program", &self.program).finish_non_exhaustive()
    }
}

/// What a child made.
pub(crate) struct Made {
    pub(crate) intake: Intake,
    pub(crate) artefact: Vec<u8>,
}

impl Workshop {
    /// A workshop whose children run this program with these arguments. The program is to
    /// call [`compile_one`]; its path is absolute.
    pub fn new<A: Into<OsString>>(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            bounds: Bounds::default(),
            turns: Turns::default(),
            judging: Turns::default(),
            started: AtomicU64::new(0),
        }
    }

    /// The same with other bounds for every child.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// How many children it has started.
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Has a component judged and compiled. It waits for its turn first, then for the child;
    /// a panic or an error here ends that child and no other.
    pub(crate) fn make(&self, whose: &str, component: Incoming<'_>, mark: &str) -> Result<Made, Refusal> {
        let size = component.size();
        answer::check_size(size)?;
        let digest = component.digest();
        let not_made = |why: &str| {
            let short = digest.as_str().get(..19).unwrap_or_default();
            Refusal::new(ErrorCode::Compile, format!("the component {short}… was not compiled: {why}"))
        };
        let turn = self.turns.take(whose);
        let input = match component.reopened() {
            Some(file) => Input::File(file),
            None => Input::Bytes(component.whole()?.into_owned()),
        };
        self.started.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        let ended = child::run(command, self.bounds, input, answer::most(size));
        drop(turn);
        match ended {
            Ok(Ended::ByItself(status, out, err)) => {
                let answer = status.success().then(|| answer::read(out, size, mark)).flatten();
                answer.map(|answer| answer.map(|(intake, artefact)| Made { intake, artefact })).unwrap_or_else(|| {
                    let said = String::from_utf8_lossy(&err);
                    tracing::error!(%whose, %digest, %status, said = said.trim_end(), "The compiler left no answer");
                    Err(not_made(&fate::why(status, &err)))
                })
            }
            Ok(Ended::TooLate) => {
                tracing::error!(%whose, %digest, "The compiler took too long and was killed");
                let seconds = self.bounds.wall.as_secs_f64();
                Err(not_made(&format!(
                    "it took longer than {seconds} s: send it again when the host is less busy, or make it smaller"
                )))
            }
            Ok(Ended::TooMuch) => {
                tracing::error!(%whose, %digest, "The compiler wrote too much and was killed");
                Err(not_made(
                    "the compiler wrote more than an answer may have: make the component smaller, and tell the operator",
                ))
            }
            Err(error) => {
                tracing::error!(%whose, %digest, %error, program = %self.program.display(), "The compiler cannot be started");
                Err(not_made(
                    "the compiler could not be started: send it again later, and tell the operator, whose log says why",
                ))
            }
        }
    }
}
