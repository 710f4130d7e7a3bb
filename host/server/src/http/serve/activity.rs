//! What happens on a connection: whether a request is under way, whether there ever was one,
//! and whether it has to go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// One connection's; the same for all clones.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<Happens>);

#[derive(Default)]
struct Happens {
    under_way: AtomicUsize,
    asked: AtomicBool,
    end: Notify,
}

/// A request under way, until the last clone is dropped.
#[derive(Clone)]
pub(in crate::http) struct UnderWay(#[expect(dead_code, reason = "it is there to be dropped")] Arc<Ends>);

struct Ends(Activity);

impl Activity {
    /// A request is under way from now on.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.asked.store(true, Ordering::Relaxed);
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::new(Ends(self.clone())))
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.0.under_way.load(Ordering::Relaxed) > 0
    }

    /// Whether there ever was a request.
    pub(super) fn has_asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Has the connection end.
    pub(super) fn end(&self) {
        self.0.end.notify_one();
    }

    /// Waits until it is told to end while no request is under way.
    pub(super) async fn ended(&self) {
        loop {
            self.0.end.notified().await;
            if !self.is_busy() {
                return;
            }
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
