//! What serde says of a file, said to the person who wrote it: which key, where, and what to
//! write instead. serde's words are known here and nowhere else; a test pins them.

/// The way to a key or a value in a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Keys and places in lists, from the top: `pools`, `0`, `members`, `2`, `rep`.
    pub(super) steps: Vec<String>,
    /// Whether the key itself is meant, and not its value.
    pub(super) at_key: bool,
}

/// How required and often mistaken keys are written.
const EXAMPLES: [(&str, &str); 44] = [
    ("active", "false"),
    ("allow_v1", "true"),
    ("backup", "\"bo\""),
    ("busy_file", "\"calendars/ana.ics\""),
    ("calendar", "\"us-office\""),
    ("class", "\"inbound:demo-request\""),
    ("client_secret", "{ env = \"HUBSPOT_CLIENT_SECRET\" }"),
    ("coalesce", "\"10m\""),
    ("credit", "5"),
    ("crm", "{ hs = \"71\" }"),
    ("database", "\"rota.db\""),
    ("enrol", "{ object = \"contact\", on = [\"created\"] }"),
    ("env", "\"ACME_HUBSPOT_TOKEN\""),
    ("expires", "\"30d\""),
    ("fallback", "{ queue = \"triage\" }"),
    ("file", "\"tables/postal.csv\""),
    ("floor", "0"),
    ("holidays", "[\"2026-12-25\"]"),
    ("holidays_file", "\"calendars/de-by.ics\""),
    ("hours", "{ mon = [\"09:00-17:00\"] }"),
    ("id", "\"na\""),
    ("kind", "\"hubspot\""),
    ("listen", "\"127.0.0.1:8080\""),
    ("location", "{ latitude = 52.52, longitude = 13.405 }"),
    ("members", "[{ rep = \"ana\", weight = 30 }]"),
    ("metric", "\"won\""),
    ("near", "{ property = \"zip\", table = \"places\" }"),
    ("on", "[\"created\", \"changed\"]"),
    ("percent", "10"),
    ("plugin", "\"territory\""),
    ("portal_id", "4242"),
    ("public_url", "\"https://rota.acme.example\""),
    ("records", "{ connection = \"hs\", object = \"deal\", value = \"amount\", at = \"closedate\" }"),
    ("rep", "\"ana\""),
    ("settings", "\"settings/inbound.json\""),
    ("tags", "[\"german\"]"),
    ("token", "{ env = \"ACME_HUBSPOT_TOKEN\" }"),
    ("weight", "30"),
    ("weights", "{ metric = \"won\", days = 30, floor = 0 }"),
    ("when", "{ property = \"hs_form\", is = \"demo\" }"),
    ("where", "{ property = \"lifecyclestage\", is = \"marketingqualifiedlead\" }"),
    ("within", "\"4h\""),
    ("workspace", "\"acme\""),
    ("workspaces", "[\"./acme\"]"),
];

/// Keys whose value may hold a secret that was pasted in by mistake.
const SECRETS: [&str; 2] = ["token", "client_secret"];

/// Says what is wrong with a key or a value of a TOML file.
pub(super) fn toml(message: &str, place: &Place) -> String {
    let names = ticked(message);
    let key = place.key();
    if message.starts_with("unknown field ") || (message.starts_with("unknown variant ") && place.at_key) {
        let known: Vec<&str> = names.iter().skip(1).copied().collect();
        return unknown_key(names.first().copied().unwrap_or_default(), &known, &place.around());
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        let missing = missing.trim_matches('`');
        return format!("{} has no `{missing}`; {}", place.itself(), advice(missing));
    }
    if SECRETS.contains(&key) && message.starts_with("invalid type") {
        let advice = advice(key);
        return format!("`{key}`{} says where the secret is found, never the secret itself; {advice}", place.around());
    }
    if message.starts_with("invalid type: map, expected a sequence") && place.steps.len() == 1 {
        return format!("[{key}] is a single table; write [[{key}]], once for each");
    }
    if message.starts_with("unknown variant ") {
        let wrong = names.first().copied().unwrap_or_default();
        let known = &names[1.min(names.len())..];
        let advice = match (nearest(wrong, known), example(key)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(example)) if example.starts_with('{') => format!("write it as in `{key} = {example}`"),
            (None, _) => format!("use {}", either(known)),
        };
        return format!("`{key}`{} cannot be `{wrong}`; {advice}", place.around());
    }
    if message.starts_with("wanted exactly 1 element") {
        return format!("`{key}`{} takes exactly one key; keep one", place.around());
    }
    match message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: ")) {
        Some(rest) => {
            let (found, expected) = rest.split_once(", expected ").unwrap_or((rest, "something else"));
            let advice = match example(key) {
                Some(example) => format!("write it as in `{key} = {example}`"),
                None if expected == "a string" && found.contains('`') => {
                    format!("write it in quotes, \"{}\"", ticked(found).concat())
                }
                None => format!("write {}", plainly(expected)),
            };
            format!("`{key}`{} cannot be {}; {advice}", place.around(), plainly(found))
        }
        None if key.is_empty() => message.into(),
        None => format!("`{key}`{}: {message}", place.around()),
    }
}

/// Says that a key is unknown, with the nearest known one, or all of them.
pub(super) fn unknown_key(key: &str, known: &[&str], around: &str) -> String {
    match nearest(key, known) {
        Some(near) => format!("unknown key `{key}`{around}; did you mean `{near}`?"),
        None => format!("unknown key `{key}`{around}; use {}", either(known)),
    }
}

/// The known name that is closest to this one, if one is close.
pub(crate) fn nearest<'k>(wanted: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted.to_lowercase(), &name.to_lowercase()), *name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(closeness, _)| *closeness > 0.7)
        .map(|(_, name)| name)
}

/// The names that serde puts between backticks.
pub(super) fn ticked(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// `a`, `b` or `c`.
pub(super) fn either(names: &[&str]) -> String {
    let ticked: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match ticked.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "no key at all".into(),
    }
}

/// serde's names of values and types in everyday words.
pub(super) fn plainly(words: &str) -> String {
    for (from, to) in
        [("string ", "the text "), ("integer ", "the number "), ("floating point ", "the number "), ("boolean ", "")]
    {
        if let Some(value) = words.strip_prefix(from) {
            return format!("{to}{}", value.trim_matches('`'));
        }
    }
    match words {
        "map" | "a map" => "a table",
        "sequence" => "a list",
        "a sequence" => "a list, in square brackets",
        "a string" => "text, in quotes",
        "a boolean" => "true or false",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "f64" => "a number",
        "unit variant" => "a bare name",
        other => other,
    }
    .into()
}

fn advice(key: &str) -> String {
    match example(key) {
        Some(example) => format!("write it as in `{key} = {example}`"),
        None => "add it".into(),
    }
}

fn example(key: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == key).map(|(_, example)| *example)
}

impl Place {
    /// The nearest key on the way.
    fn key(&self) -> &str {
        self.steps.iter().rev().find(|step| !is_place(step)).map_or("", String::as_str)
    }

    /// ` in [[pools]]`, or nothing at the top.
    fn around(&self) -> String {
        let last = self.steps.iter().rposition(|step| !is_place(step)).unwrap_or(0);
        match &self.steps[..last] {
            [] => String::new(),
            outer => format!(" in {}", thing(outer)),
        }
    }

    /// The thing itself, to begin a sentence with.
    fn itself(&self) -> String {
        if self.steps.is_empty() { "the file".into() } else { thing(&self.steps) }
    }
}

fn is_place(step: &str) -> bool {
    step.bytes().all(|b| b.is_ascii_digit())
}

/// `members` of `[[pools]]`.
fn thing(steps: &[String]) -> String {
    let listed = steps.get(1).is_some_and(|step| is_place(step));
    let top = if listed { format!("[[{}]]", steps[0]) } else { format!("[{}]", steps[0]) };
    match steps.iter().skip(1).rfind(|step| !is_place(step)) {
        Some(inner) => format!("`{inner}` of {top}"),
        None => top,
    }
}
