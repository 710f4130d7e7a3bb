//! What is written whole or not at all.

use async_trait::async_trait;

use super::dialect::Connection;
use super::failure::Failure;

/// Something that is written whole or not at all.
#[async_trait]
pub(super) trait Unit: Send + Sync + Sized + 'static {
    /// What the caller learns once it is committed.
    type Answer: Send + 'static;

    /// About how many rows it writes.
    fn weight(&self) -> usize;

    /// Writes it. Where the database says that it came in the way of another, it is written once
    /// more, after all of it was undone.
    async fn write(&self, connection: &mut Connection) -> Result<Self::Answer, Failure>;
}
