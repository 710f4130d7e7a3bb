//! A component as it arrives: piece by piece into a file, whose digest is known at its end.

use std::fs::File;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use rota_domain::id::{Digest, TenantId};
use rota_domain::plan::Plan;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::waiting::Turn;
use super::{UploadError, Uploads, largest};

/// How long the next piece may take, and the whole.
const PIECE: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(300);

/// A component that is here whole, in a file that nobody else can find, and that is gone when
/// this is dropped.
pub struct Arrived {
    /// Its digest.
    pub digest: Digest,
    pub(super) file: File,
    pub(super) bytes: u64,
    pub(super) _turn: Turn,
}

impl Uploads {
    /// Waits for the tenant's turn, and takes the body in. `announced` is the length that the
    /// sender gives, where one is given.
    ///
    /// # Errors
    /// Why it did not arrive; then nothing of it is here.
    pub async fn receive(
        &self,
        tenant: &TenantId,
        plan: &Plan,
        announced: Option<u64>,
        body: Body,
    ) -> Result<Arrived, UploadError> {
        let room = self.room(tenant, plan).await?;
        let check = |bytes: u64| match () {
            () if bytes > largest() => Err(UploadError::TooLarge { most: largest() }),
            () if bytes > room => Err(UploadError::Quota { granted: in_words(plan) }),
            () => Ok(()),
        };
        check(announced.unwrap_or_default())?;
        let turn = self.waiting.turn(tenant).await?;
        let mut file = tokio::fs::File::from_std(tempfile::tempfile_in(&self.folder)?);
        let (mut body, mut hash, mut bytes) = (body, Sha256::new(), 0u64);
        let end = Instant::now() + WHOLE;
        while let Some(frame) = timeout_at(end, timeout(PIECE, body.frame())).await.map_err(slow)?.map_err(slow)? {
            let frame = frame.map_err(|_| UploadError::Broken)?;
            let Ok(piece) = frame.into_data() else { continue };
            bytes += piece.len() as u64;
            check(bytes)?;
            hash.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        let digest = Digest::of_hash(hash.finalize().into());
        Ok(Arrived { digest, file: file.into_std().await, bytes, _turn: turn })
    }
}

fn slow(_: tokio::time::error::Elapsed) -> UploadError {
    UploadError::Slow
}

/// What a plan grants of plugins.
pub(super) fn in_words(plan: &Plan) -> String {
    let quotas = plan.quotas();
    format!("{} plugins of {} MiB together", quotas.plugins, quotas.plugins_mib)
}
