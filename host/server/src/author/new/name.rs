//! What a new rule may be called: the same name is a plugin, a folder and a crate.

use anyhow::{Result, ensure};

/// Words that are no name of a crate: Rust's own, and the crates that a rule uses.
const TAKEN: [&str; 54] = [
    "as",
    "async",
    "await",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "yield",
    "abstract",
    "alloc",
    "core",
    "proc-macro",
    "rota-sdk",
    "serde",
    "serde-json",
    "std",
    "test",
    "virtual",
    "wit-bindgen",
];

/// Whether a new rule may be called so.
pub(super) fn check(name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let begins = bytes.next().is_some_and(|first| first.is_ascii_lowercase());
    let goes_on = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    ensure!(
        begins && goes_on && !name.ends_with('-') && !name.contains("--") && name.len() <= 64,
        "`{name}` is no name for a rule: begin with a letter, and use lower-case letters, digits and single hyphens, \
         at most 64, such as `by-country`"
    );
    ensure!(
        !TAKEN.contains(&name),
        "`{name}` means something else in Rust: call the rule otherwise, `{name}-rule` say"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_and_hosts_take_are_taken() {
        for name in ["by-country", "a", "r2"] {
            check(name).unwrap();
        }
    }

    #[test]
    fn other_names_are_refused_with_what_would_be_right() {
        for name in ["", "By-Country", "2nd", "-a", "a-", "a--b", "a/b", "..", "größe", "a_b", &"a".repeat(65)] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("such as `by-country`"), "{name}: {error}");
        }
        assert!(check("match").unwrap_err().to_string().contains("match-rule"));
    }
}
