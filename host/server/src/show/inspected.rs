//! What `rota inspect` says of a component, in plain words.

use std::collections::BTreeMap;

use rota_domain::manifest::Language;
use rota_domain::property::Kind;

use super::palette::Palette;
use super::text::{COLUMNS, fit, grouped, wrap};
use crate::author::Inspected;

/// What each function of the contract lets a rule do.
const POWERS: [(&str, &str); 34] = [
    ("lead.text", "read the lead's properties as text"),
    ("lead.number", "read the lead's properties as numbers"),
    ("lead.flag", "read the lead's properties as yes or no"),
    ("lead.time", "read the lead's properties as times"),
    ("lead.several", "read the lead's properties as lists"),
    ("lead.source-class", "see where the lead came from"),
    ("lead.record-owner", "see who owns the record"),
    ("lead.company-text", "read the company's properties as text"),
    ("lead.company-number", "read the company's properties as numbers"),
    ("lead.company-owner", "see who owns the company"),
    ("lead.history", "see what happened with this person before"),
    ("lead.prior-owner", "see who had this person before"),
    ("rep-pool.open", "open a pool by its name"),
    ("rep-pool.members", "see a pool's members, their load and who is there"),
    ("rep-pool.next", "ask whose turn it is"),
    ("rep-pool.find-by-email", "find a rep by e-mail"),
    ("rep-pool.find-by-owner", "find a rep by the CRM's owner id"),
    ("rep-pool.available", "see whether a rep is there"),
    ("rep-pool.attribute", "read a rep's attributes"),
    ("rep-pool.tags", "see a rep's tags"),
    ("rep-pool.has-tag", "see whether a rep has a tag"),
    ("tables.open", "open a table by its name"),
    ("tables.look-up", "look things up in tables"),
    ("calendar.is-open", "see whether a calendar is open"),
    ("calendar.add-business-minutes", "count business minutes"),
    ("state.counter", "read counters that last"),
    ("state.add", "change counters that last"),
    ("effects.set-property", "ask for properties to be written"),
    ("effects.task", "ask for a task"),
    ("effects.note", "ask for a note on the record"),
    ("effects.notify", "ask for a notice to a configured destination"),
    ("effects.response-target", "say by when the lead shall have its answer"),
    ("explain.note", "say which branch it takes"),
    ("log.line", "write to its author's log"),
];

/// The component on one screen.
#[must_use]
pub fn inspected(what: &Inspected, palette: Palette) -> String {
    let mut lines = vec![palette.heading(&format!("{}@{}", what.name, what.version))];
    lines.extend(wrap(&what.summary, COLUMNS - 2).into_iter().map(|line| format!("  {line}")));
    let class = match what.language {
        Language::Rust => "rust",
        Language::JavaScript => "javascript",
        Language::Python => "python",
    };
    let kib = |bytes: u64| format!("{} KiB", grouped(bytes >> 10));
    let memory = format!("{} from the start, {} granted", kib(what.memory), kib(what.memory_granted as u64));
    let size = format!("{} of {}", kib(what.size as u64), kib(what.size_granted as u64));
    let names = if what.function_names { "" } else { "; functions have no names" };
    let rows = [
        ("digest", what.digest.to_string()),
        ("contract", format!("rota:routing {}", what.contract)),
        ("class", format!("{class}: {} fuel a decision", grouped(what.fuel_granted))),
        ("size", size + names),
        ("memory", memory),
        ("made with", what.made_with.join(", ")),
    ];
    for (label, text) in rows {
        row(&mut lines, label, &text);
    }
    lines.push(String::new());
    lines.push(palette.heading("It can"));
    let company: BTreeMap<_, _> = what.company_reads.iter().map(|(name, kind)| (name.clone(), *kind)).collect();
    row(&mut lines, "read", &or_nothing(&properties(&what.reads), "no property of the lead"));
    row(&mut lines, "of company", &or_nothing(&properties(&company), "no more than its name and domain"));
    row(&mut lines, "write", &or_nothing(&properties(&what.writes), "no property"));
    row(&mut lines, "pools", &or_nothing(&what.pools.join(", "), "those that its settings name"));
    row(&mut lines, "tables", &or_nothing(&what.tables.join(", "), "those that its settings name"));
    lines.push(String::new());
    lines.push(palette.heading("It calls"));
    let calls: Vec<String> = what
        .calls
        .iter()
        .flat_map(|(interface, functions)| functions.iter().map(move |function| format!("{interface}.{function}")))
        .collect();
    if calls.is_empty() {
        lines.push("  nothing: it decides by its settings alone".into());
    }
    for call in &calls {
        let power = POWERS.iter().find(|(name, _)| name == call).map_or("", |(_, power)| *power);
        lines.push(format!("  {} {power}", fit(call, 30)).trim_end().to_owned());
    }
    lines.push(String::new());
    lines.push("No clock, no network, no files, no other lead. Settings: --json has their schema.".into());
    lines.join("\n") + "\n"
}

fn row(lines: &mut Vec<String>, label: &str, text: &str) {
    let mut wrapped = wrap(text, COLUMNS - 14).into_iter();
    lines.push(format!("  {}  {}", fit(label, 10), wrapped.next().unwrap_or_default()).trim_end().to_owned());
    lines.extend(wrapped.map(|line| format!("              {line}")));
}

fn properties(properties: &BTreeMap<String, Kind>) -> String {
    let word = |kind: &Kind| match kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Flag => "flag",
        Kind::Time => "time",
        Kind::Several => "several",
    };
    properties.iter().map(|(name, kind)| format!("{name} ({})", word(kind))).collect::<Vec<_>>().join(", ")
}

fn or_nothing(text: &str, nothing: &str) -> String {
    if text.is_empty() { nothing.into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_rule_can_call_is_said_in_words() {
        for (path, text) in crate::author::VENDORED.iter().filter(|(path, _)| path.starts_with("wit/")) {
            let mut interface = "";
            for line in text.lines() {
                if let Some(name) = line.strip_prefix("interface ") {
                    interface = name.trim_end_matches(" {");
                }
                let function = line.split_once(": func").map(|(name, _)| name.trim());
                let Some(function) = function.filter(|_| interface != "rule") else { continue };
                let call = format!("{interface}.{function}");
                assert!(POWERS.iter().any(|(name, _)| *name == call), "{path}: nothing says what {call} is for");
            }
        }
    }
}
