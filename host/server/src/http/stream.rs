//! An answer that is written while it is sent: however long it is, only a few pieces of it are
//! in memory at once.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use rota_flow::ports::StoreError;
use tokio::sync::mpsc;

/// Pieces that wait to be sent.
const WAITING: usize = 2;
/// How long a reader may take none before the rest is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the pieces are put in.
pub(super) struct Pieces(mpsc::Sender<Result<Bytes, StoreError>>);

/// A body, and where its pieces are put in. It ends when that is dropped.
pub(super) fn body() -> (Pieces, Body) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Pieces(sender), Body::new(Sent(receiver)))
}

impl Pieces {
    /// Sends a piece; false if the reader is gone, or as good as gone.
    pub(super) async fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.0.send_timeout(Ok(piece.into()), PATIENCE).await.is_ok()
    }

    /// Breaks the answer off, so that nobody takes what was sent for the whole.
    pub(super) async fn fail(self, error: StoreError) {
        tracing::error!(%error, "An answer was broken off");
        // Whoever is gone already need not be told.
        let _ = self.0.send_timeout(Err(error), PATIENCE).await;
    }
}

/// The pieces as they are sent.
struct Sent(mpsc::Receiver<Result<Bytes, StoreError>>);

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
