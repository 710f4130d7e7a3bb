//! Where a server keeps compiled plugins, and the key that it knows them by.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rota_rules::{Catalogue, Key, Workshop};

/// Where compiled plugins are kept.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// The folder of compiled plugins.
    pub folder: PathBuf,
    /// The file with the key, elsewhere.
    pub key: PathBuf,
    /// The program that compiles, with its arguments: this one.
    pub program: (PathBuf, Vec<String>),
}

impl Keeping {
    /// The folder `<database>.compiled` and the key `<database>.key`.
    ///
    /// # Errors
    /// When it cannot be found out which program this is.
    pub fn beside(database: &Path) -> anyhow::Result<Self> {
        let with = |end: &str| {
            let mut path = database.as_os_str().to_owned();
            path.push(end);
            PathBuf::from(path)
        };
        Ok(Self {
            folder: with(".compiled"),
            key: with(".key"),
            program: (this_program()?, vec![crate::cli::WORKSHOP.into()]),
        })
    }

    /// The catalogue of what is kept here. Folder and key are made where they are missing.
    ///
    /// # Errors
    /// When one of them cannot be used, or the engine cannot start.
    pub fn open(&self) -> anyhow::Result<Catalogue> {
        anyhow::ensure!(
            !self.key.starts_with(&self.folder),
            "the key {} lies among what it is to protect: name another file with `compiled_key` in rota.toml",
            self.key.display()
        );
        let (program, arguments) = self.program.clone();
        Ok(Catalogue::kept(&self.folder, key(&self.key)?, Arc::new(Workshop::new(program, arguments)))?)
    }
}

/// The program that runs now, even if another one has been put in its place since.
fn this_program() -> anyhow::Result<PathBuf> {
    let itself = Path::new("/proc/self/exe");
    if itself.exists() {
        return Ok(itself.to_owned());
    }
    std::env::current_exe().context("it cannot be found out which program this is")
}

/// Reads the key; at first use, draws it.
fn key(path: &Path) -> anyhow::Result<Key> {
    let shown = path.display();
    match draw(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        drawn => drawn.with_context(|| {
            format!("cannot write the key {shown}: let the server write there, or name another file with `compiled_key` in rota.toml")
        })?,
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read the key {shown}"))?;
    let open_to = fs::metadata(path).with_context(|| format!("cannot read the key {shown}"))?.permissions().mode();
    anyhow::ensure!(
        open_to & 0o077 == 0,
        "the key {shown} is open to others, who could make this server run code of theirs: remove it, and the \
         server draws another; or if nobody can have read or changed it, take their leave away (chmod 600)"
    );
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|bytes| {
        anyhow::anyhow!(
            "the key {shown} has {} bytes instead of 32: remove it, and the server draws another and compiles its plugins again",
            bytes.len()
        )
    })?;
    Ok(bytes.into())
}

/// Writes a new key whole, or fails where there is one.
fn draw(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let unfinished = path.with_extension(format!("key-{:x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let written = file.write_all(&rand::random::<[u8; 32]>()).and_then(|()| file.sync_all());
    // A link is made only where there is no file of that name: of two servers, one is first.
    let linked = written.and_then(|()| fs::hard_link(&unfinished, path));
    let _ = fs::remove_file(&unfinished);
    linked
}
