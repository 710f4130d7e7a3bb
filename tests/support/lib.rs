//! What integration tests share.

pub mod callers;
pub mod calls;
pub mod calm;
pub mod fuzz;
mod guarded;
pub mod guest;
pub mod hostile;
pub mod http1;
pub mod imports;
pub mod memory;
pub mod merciless;
pub mod party;
pub mod pooler;
pub mod postgres;
pub mod safe;
pub mod server;
pub mod simulation;
pub mod uploads;
pub mod wild;

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A database with the key beside it, as `rota serve` opens it.
///
/// # Errors
/// When it cannot be opened.
pub async fn open(database: &Path) -> Result<rota_store::SqliteStore, rota_flow::ports::StoreError> {
    rota_store::open(database, rota::keys::Master::beside(database).keys()).await
}

/// An HTTP client, with the TLS that the product uses.
#[must_use]
pub fn http() -> reqwest::Client {
    // A second test in the process finds it there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
