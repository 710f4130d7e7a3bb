//! The SDK and the contract as this binary carries them. Only the SDK's manifest differs from
//! the repository's: what it inherits from the workspace there is written out.

use anyhow::{Context, Result};
use toml::{Table, Value};

/// Path in the repository and text of each source file of the SDK and each file of the
/// contract.
pub const VENDORED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/vendored.rs"));

/// Where they lie in a rule's folder.
const FOLDER: &str = ".rota";
const SDK: &str = include_str!("../../../../../guest-sdk/rust/Cargo.toml");
const HOUSE: &str = include_str!("../../../../../Cargo.toml");
const HEADER: &str = "# The SDK of the `rota` that made this folder. Written by `rota new`.\n\n";

/// The files of the hidden folder beside a rule.
pub(super) fn files() -> Result<Vec<(String, String)>> {
    let mut files: Vec<_> =
        VENDORED.iter().map(|(path, text)| (format!("{FOLDER}/{path}"), (*text).to_owned())).collect();
    files.push((format!("{FOLDER}/guest-sdk/rust/Cargo.toml"), sdk_manifest()?));
    Ok(files)
}

/// The SDK's manifest with the versions and features of this build.
///
/// # Errors
/// If the manifests of this build do not fit together, which a test rules out.
pub fn sdk_manifest() -> Result<String> {
    let mut manifest: Table = toml::from_str(SDK).context("the SDK's manifest")?;
    let house = house()?;
    let ours = |kind: &str| house.get(kind).and_then(Value::as_table).context("the workspace's manifest");
    // The lints are the repository's own affair.
    manifest.remove("lints");
    for (kind, table) in &mut manifest {
        match kind.as_str() {
            "package" => write_out(table, ours("package")?)?,
            "dependencies" => write_out(table, ours("dependencies")?)?,
            "target" => {
                for target in table.as_table_mut().into_iter().flat_map(|targets| targets.iter_mut()) {
                    let dependencies = target.1.get_mut("dependencies").context("a target's dependencies")?;
                    write_out(dependencies, ours("dependencies")?)?;
                }
            }
            _ => {}
        }
    }
    Ok(format!("{HEADER}{}", toml::to_string(&manifest).context("writing the SDK's manifest")?))
}

/// What the workspace says of a dependency: version and features.
pub(super) fn requirement(name: &str) -> Result<Value> {
    let house = house()?;
    let found = house.get("dependencies").and_then(|dependencies| dependencies.get(name));
    found.cloned().with_context(|| format!("the workspace does not name {name}"))
}

fn house() -> Result<Table> {
    let house: Table = toml::from_str(HOUSE).context("the workspace's manifest")?;
    house.get("workspace").and_then(Value::as_table).cloned().context("the workspace's manifest")
}

/// Puts what the workspace says in the place of `x.workspace = true`.
fn write_out(table: &mut Value, ours: &Table) -> Result<()> {
    for (name, value) in table.as_table_mut().context("a table of a manifest")? {
        if value.get("workspace").is_some() {
            *value = ours.get(name).with_context(|| format!("the workspace does not say {name}"))?.clone();
        }
    }
    Ok(())
}
