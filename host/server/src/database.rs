//! Which database: a file, or one on a PostgreSQL server, as it is named.

use std::fmt;
use std::path::{Path, PathBuf};

use rota_flow::ports::StoreError;
use rota_store::Keys;

/// The database, where none is named.
pub const DEFAULT: &str = "rota.db";

/// What the files that belong to a database are named after where it is none itself: they lie in
/// the directory in which the host was started.
const BESIDE_NONE: &str = "rota";

/// A database.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// One on a PostgreSQL server.
    Server {
        /// With the password, where there is one in it.
        url: String,
        /// What messages call it.
        name: String,
    },
}

impl Database {
    /// The database of this name: a path, `sqlite:` and a path, or `postgres://…`.
    ///
    /// # Errors
    /// When it is a URL of something else, or does not read.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        if name.starts_with("postgres://") || name.starts_with("postgresql://") {
            return Ok(Self::Server { url: name.into(), name: rota_store::without_password(name)? });
        }
        let file = name.strip_prefix("sqlite://").or_else(|| name.strip_prefix("sqlite:")).unwrap_or(name);
        anyhow::ensure!(
            !file.contains("://"),
            "the database that begins with `{}` is none that Rota knows: name a file such as {DEFAULT}, or postgres://user@host/name",
            file.split("://").next().unwrap_or_default()
        );
        Ok(Self::File(file.into()))
    }

    /// What the files that belong to it are named after, such as the host's keys.
    #[must_use]
    pub fn beside(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Server { .. } => Path::new(BESIDE_NONE),
        }
    }

    /// Its file.
    ///
    /// # Errors
    /// When it is on a server, with what to do there.
    pub fn file(&self) -> anyhow::Result<&Path> {
        match self {
            Self::File(path) => Ok(path),
            Self::Server { name, .. } => anyhow::bail!(
                "{name} is on a PostgreSQL server: back it up and restore it with that server's tools, such as pg_dump and pg_restore, and keep a copy of the key"
            ),
        }
    }

    /// Whether it is there, as far as that is known before it is opened.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Server { .. } => true,
        }
    }

    /// Whether both are the same.
    ///
    /// # Errors
    /// When the current directory is gone.
    pub fn is(&self, other: &Self) -> std::io::Result<bool> {
        match (self, other) {
            (Self::File(one), Self::File(other)) => Ok(std::path::absolute(one)? == std::path::absolute(other)?),
            _ => Ok(self == other),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it cannot be opened, or its keys are not there.
    pub async fn open(&self, keys: Keys) -> Result<Box<dyn rota_store::Database>, StoreError> {
        Ok(match self {
            Self::File(path) => Box::new(rota_store::open(path, keys).await?),
            Self::Server { url, .. } => Box::new(rota_store::connect(url, keys).await?),
        })
    }
}

impl From<PathBuf> for Database {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server { name, .. } => f.write_str(name),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_chosen_by_its_name_and_shows_no_password() {
        assert_eq!(Database::named("rota.db").unwrap(), Database::File("rota.db".into()));
        assert_eq!(Database::named("sqlite:/var/rota.db").unwrap(), Database::File("/var/rota.db".into()));
        let server = Database::named("postgres://rota:s3cret@db.example/leads").unwrap();
        assert_eq!(
            format!("{server} {server:?}"),
            "postgres://db.example:5432/leads Database(postgres://db.example:5432/leads)"
        );
        let error = Database::named("mysql://rota:s3cret@db.example/leads").unwrap_err().to_string();
        assert!(error.contains("`mysql`") && !error.contains("s3cret"), "{error}");
    }
}
