//! Calls and functions in a source, told by their text alone: enough for names that stand in
//! a call as they are, and no parser of the language.

/// The texts that begin one argument in calls of this function; `place` counts from 0 and
/// leaves out what stands before the dot of a method.
pub(super) fn texts<'a>(source: &'a str, function: &str, place: usize) -> impl Iterator<Item = &'a str> {
    source.match_indices(function).filter_map(move |(at, _)| {
        let after = source[at + function.len()..].strip_prefix('(')?;
        let text = arguments(after).nth(place)?.trim_start().strip_prefix('"')?;
        let text = text.split_once('"')?.0;
        let part = !function.starts_with('.') && goes_on(&source[..at]);
        (!part && !text.contains('\\')).then_some(text)
    })
}

/// Whether what comes next is the rest of a longer name, or of one in a module that writes to
/// the record and takes texts of another kind.
fn goes_on(before: &str) -> bool {
    before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') || before.ends_with("effects::")
}

/// The functions of a source that have an argument of this name, and its place after `self`.
pub(super) fn with_argument<'a>(source: &'a str, name: &str) -> impl Iterator<Item = (&'a str, usize)> {
    let named = format!("{name}:");
    source.split("fn ").skip(1).filter_map(move |text| {
        let (function, after) = text.split_once('(')?;
        // The brackets of a generic type hold commas, too: only a name and a colon begin one.
        let mut own = arguments(after).map(str::trim_start).filter(|argument| is_named(argument));
        let place = own.position(|argument| argument.starts_with(&named))?;
        is_name(function).then_some((function, place))
    })
}

/// What stands between the commas up to the bracket that closes a call.
fn arguments(after_bracket: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(after_bracket);
    std::iter::from_fn(move || {
        let text = rest?;
        let (end, is_last) = end_of_argument(text);
        rest = (!is_last).then(|| &text[end + 1..]);
        Some(&text[..end])
    })
}

/// Where the first argument ends, and whether no other comes after it.
fn end_of_argument(text: &str) -> (usize, bool) {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return (at, true),
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return (at, false),
            _ => {}
        }
    }
    (text.len(), true)
}

fn is_named(argument: &str) -> bool {
    argument.split_once(':').is_some_and(|(name, _)| is_name(name.strip_prefix("mut ").unwrap_or(name)))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_counted_past_calls_and_commas_in_texts() {
        let source = r#"place(f(a, [b, "x, ("]), "second", ["third", d].concat()) replace(a, "no")"#;
        assert_eq!(texts(source, "place", 1).collect::<Vec<_>>(), ["second"]);
        assert_eq!(texts(source, "place", 2).count(), 0);
    }

    #[test]
    fn a_call_that_never_ends_has_no_such_argument() {
        assert_eq!(texts("place(a, (b", "place", 2).count(), 0);
        assert_eq!(texts("place(", "place", 0).count(), 0);
    }

    #[test]
    fn an_argument_of_a_function_is_counted_after_self_and_past_generic_types() {
        let source =
            "fn one(&mut self, map: &Map<A, B>, branch: &str) {} fn two(branch: &str) {} fn no(branches: &[A]) {}";
        assert_eq!(with_argument(source, "branch").collect::<Vec<_>>(), [("one", 1), ("two", 0)]);
    }
}
