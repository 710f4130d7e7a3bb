//! Large answers about the workspace, taken out of transcripts so that they are stored once.
//!
//! A pool of two hundred reps is the same answer in decision after decision. [`share`] puts a
//! digest in its place and marks the line with `@`; [`restore`] gives back the identical
//! bytes. Only answers of functions that tell nothing but what the workspace says are taken:
//! they outlive the person whose lead it was. Arguments are a rule's own words, and stay.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::id::Digest;

/// The interfaces whose answers tell only about the workspace. Those of `lead` never may.
const ABOUT_THE_WORKSPACE: [&str; 2] = ["rep-pool.", "tables."];

/// Answers of fewer bytes stay where they are: a digest in their place, and their own row,
/// would cost more than they do.
pub const LARGE: usize = 256;

/// What begins a line whose answer is elsewhere. A line that begins so by itself gets
/// another one.
const MARK: char = '@';

/// Why a transcript cannot be made whole again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrestorable {
    /// Nothing is stored under this digest.
    #[error("the shared answer {0} is missing")]
    Missing(Digest),
    /// What is stored is not what was taken out.
    #[error("the shared answer {0} does not match its digest")]
    Differs(Digest),
    /// A marked line names no digest. Its number counts from 1.
    #[error("line {0} of the transcript is marked as shared and names no answer")]
    Unmarked(usize),
}

/// Takes the large answers about the workspace out of a transcript.
#[must_use]
pub fn share(transcript: &str) -> (String, BTreeMap<Digest, String>) {
    let mut answers = BTreeMap::new();
    let mut shared = String::with_capacity(transcript.len());
    for (n, line) in transcript.split('\n').enumerate() {
        if n > 0 {
            shared.push('\n');
        }
        let large = if line.len() < LARGE { None } else { answer(line).filter(|place| place.len() >= LARGE) };
        if let Some(place) = large {
            let text = &line[place.clone()];
            let digest = Digest::of(text.as_bytes());
            shared.push(MARK);
            shared.push_str(&line[..place.start]);
            shared.extend(["\"", digest.as_str(), "\""]);
            shared.push_str(&line[place.end..]);
            answers.entry(digest).or_insert_with(|| text.to_owned());
            continue;
        }
        if line.starts_with(MARK) {
            shared.push(MARK);
        }
        shared.push_str(line);
    }
    (shared, answers)
}

/// The digests that a shared transcript names, each once.
#[must_use]
pub fn named(shared: &str) -> BTreeSet<Digest> {
    shared.split('\n').filter_map(|line| digest(marked(line)?)).map(|(_, digest)| digest).collect()
}

/// Puts the answers back, byte for byte; `known` gives what is stored under a digest.
///
/// # Errors
/// When an answer is missing, or is not the one that was taken out.
pub fn restore<'a>(shared: &str, known: impl Fn(&Digest) -> Option<&'a str>) -> Result<String, Unrestorable> {
    let mut whole = String::with_capacity(shared.len());
    for (n, line) in shared.split('\n').enumerate() {
        if n > 0 {
            whole.push('\n');
        }
        let Some(line) = marked(line) else {
            whole.push_str(line);
            continue;
        };
        if line.starts_with(MARK) {
            whole.push_str(line);
            continue;
        }
        let (place, digest) = digest(line).ok_or(Unrestorable::Unmarked(n + 1))?;
        let Some(answer) = known(&digest) else {
            return Err(Unrestorable::Missing(digest));
        };
        if Digest::of(answer.as_bytes()) != digest {
            return Err(Unrestorable::Differs(digest));
        }
        whole.extend([&line[..place.start], answer, &line[place.end..]]);
    }
    Ok(whole)
}

/// A marked line without its mark.
fn marked(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)
}

/// The digest that stands for the answer of a line, and where it stands.
fn digest(line: &str) -> Option<(Range<usize>, Digest)> {
    let place = answer(line)?;
    let digest = line[place.clone()].strip_prefix('"')?.strip_suffix('"')?;
    Some((place, Digest::from(digest)))
}

/// Where the answer stands in a line `["function",arguments,answer…`, if it tells only about
/// the workspace.
fn answer(line: &str) -> Option<Range<usize>> {
    let function = line.strip_prefix("[\"")?;
    if !ABOUT_THE_WORKSPACE.iter().any(|interface| function.starts_with(interface)) {
        return None;
    }
    let arguments = line.len() - function.len() + function.find("\",")? + 2;
    let comma = value_end(line, arguments)?;
    let start = comma + line[comma..].strip_prefix(',').map(|_| 1)?;
    Some(start..value_end(line, start)?)
}

/// Where the JSON value that begins here ends.
fn value_end(line: &str, start: usize) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(&line[start..]).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(start + values.byte_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer that is just large enough.
    fn large() -> String {
        format!("[{}]", "1,".repeat(126) + "123")
    }

    #[test]
    fn a_large_answer_about_the_workspace_is_a_digest_in_a_marked_line() {
        let answer = large();
        assert_eq!(answer.len(), LARGE + 1);
        let digest = Digest::of(answer.as_bytes());
        let other = r#"["lead.text",["country"],{"Ok":"US"}]"#;
        let transcript =
            format!("{other}\n[\"rep-pool.members\",[0],{answer}]\n[\"tables.look-up\",[0,\"k\"],{answer},4]\n");
        let (shared, answers) = share(&transcript);
        let expected = format!(
            "{other}\n@[\"rep-pool.members\",[0],\"{digest}\"]\n@[\"tables.look-up\",[0,\"k\"],\"{digest}\",4]\n"
        );
        assert_eq!(shared, expected);
        assert_eq!(answers, BTreeMap::from([(digest.clone(), answer)]));
        assert_eq!(named(&shared), BTreeSet::from([digest]));
    }

    #[test]
    fn what_tells_about_the_lead_and_what_the_rule_says_stays_where_it_is() {
        let large = large();
        for line in [
            format!("[\"lead.several\",[\"tags\"],{large}]"),
            format!("[\"rep-pool.next\",[0,{large},[]],3]"),
            format!("[\"tables.look-up\",[0,\"{large}\"],null]"),
            format!("[\"explain.note\",[\"rep-pool.members\",{large}],null]"),
            format!("[\"plugin\",[\"rep-pool.\"],{large}]"),
        ] {
            assert_eq!(share(&line), (line, BTreeMap::new()));
        }
    }

    #[test]
    fn an_answer_that_is_missing_or_another_is_named() {
        let (shared, answers) = share(&format!("[\"rep-pool.members\",[0],{}]", large()));
        let digest = answers.keys().next().unwrap().clone();
        assert_eq!(restore(&shared, |_| None), Err(Unrestorable::Missing(digest.clone())));
        assert_eq!(restore(&shared, |_| Some("[]")), Err(Unrestorable::Differs(digest)));
        assert_eq!(restore("\n@[\"rep-pool.members\"", |_| None), Err(Unrestorable::Unmarked(2)));
    }
}
