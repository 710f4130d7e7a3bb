//! Cargo, run so that two machines with one toolchain get the same bytes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::toolchain::{self, TARGET, Way};

/// With the names of functions, so that a panic can say where it was, and without paths or
/// lines. Panics trap at once: unwinding has nowhere to go. Level 2 decides an eighth faster
/// than `s` does, and is a fifth larger.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2"),
    ("CARGO_PROFILE_RELEASE_LTO", "true"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "debuginfo"),
];
/// A small stack keeps the memory small, which makes instances cheaper.
const STACK: &str = "-Clink-arg=-zstack-size=65536";

/// What cargo knows of a plugin's crate.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

/// A line of what cargo prints while it builds.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Compiles the plugin's crate and tells where its core module is.
pub(super) fn core_module(plugin_dir: &Path, way: &Way) -> Result<PathBuf> {
    let manifest = plugin_dir.join("Cargo.toml");
    let manifest = manifest.canonicalize().with_context(|| {
        format!("{} is not there: `rota build` builds rules written in Rust; put the manifest into a component of another language with `rota embed`", manifest.display())
    })?;
    let metadata = metadata(&manifest)?;
    // Its own folder, since the one beside it may be locked by the cargo that runs `rota`.
    let target_dir = metadata.target_directory.join("guests");
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--lib", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target_dir)
        .envs(PROFILE)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(way, &metadata, &target_dir)?)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if let Way::Std { rustc, linker, .. } = way {
        command
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("PATH", path_with(linker)?);
    }
    let done = command.output().context("`cargo` cannot be run: install Rust from https://rustup.rs")?;
    ensure!(done.status.success(), "{} does not compile; cargo says why above", manifest.display());
    module_of(&manifest, &done.stdout)
}

fn metadata(manifest: &Path) -> Result<Metadata> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
    let said = toolchain::output(command.arg(manifest))?;
    serde_json::from_str(&said).context("what `cargo metadata` prints cannot be read")
}

/// The last path that begins with a prefix decides, so the widest stand first.
fn flags(way: &Way, metadata: &Metadata, target_dir: &Path) -> Result<OsString> {
    let cargo_home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir().context("neither CARGO_HOME nor HOME is set")?.join(".cargo"),
    };
    let mut prefixes = vec![(cargo_home.clone(), "/cargo")];
    // Below this folder is one for each registry, named after where its index was found.
    let registries = std::fs::read_dir(cargo_home.join("registry/src")).into_iter().flatten();
    prefixes.extend(registries.filter_map(|entry| Some((entry.ok()?.path(), "/crates"))));
    prefixes.push((way.compiler().sysroot.join("lib/rustlib/src/rust"), "/rust"));
    prefixes.push((metadata.workspace_root.clone(), "/plugin"));
    prefixes.push((target_dir.to_owned(), "/target"));
    let mut flags = OsString::from(STACK);
    for (from, to) in prefixes {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    Ok(flags)
}

fn path_with(folder: &Path) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()].into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).with_context(|| format!("{} cannot stand in PATH", folder.display()))
}

/// The module among what cargo says it made.
fn module_of(manifest: &Path, said: &[u8]) -> Result<PathBuf> {
    let said = String::from_utf8_lossy(said);
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut made = messages
        .filter(|message| message.reason == "compiler-artifact" && message.manifest_path == manifest)
        .flat_map(|message| message.filenames);
    let module = made.rfind(|file| file.extension().is_some_and(|kind| kind == "wasm"));
    module
        .with_context(|| format!("{} makes no module: say `crate-type = [\"cdylib\"]` under [lib]", manifest.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"{"reason":"compiler-artifact","manifest_path":"/other/Cargo.toml","filenames":["/t/other.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/mine/Cargo.toml","filenames":["/t/mine.wasm","/t/libmine.rlib"]}
{"reason":"build-finished","success":true}"#;

    #[test]
    fn the_module_is_the_one_of_the_plugins_own_crate() {
        let module = module_of(Path::new("/mine/Cargo.toml"), SAID.as_bytes()).unwrap();
        assert_eq!(module, Path::new("/t/mine.wasm"));
    }

    #[test]
    fn a_crate_without_a_cdylib_is_told_what_to_say() {
        let error = module_of(Path::new("/third/Cargo.toml"), SAID.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("crate-type = [\"cdylib\"]"), "{error}");
    }
}
