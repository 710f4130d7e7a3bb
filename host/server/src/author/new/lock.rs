//! The versions that a new rule begins with: those of this build's own lock file, so that the
//! first build takes what was tested and, on the machine that built `rota`, needs no network.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use toml::{Table, Value};

const LOCK: &str = include_str!("../../../../../Cargo.lock");

/// The part of the lock file that the SDK needs. Cargo adds the rule itself.
pub(super) fn pruned() -> Result<String> {
    prune(LOCK, "rota-sdk")
}

fn prune(lock: &str, root: &str) -> Result<String> {
    let mut lock: Table = toml::from_str(lock).context("the lock file of this build")?;
    let packages = lock.get_mut("package").and_then(Value::as_array_mut).context("packages of the lock file")?;
    let mut wanted = vec![root.to_owned()];
    let mut kept = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        for (place, package) in packages.iter().enumerate() {
            if is(package, &name) && kept.insert(place) {
                let needs = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
                wanted.extend(needs.filter_map(Value::as_str).map(str::to_owned));
            }
        }
    }
    let mut place = 0;
    packages.retain(|_| {
        place += 1;
        kept.contains(&(place - 1))
    });
    toml::to_string(&lock).context("writing the lock file")
}

/// Whether a package is the one that a dependency names: by its name, and by its version
/// where the name is not enough.
fn is(package: &Value, named: &str) -> bool {
    let mut parts = named.split(' ');
    let says =
        |key: &str, part: Option<&str>| part.is_none_or(|part| package.get(key).and_then(Value::as_str) == Some(part));
    says("name", parts.next()) && says("version", parts.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sdk_does_not_need_is_left_out() {
        let lock = r#"
version = 4
[[package]]
name = "rota-sdk"
version = "0.1.0"
dependencies = ["a", "b 2.0.0"]
[[package]]
name = "a"
version = "1.0.0"
[[package]]
name = "b"
version = "1.0.0"
[[package]]
name = "b"
version = "2.0.0"
[[package]]
name = "wasmtime"
version = "48.0.0"
"#;
        let pruned: Table = toml::from_str(&prune(lock, "rota-sdk").unwrap()).unwrap();
        let names: Vec<_> = pruned["package"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| (&package["name"], &package["version"]))
            .collect();
        let names: Vec<_> =
            names.iter().filter_map(|(name, version)| Some((name.as_str()?, version.as_str()?))).collect();
        assert_eq!(names, [("rota-sdk", "0.1.0"), ("a", "1.0.0"), ("b", "2.0.0")]);
    }
}
