//! How a connection stands: known to its courier, who acts on it, and to whoever asks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rota_domain::circuit::{Circuit, Fuse, Heard, Leave, Standing};
use tokio::sync::Notify;

/// The link to one connection: whether it may be used, and what was delivered over it.
#[derive(Debug)]
pub struct Link {
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Debug)]
struct State {
    circuit: Circuit,
    delivered: Option<Timestamp>,
}

/// A link, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Whether it may be used.
    pub standing: Standing,
    /// Since when that is so.
    pub since: Timestamp,
    /// Why it may not.
    pub cause: Option<String>,
    /// When something was delivered last, since this host carries for it.
    pub delivered: Option<Timestamp>,
}

impl Link {
    /// A link that may be used.
    #[must_use]
    pub fn new(fuse: Fuse, now: Timestamp) -> Self {
        let state = State { circuit: Circuit::new(fuse, now), delivered: None };
        Self { state: Mutex::new(state), woken: Notify::new() }
    }

    /// How it stands.
    #[must_use]
    pub fn stand(&self) -> Stand {
        let State { circuit, delivered } = &*self.state();
        Stand {
            standing: circuit.standing(),
            since: circuit.since(),
            cause: circuit.cause().map(str::to_owned),
            delivered: *delivered,
        }
    }

    /// A person has mended the cause: everything goes again, at once.
    pub fn resume(&self, now: Timestamp) {
        self.state().circuit.close(now);
        self.woken.notify_one();
    }

    /// How much may be sent now.
    pub(crate) fn leave(&self, now: Timestamp) -> Leave {
        self.state().circuit.leave(now)
    }

    /// Takes in what was heard of a round, and whether something was delivered in it; gives
    /// how the link stands then.
    pub(crate) fn heard(&self, heard: Vec<Heard>, delivered: bool, now: Timestamp, jitter: f64) -> Standing {
        let mut state = self.state();
        if delivered {
            state.delivered = Some(now);
        }
        for heard in heard {
            state.circuit.heard(heard, now, jitter);
        }
        state.circuit.standing()
    }

    /// Waits for a person who resumes it.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
