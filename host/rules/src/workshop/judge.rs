//! The workshop's other job: whether settings fit a stranger's schema. A schema is a program
//! of a kind, so a child runs it: what it can spend there is granted, and nobody waits for it.

use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::atomic::Ordering;

use rota_domain::rule::ErrorCode;
use serde::{Deserialize, Serialize};

use super::Workshop;
use super::bounds::Bounds;
use super::child::{self, Ended, Input};
use crate::intake::Refusal;
use crate::settings::{Misfit, PROBLEMS_MOST, Schema};
use crate::words::{cut, plain};

/// The argument that asks a child for this job.
pub const SETTINGS: &str = "settings";

/// The most bytes of a question: a schema and settings, each byte escaped.
const QUESTION_MAX: u64 = 8 << 20;
/// The most bytes of an answer, and of one text in it.
const ANSWER_MAX: usize = 1 << 20;
const TEXT_MAX: usize = 1000;

/// What a child is asked.
#[derive(Serialize, Deserialize)]
struct Question {
    schema: String,
    settings: String,
}

/// What it answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    /// What does not fit; nothing where all is well.
    Judged(Vec<Misfit>),
    /// Schema or settings cannot be used at all.
    Unusable(String),
}

/// Judges the settings that come in against the schema that comes with them, and writes the
/// answer: the work of the hidden command `rota workshop settings`.
///
/// # Errors
/// When it cannot read or write. Settings that do not fit are an answer.
pub fn judge_one(input: impl Read, mut output: impl Write) -> io::Result<()> {
    Bounds::JUDGING.keep_to()?;
    let Question { schema, settings } = serde_json::from_reader(input.take(QUESTION_MAX))?;
    serde_json::to_writer(&mut output, &answer(&schema, &settings))?;
    output.flush()
}

fn answer(schema: &str, settings: &str) -> Answer {
    let settings = match serde_json::from_str(settings) {
        Ok(settings) => settings,
        Err(error) => return Answer::Unusable(format!("the settings are not JSON: {error}")),
    };
    match Schema::compile(schema) {
        Ok(schema) => Answer::Judged(schema.misfits(&settings)),
        Err(why) => Answer::Unusable(why),
    }
}

impl Workshop {
    /// Has settings judged against the schema of the plugin of this name. It waits for its
    /// turn first, then for the child.
    pub(crate) fn judge(
        &self,
        whose: &str,
        plugin: &str,
        schema: &str,
        settings: &str,
    ) -> Result<Vec<Misfit>, Refusal> {
        let refuse = |why: &str| {
            let detail = format!("the settings cannot be judged by the schema of `{plugin}`: {why}");
            Refusal::new(ErrorCode::Settings, detail)
        };
        let question = Question { schema: schema.into(), settings: settings.into() };
        let question = serde_json::to_vec(&question).map_err(|error| refuse(&error.to_string()))?;
        if question.len() as u64 > QUESTION_MAX {
            return Err(refuse("they are too large; make them smaller"));
        }
        let turn = self.judging.take(whose);
        self.started.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(SETTINGS);
        let ended = child::run(command, Bounds::JUDGING, Input::Bytes(question), ANSWER_MAX);
        drop(turn);
        match ended {
            Ok(Ended::ByItself(status, out, _)) if status.success() => match read(&out) {
                Some(Answer::Judged(misfits)) => Ok(misfits),
                Some(Answer::Unusable(why)) => Err(refuse(&why)),
                None => Err(refuse("the answer makes no sense; tell the operator, whose log says more")),
            },
            Ok(ended) => {
                let how = match ended {
                    Ended::ByItself(status, ..) => status.to_string(),
                    Ended::TooLate => "it took too long".into(),
                    Ended::TooMuch => "it wrote too much".into(),
                };
                tracing::error!(%whose, plugin, how, "Settings could not be judged");
                Err(refuse("it takes more time or memory than is granted; make the schema simpler"))
            }
            Err(error) => {
                tracing::error!(%whose, %error, program = %self.program.display(), "The judge of settings cannot be started");
                Err(refuse("the judge could not be started; try again later, and tell the operator"))
            }
        }
    }
}

/// What a child answered, as far as it can be believed: so many texts, of such a length,
/// without control characters.
fn read(answer: &[u8]) -> Option<Answer> {
    let fit = |text: String| cut(&plain(&text), TEXT_MAX);
    Some(match serde_json::from_slice(answer).ok()? {
        Answer::Judged(misfits) => Answer::Judged(
            misfits
                .into_iter()
                .take(PROBLEMS_MOST)
                .map(|Misfit { path, what }| Misfit { path: fit(path), what: fit(what) })
                .collect(),
        ),
        Answer::Unusable(why) => Answer::Unusable(fit(why)),
    })
}
