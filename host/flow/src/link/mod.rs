//! How a connection stands: known to its courier, who acts on it, and to whoever asks. Hosts of
//! one database tell each other when it goes out of order and when it is back.

mod notice;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rota_domain::circuit::{Circuit, Fuse, Heard, Leave, Standing};
use rota_domain::id::{ConnectionId, TenantId};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::ports::Board;
use notice::Notice;

pub use notice::is_past;

/// For how long one host alone probes a connection, before another one may take its place.
const PROBE: SignedDuration = SignedDuration::from_secs(30);

/// How long a host waits that is not the one that probes, before it looks again.
const OTHERS_PROBE: SignedDuration = SignedDuration::from_secs(1);

/// The link to one connection: whether it may be used, and what was delivered over it.
pub struct Link {
    state: Mutex<State>,
    woken: Notify,
    /// Where other hosts are told; none where there are none.
    told: Option<Told>,
}

/// The board, and the note on it that is about this link.
struct Told {
    board: Arc<dyn Board>,
    name: String,
}

struct State {
    circuit: Circuit,
    delivered: Option<Timestamp>,
    /// When somebody answered last.
    answered: Option<Timestamp>,
    /// The note as it stands on the board, as far as is known here.
    note: Option<String>,
    /// When this host wrote it last.
    written: Option<Instant>,
    /// A person has resumed it, which others do not know yet.
    resumed: bool,
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
    /// A link that may be used, of which no other host is told.
    #[must_use]
    pub fn new(fuse: Fuse, now: Timestamp) -> Self {
        let state = State {
            circuit: Circuit::new(fuse, now),
            delivered: None,
            answered: None,
            note: None,
            written: None,
            resumed: false,
        };
        Self { state: Mutex::new(state), woken: Notify::new(), told: None }
    }

    /// The same for a link that other hosts of a database have, too.
    #[must_use]
    pub fn shared(fuse: Fuse, now: Timestamp, board: Arc<dyn Board>, of: (&TenantId, &ConnectionId)) -> Self {
        let name = format!("{}{}/{}", notice::CIRCUIT, of.0, of.1);
        Self { told: Some(Told { board, name }), ..Self::new(fuse, now) }
    }

    /// How it stands.
    #[must_use]
    pub fn stand(&self) -> Stand {
        let State { circuit, delivered, .. } = &*self.state();
        Stand {
            standing: circuit.standing(),
            since: circuit.since(),
            cause: circuit.cause().map(str::to_owned),
            delivered: *delivered,
        }
    }

    /// A person has mended the cause: everything goes again, at once; on other hosts when they
    /// hear of it.
    pub fn resume(&self, now: Timestamp) {
        let mut state = self.state();
        state.circuit.close(now);
        state.resumed = true;
        drop(state);
        self.woken.notify_one();
    }

    /// How much may be sent now. Of several hosts, one probes.
    pub(crate) async fn leave(&self, now: Timestamp) -> Leave {
        let due = match self.state().circuit.standing() {
            Standing::Open(until) => until <= now,
            Standing::HalfOpen => true,
            Standing::Closed | Standing::Paused(_) => false,
        };
        match &self.told {
            Some(told) if due && !self.probes(told, now).await => {
                Leave::NotBefore(now.checked_add(OTHERS_PROBE).unwrap_or(now))
            }
            _ => self.state().circuit.leave(now),
        }
    }

    /// Takes in what was heard of a round, and whether something was delivered in it; gives
    /// how the link stands then.
    pub(crate) async fn heard(&self, heard: Vec<Heard>, delivered: bool, now: Timestamp, jitter: f64) -> Standing {
        let (standing, change) = {
            let mut state = self.state();
            if delivered {
                state.delivered = Some(now);
            }
            if heard.iter().any(|heard| matches!(heard, Heard::Answer)) {
                state.answered = Some(now);
            }
            let before = state.circuit.standing();
            for heard in heard {
                state.circuit.heard(heard, now, jitter);
            }
            let standing = state.circuit.standing();
            // What another host says stays while nothing changes here: its trouble may be its own.
            let changes = standing != Standing::HalfOpen && standing != before;
            let new = Notice::of(&state.circuit, now).map(|notice| notice.text());
            (standing, (changes && new != state.note).then(|| (state.note.clone(), new)))
        };
        if let (Some(told), Some((old, new))) = (&self.told, change) {
            self.write(told, old, new).await;
        }
        standing
    }

    /// Takes in what stands on the board about this link, where that was asked at `read`: what
    /// was written here since then is newer.
    pub async fn told(&self, notes: &BTreeMap<String, String>, read: Instant, now: Timestamp) {
        let Some(told) = &self.told else { return };
        let there = notes.get(&told.name);
        let resumed = {
            let mut state = self.state();
            if state.written.is_some_and(|written| written >= read) {
                return;
            }
            std::mem::take(&mut state.resumed)
        };
        if resumed && there.is_some() {
            self.write(told, there.cloned(), None).await;
        } else if self.state().follow(there, now) {
            self.woken.notify_one();
        }
    }

    /// Waits for a person who resumes it, or another host that found it answering.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Whether this host is the one that probes, from now on if nobody else does.
    async fn probes(&self, told: &Told, now: Timestamp) -> bool {
        let note = self.state().note.clone();
        let Some(mut notice) = note.as_deref().and_then(Notice::read) else { return true };
        let me = told.board.host();
        match &notice.probe {
            Some((host, until)) if *until > now => return host == me,
            _ => notice.probe = Some((me.clone(), now.checked_add(PROBE).unwrap_or(now))),
        }
        self.write(told, note, Some(notice.text())).await
    }

    /// Writes what others are told; false if one of them wrote something else meanwhile, which is
    /// seen with the next look. A database that does not answer is no reason to send nothing.
    async fn write(&self, told: &Told, old: Option<String>, new: Option<String>) -> bool {
        match told.board.swap(&told.name, old.as_deref(), new.as_deref()).await {
            Ok(done) => {
                if done {
                    let mut state = self.state();
                    (state.note, state.written) = (new, Some(Instant::now()));
                }
                done
            }
            Err(error) => {
                tracing::debug!(%error, "Other hosts are not told how a connection stands");
                true
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Stands as the board says; whether it may be used again by that.
    fn follow(&mut self, note: Option<&String>, now: Timestamp) -> bool {
        if self.note.as_ref() == note {
            return false;
        }
        self.note = note.cloned();
        let Some(notice) = note.and_then(|note| Notice::read(note)) else {
            let was = self.circuit.standing() != Standing::Closed;
            self.circuit.close(now);
            return was;
        };
        // Where this host was answered since, the trouble is the other one's alone.
        if self.answered.is_none_or(|answered| answered <= notice.at) {
            self.circuit.follow(notice.standing(), notice.since, notice.opened);
        }
        false
    }
}
