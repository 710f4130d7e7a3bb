//! The life of one host process. When it ends, nothing of the process goes on: whoever comes to
//! one of its gates afterwards stays there for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::Notify;

/// One life. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Life(Arc<State>);

#[derive(Default)]
struct State {
    over: AtomicBool,
    /// Gates until it ends; 0 where it does not end by itself.
    steps: AtomicU32,
    ended: Notify,
}

impl Life {
    /// A life that ends at the gate of this number; with 0, at none.
    pub(super) fn of(steps: u32) -> Self {
        let life = Self::default();
        life.0.steps.store(steps, Ordering::SeqCst);
        life
    }

    /// Passes while the process lives. Its life may end here.
    pub(super) async fn gate(&self) {
        let steps = self.0.steps.load(Ordering::SeqCst);
        if steps > 0 {
            self.0.steps.store(steps - 1, Ordering::SeqCst);
            if steps == 1 {
                self.0.over.store(true, Ordering::SeqCst);
                self.0.ended.notify_one();
            }
        }
        if self.0.over.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// It does not end by itself any more.
    pub(super) fn spare(&self) {
        self.0.steps.store(0, Ordering::SeqCst);
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) {
        self.0.ended.notified().await;
    }
}
