//! What a bundled plugin was built from, as one digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// `sha256:` and the digest of everything that a bundled plugin's component is made from: its
/// own sources and manifest, the SDK beside it, and the contract. Cases, unit tests and the
/// SDK's fake world are not among it: no component holds them.
///
/// # Errors
/// If a file cannot be read.
pub fn source_digest(plugin_dir: &Path) -> Result<String> {
    let mut files = BTreeMap::new();
    for file in ["Cargo.toml", "plugin.toml", "settings.schema.json"] {
        read(&plugin_dir.join(file), &format!("plugin/{file}"), &mut files)?;
    }
    read_all(&plugin_dir.join("src"), "plugin/src", true, &mut files)?;
    let house = plugin_dir.join("../..");
    let sdk = house.join("guest-sdk/rust");
    read(&sdk.join("Cargo.toml"), "sdk/Cargo.toml", &mut files)?;
    read_all(&sdk.join("src"), "sdk/src", true, &mut files)?;
    // Frozen releases below it are not what this plugin was built against.
    read_all(&house.join("wit"), "wit", false, &mut files)?;
    Ok(digest_of(&files))
}

/// `sha256:` and the digest of these bytes.
pub(super) fn sha256(bytes: &[u8]) -> String {
    named(Sha256::digest(bytes).as_slice())
}

fn named(digest: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in digest {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    text
}

/// Each name and content with its length before it, so that nothing can move between them.
fn digest_of(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        for part in [name.as_bytes(), content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    named(hash.finalize().as_slice())
}

/// What only native tests compile: `tests.rs` of a plugin and `fake/` of the SDK.
fn is_for_tests(name: &str) -> bool {
    name.ends_with("/tests.rs") || name == "sdk/src/fake"
}

fn read(path: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let content = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    files.insert(name.to_owned(), content);
    Ok(())
}

fn read_all(folder: &Path, name: &str, deep: bool, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if is_for_tests(&name) {
            continue;
        }
        if !entry.path().is_dir() {
            read(&entry.path(), &name, files)?;
        } else if deep {
            read_all(&entry.path(), &name, deep, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> tempfile::TempDir {
        let house = tempfile::tempdir().unwrap();
        for (file, content) in [
            ("plugins/a/Cargo.toml", "a"),
            ("plugins/a/plugin.toml", "b"),
            ("plugins/a/settings.schema.json", "c"),
            ("plugins/a/src/lib.rs", "d"),
            ("plugins/a/src/tests.rs", "d"),
            ("plugins/a/cases/one.json", "e"),
            ("guest-sdk/rust/Cargo.toml", "f"),
            ("guest-sdk/rust/src/pool.rs", "g"),
            ("guest-sdk/rust/src/fake/mod.rs", "g"),
            ("wit/world.wit", "h"),
            ("wit/frozen/0.1.0/world.wit", "i"),
        ] {
            let path = house.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        house
    }

    fn digest_after_writing(file: &str) -> (String, String) {
        let house = house();
        let plugin = house.path().join("plugins/a");
        let before = source_digest(&plugin).unwrap();
        fs::write(house.path().join(file), "changed").unwrap();
        (before, source_digest(&plugin).unwrap())
    }

    #[test]
    fn sources_sdk_and_contract_change_the_digest() {
        for file in ["plugins/a/src/lib.rs", "guest-sdk/rust/src/pool.rs", "wit/world.wit"] {
            let (before, after) = digest_after_writing(file);
            assert_ne!(before, after, "{file}");
        }
    }

    #[test]
    fn cases_tests_and_frozen_releases_do_not() {
        for file in [
            "plugins/a/cases/one.json",
            "plugins/a/src/tests.rs",
            "guest-sdk/rust/src/fake/mod.rs",
            "wit/frozen/0.1.0/world.wit",
        ] {
            let (before, after) = digest_after_writing(file);
            assert_eq!(before, after, "{file}");
        }
    }

    #[test]
    fn a_byte_that_moves_from_name_to_content_changes_the_digest() {
        let one = BTreeMap::from([("ab".to_owned(), b"c".to_vec())]);
        let other = BTreeMap::from([("a".to_owned(), b"bc".to_vec())]);
        assert_ne!(digest_of(&one), digest_of(&other));
    }
}
