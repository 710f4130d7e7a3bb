//! Which of the toolchains on this machine can compile for WebAssembly.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The target of every rule that is written in Rust.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";
/// Where Debian puts the compiler of its package `rustc-web`.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Both mends, since one look at the error should be enough.
const NO_TOOLCHAIN: &str = "no Rust toolchain here can compile for WebAssembly. Either add the \
    target with `rustup target add wasm32-unknown-unknown`, or, where rustup cannot fetch it on \
    Debian, install a compiler that has it with `apt-get install rustc-web rust-web-src`. Then \
    run this again";

/// A way to compile for WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The active toolchain has the target.
    Target(Compiler),
    /// Debian's compiler makes the standard library, too; the active toolchain links.
    Std {
        compiler: Compiler,
        rustc: PathBuf,
        /// The folder with `rust-lld`.
        linker: PathBuf,
    },
}

/// What one rustc says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compiler {
    /// The first line of its version.
    version: String,
    /// The kind of machine that it runs on.
    host: String,
    pub(super) sysroot: PathBuf,
}

impl Way {
    pub(super) fn compiler(&self) -> &Compiler {
        match self {
            Self::Target(compiler) | Self::Std { compiler, .. } => compiler,
        }
    }

    /// What compiles, in one line.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Target(compiler) => compiler.version.clone(),
            Self::Std { compiler, .. } => format!("{}, std from source", compiler.version),
        }
    }
}

/// Looks for a way on this machine.
pub(super) fn choose() -> Result<Way> {
    let active = Compiler::ask(Path::new("rustc"))?;
    let debian = Path::new(DEBIAN_RUSTC);
    let debian = debian.exists().then(|| Compiler::ask(debian)).transpose()?;
    first(active, debian, &|path| path.exists())
}

fn first(active: Compiler, debian: Option<Compiler>, exists: &dyn Fn(&Path) -> bool) -> Result<Way> {
    if exists(&active.sysroot.join("lib/rustlib").join(TARGET).join("lib")) {
        return Ok(Way::Target(active));
    }
    let sources = "lib/rustlib/src/rust/library/std/Cargo.toml";
    let compiler = debian.filter(|debian| exists(&debian.sysroot.join(sources)));
    let compiler = compiler.context(NO_TOOLCHAIN)?;
    let linker = active.sysroot.join("lib/rustlib").join(&active.host).join("bin");
    ensure!(
        exists(&linker.join("rust-lld")),
        "{DEBIAN_RUSTC} can compile for WebAssembly, but its linker is missing: {} should hold \
         `rust-lld`, which toolchains from rustup do. Install one with rustup, or add the target \
         with `rustup target add {TARGET}`",
        linker.display()
    );
    Ok(Way::Std { compiler, rustc: DEBIAN_RUSTC.into(), linker })
}

impl Compiler {
    fn ask(rustc: &Path) -> Result<Self> {
        let said = output(Command::new(rustc).arg("-vV"))?;
        let host = said.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(Self {
            version: said.lines().next().unwrap_or_default().to_owned(),
            host: host.unwrap_or_default().to_owned(),
            sysroot: output(Command::new(rustc).args(["--print", "sysroot"]))?.trim().into(),
        })
    }
}

/// What a command prints, if it goes well.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done =
        command.output().with_context(|| format!("`{name}` cannot be run: install Rust from https://rustup.rs"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "`{name}` failed: {}", said.trim());
    String::from_utf8(done.stdout).with_context(|| format!("what `{name}` prints is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiler(sysroot: &str) -> Compiler {
        Compiler { version: sysroot.into(), host: "here".into(), sysroot: sysroot.into() }
    }

    fn way(there: &[&str]) -> Result<Way> {
        let exists = |path: &Path| there.iter().any(|known| Path::new(known) == path);
        first(compiler("/active"), Some(compiler("/debian")), &exists)
    }

    const HAS_TARGET: &str = "/active/lib/rustlib/wasm32-unknown-unknown/lib";
    const HAS_SOURCES: &str = "/debian/lib/rustlib/src/rust/library/std/Cargo.toml";
    const HAS_LINKER: &str = "/active/lib/rustlib/here/bin/rust-lld";

    #[test]
    fn the_active_toolchain_is_taken_if_it_has_the_target() {
        let way = way(&[HAS_TARGET, HAS_SOURCES, HAS_LINKER]).unwrap();
        assert_eq!(way, Way::Target(compiler("/active")));
    }

    #[test]
    fn debians_compiler_is_the_second_choice() {
        let way = way(&[HAS_SOURCES, HAS_LINKER]).unwrap();
        assert!(matches!(&way, Way::Std { linker, .. } if linker.ends_with("here/bin")));
        assert_eq!(way.describe(), "/debian, std from source");
    }

    #[test]
    fn without_either_one_error_names_both_mends() {
        let error = way(&[HAS_LINKER]).unwrap_err().to_string();
        assert!(error.contains("rustup target add wasm32-unknown-unknown"), "{error}");
        assert!(error.contains("apt-get install rustc-web rust-web-src"), "{error}");
    }

    #[test]
    fn a_missing_linker_is_named_with_its_place() {
        let error = way(&[HAS_SOURCES]).unwrap_err().to_string();
        assert!(error.contains("/active/lib/rustlib/here/bin should hold `rust-lld`"), "{error}");
    }
}
