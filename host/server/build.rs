//! Lists the SDK and the contract for `rota new`: neither is published, so the binary carries
//! them. Their paths are those of the repository, which the SDK's own paths rely on.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let house = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let mut files = Vec::new();
    list(&house.join("guest-sdk/rust/src"), true, &mut files)?;
    // Frozen releases below it are no part of what a rule is built against.
    list(&house.join("wit"), false, &mut files)?;
    files.sort();
    let mut text = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&house)?.display();
        writeln!(text, "    (\"{name}\", include_str!({:?})),", file.display().to_string())?;
    }
    text.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("vendored.rs"), text)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

fn list(folder: &Path, deep: bool, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        } else if deep {
            list(&path, deep, files)?;
        }
    }
    Ok(())
}
