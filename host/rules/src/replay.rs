//! The `Replays` port: a section is played to a fresh instance of its component, and what
//! that asks and gives back is compared with what was recorded.

use rota_domain::limits::Limits;
use rota_domain::rule::{ErrorCode, Failure, Question};
use rota_domain::transcript::{Difference, End, Replayed, Section, Terms};
use rota_flow::ports::Replays;

use crate::asking::{Ending, Run};
use crate::catalogue::Catalogue;
use crate::session::Session;
use crate::tape::Tape;
use crate::transcript::{ENGINE, words};

/// How much more processor time than live a guest gets: nobody waits for it, and fuel ends
/// it at the same place on every machine.
const PATIENCE: u64 = 20;

impl Replays for Catalogue {
    fn replay(&self, question: Question, section: &Section<'_>) -> Result<Replayed, Failure> {
        let heading = section.heading.as_ref().ok_or_else(|| unplayable("its heading cannot be read".into()))?;
        let terms =
            heading.terms.as_ref().ok_or_else(|| unplayable("the terms of the question were not recorded".into()))?;
        let loaded = self.ready(&heading.digest)?;
        if question.settings.digest() != &terms.settings {
            let replayed = format!("the settings of this flow have the digest {}", question.settings.digest());
            let recorded = section.line.to_owned();
            let difference = Some(Difference { step: section.first, recorded, replayed });
            return Ok(Replayed { difference, remark: None });
        }
        let Terms { call, limits, .. } = terms.clone();
        let limits = Limits { cpu_ms: limits.cpu_ms.saturating_mul(PATIENCE), ..limits };
        let question = Question { plugin: heading.digest.clone(), call, limits, ..question };
        let session = Session::replaying(question, loaded.plugin.manifest.clone(), Tape::new(section));
        let Run { session, ending, fuel } = self.run(&loaded, session);
        let astray = session.tape.as_ref().and_then(|tape| tape.difference(&words(&ending, fuel)));
        if let (None, Ending::Failed { failure, machine: true }) = (&astray, &ending)
            && section.end.as_ref().is_none_or(|end| !end.machine)
        {
            return Err(unplayable(format!("this machine did not finish it: {}", failure.detail)));
        }
        let (difference, remark) = match (astray, &section.end) {
            (Some(astray), _) => (Some(astray), None),
            (None, Some(end)) => compare(section, end, &ending, fuel, terms),
            (None, None) => (Some(endless(section, &words(&ending, fuel))), None),
        };
        Ok(Replayed { difference: Difference::first(difference, section.damage()), remark })
    }
}

/// Compares the ends, where all calls before them were the same.
fn compare(
    section: &Section<'_>,
    end: &End<'_>,
    ending: &Ending,
    fuel: u64,
    terms: &Terms,
) -> (Option<Difference>, Option<String>) {
    if end.machine {
        let calls = section.calls.lines().count();
        return (
            None,
            Some(format!("the machine ended it there and then; its {calls} calls before that are compared")),
        );
    }
    let other = terms.engine != ENGINE;
    let remark = other.then(|| format!("it ran on {}; this is {ENGINE}, so fuel is not compared", terms.engine));
    let replayed = words(ending, if other { end.fuel } else { fuel });
    let same = match (ending, &end.failure) {
        // Another engine may say the same in other words.
        (Ending::Failed { failure, .. }, Some(recorded)) if other => failure.code == recorded.code,
        _ => replayed == end.words,
    };
    let difference =
        || Difference { step: section.last(), recorded: format!("{}]", end.words), replayed: format!("{replayed}]") };
    ((!same).then(difference), remark)
}

/// The record has no end, though the guest came to one after the same calls.
fn endless(section: &Section<'_>, replayed: &str) -> Difference {
    Difference { step: section.last() + 1, recorded: String::new(), replayed: format!("{replayed}]") }
}

fn unplayable(detail: String) -> Failure {
    Failure { code: ErrorCode::Compile, detail }
}
