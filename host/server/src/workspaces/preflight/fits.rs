//! Whether a property is what somebody takes it for. Of what can never fit it is an error; of
//! what fits some values, a warning.

use rota_domain::property::{Kind, number};
use rota_flow::ports::PropertyInfo;

use super::Weight;
use super::needs::{Need, Purpose};

/// What does not fit, as the rest of a sentence about the property.
pub(super) fn misfits(need: &Need, info: &PropertyInfo) -> Vec<(Weight, String)> {
    let mut found = Vec::new();
    if info.sensitive {
        let what = "whose values are sensitive data: the token needs the sensitive scopes for them".into();
        found.push((Weight::Warning, what));
    }
    match &need.purpose {
        Purpose::Read(kind) => found.extend(read_as(*kind, info)),
        Purpose::Write(_) if !info.writable => {
            found.push((Weight::Error, "which the CRM lets nobody write: write another one".into()));
        }
        Purpose::Write(kind) => found.extend(written_as(*kind, info)),
        Purpose::Test(texts) => found.extend(compared_with(texts, info)),
        Purpose::Compare => found.extend(read_as(Kind::Number, info)),
    }
    found
}

fn read_as(kind: Kind, info: &PropertyInfo) -> Option<(Weight, String)> {
    let weight = match (kind, info.kind) {
        (Kind::Text | Kind::Several, _) => return None,
        (wanted, has) if wanted == has => return None,
        (Kind::Number, Kind::Text) if all_options(info, |option| number(option).is_ok()) => return None,
        (Kind::Flag, Kind::Text) if all_options(info, is_flag) => return None,
        (_, Kind::Text) if info.options.is_empty() => Weight::Warning,
        _ => Weight::Error,
    };
    let what = match weight {
        Weight::Error => format!("as {}, and the CRM has {}: declare it as that", a(kind), crm_has(info)),
        Weight::Warning => format!(
            "as {}, and the CRM has {}: whatever of it is none will be malformed to the rule",
            a(kind),
            crm_has(info)
        ),
    };
    Some((weight, what))
}

fn written_as(kind: Kind, info: &PropertyInfo) -> Option<(Weight, String)> {
    let weight = match (kind, info.kind) {
        (wanted, has) if wanted == has => return None,
        (_, Kind::Text) if info.options.is_empty() => return None,
        (Kind::Text, _) | (Kind::Number | Kind::Flag, Kind::Text | Kind::Several) => Weight::Warning,
        _ => Weight::Error,
    };
    Some((weight, format!("as {}, and the CRM has {}: it refuses what does not read as that", a(kind), crm_has(info))))
}

/// Texts that a list of choices does not have are compared in vain.
fn compared_with(texts: &[String], info: &PropertyInfo) -> Option<(Weight, String)> {
    let known = |text: &&String| info.options.iter().any(|option| option.eq_ignore_ascii_case(text));
    let unknown: Vec<String> = texts.iter().filter(|text| !known(text)).map(|text| format!("`{text}`")).collect();
    if info.options.is_empty() || unknown.is_empty() {
        return None;
    }
    Some((Weight::Warning, format!("which can never be {}: the CRM's list has no such choice", unknown.join(" or "))))
}

fn all_options(info: &PropertyInfo, fits: impl Fn(&str) -> bool) -> bool {
    !info.options.is_empty() && info.options.iter().all(|option| fits(option))
}

fn is_flag(text: &str) -> bool {
    ["true", "false"].iter().any(|flag| flag.eq_ignore_ascii_case(text))
}

fn a(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "a number",
        Kind::Flag => "a flag",
        Kind::Time => "a time",
        Kind::Several => "several values",
    }
}

/// What the CRM has, in words that its own pages use too.
fn crm_has(info: &PropertyInfo) -> String {
    match (info.kind, info.options.is_empty()) {
        (Kind::Text, false) => format!("one of a list ({})", info.said),
        (kind, _) => format!("{} ({})", a(kind), info.said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(kind: Kind, options: &[&str]) -> PropertyInfo {
        PropertyInfo {
            name: "p".into(),
            kind,
            said: "said".into(),
            writable: true,
            sensitive: false,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        }
    }

    fn weights(purpose: Purpose, info: &PropertyInfo) -> Vec<Weight> {
        let need = Need { who: "somebody reads".into(), name: "p".into(), purpose };
        misfits(&need, info).into_iter().map(|(weight, _)| weight).collect()
    }

    #[test]
    fn everything_reads_as_text_and_as_several() {
        for kind in [Kind::Text, Kind::Number, Kind::Flag, Kind::Time, Kind::Several] {
            assert_eq!(weights(Purpose::Read(Kind::Text), &info(kind, &[])), []);
            assert_eq!(weights(Purpose::Read(Kind::Several), &info(kind, &[])), []);
        }
    }

    #[test]
    fn a_number_that_is_a_time_never_fits_and_one_that_is_text_may() {
        assert_eq!(weights(Purpose::Read(Kind::Number), &info(Kind::Time, &[])), [Weight::Error]);
        assert_eq!(weights(Purpose::Compare, &info(Kind::Text, &[])), [Weight::Warning]);
        assert_eq!(weights(Purpose::Read(Kind::Number), &info(Kind::Text, &["1", "2.5"])), []);
        assert_eq!(weights(Purpose::Read(Kind::Number), &info(Kind::Text, &["1", "many"])), [Weight::Error]);
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let fixed = PropertyInfo { writable: false, ..info(Kind::Text, &[]) };
        assert_eq!(weights(Purpose::Write(Kind::Text), &fixed), [Weight::Error]);
        assert_eq!(weights(Purpose::Write(Kind::Number), &info(Kind::Text, &[])), []);
        assert_eq!(weights(Purpose::Write(Kind::Number), &info(Kind::Time, &[])), [Weight::Error]);
    }

    #[test]
    fn a_condition_for_a_choice_that_is_not_there_is_a_warning() {
        let choices = info(Kind::Text, &["lead", "customer"]);
        assert_eq!(weights(Purpose::Test(vec!["Lead".into()]), &choices), []);
        assert_eq!(weights(Purpose::Test(vec!["leed".into()]), &choices), [Weight::Warning]);
    }
}
