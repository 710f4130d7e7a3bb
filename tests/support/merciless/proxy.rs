//! A way between two that can be held up, cut and reset: connections are taken here and passed on
//! to one of its ends, in turn. It stands before the hosts, before the CRM's double, and before a
//! database.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a connection lives where there are several ends, so that a caller who keeps one does not
/// keep to one end. Cut in the middle of a request, it is one more answer that is lost.
const RENEWED: Duration = Duration::from_millis(400);

/// How a way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All goes through.
    Well,
    /// What is asked goes through, and no answer comes back until this ends.
    Stalled,
    /// The same for connections on which something was written to the CRM; others go on.
    WritesStalled,
    /// Nothing goes through either way until this ends; then all of it arrives, though whoever sent
    /// it may be gone by then.
    Held,
    /// Connections are closed, those that are there and those that come.
    Cut,
    /// The same with a reset, as after a crash of the other side's machine.
    Reset,
}

/// A way that is open; dropped, it is closed.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    ends: Arc<Ends>,
    mood: watch::Sender<Mood>,
    held: Arc<AtomicUsize>,
    /// How often the connections that were there were forgotten.
    forgotten: watch::Sender<u64>,
    listening: JoinHandle<()>,
}

/// Where connections go: a place for each that may be there, empty while it is not.
#[derive(Debug)]
struct Ends {
    places: Mutex<Vec<Option<SocketAddr>>>,
    next: AtomicUsize,
}

impl Ends {
    fn next(&self) -> Option<SocketAddr> {
        self.from(self.next.fetch_add(1, Ordering::Relaxed)).map(|(_, address)| address)
    }

    /// The first end that is there, from this place on and around; with its place.
    fn from(&self, first: usize) -> Option<(usize, SocketAddr)> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let mut around = (first..first + places.len()).map(|at| at % places.len());
        around.find_map(|at| places[at].map(|address| (at, address)))
    }

    fn several(&self) -> bool {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).len() > 1
    }
}

impl Proxy {
    /// A way to these.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn open(places: Vec<Option<SocketAddr>>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let ends = Arc::new(Ends { places: Mutex::new(places), next: AtomicUsize::new(0) });
        let (mood, held) = (watch::Sender::new(Mood::Well), Arc::new(AtomicUsize::new(0)));
        let (to, moods, counted) = (Arc::clone(&ends), mood.clone(), Arc::clone(&held));
        let forgotten = watch::Sender::new(0);
        let forgets = forgotten.clone();
        let listening = tokio::spawn(async move {
            loop {
                // Out of descriptors, say: those who call try again.
                let Ok((caller, _)) = listener.accept().await else { continue };
                let (end, mood, held) = (to.next(), moods.subscribe(), Arc::clone(&counted));
                let (several, mut forgets) = (to.several(), forgets.subscribe());
                tokio::spawn(async move {
                    let passed = pass(caller, end, mood, (&held, &mut forgets));
                    if several {
                        // An error means that its time is over.
                        let _ = tokio::time::timeout(RENEWED, passed).await;
                    } else {
                        passed.await;
                    }
                });
            }
        });
        Ok(Self { address, ends, mood, held, forgotten, listening })
    }

    /// Where it is entered.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// It is so from now on.
    pub fn be(&self, mood: Mood) {
        self.held.store(0, Ordering::SeqCst);
        self.mood.send_replace(mood);
    }

    /// The connections that are there are silent from now on, and nobody closes them, as where a
    /// firewall between forgot them; those that come are well.
    pub fn forget(&self) {
        self.forgotten.send_modify(|times| *times += 1);
    }

    /// How many answers were held back since it was stalled.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// Whether all goes through.
    #[must_use]
    pub fn is_well(&self) -> bool {
        *self.mood.borrow() == Mood::Well
    }

    /// The first end that is there, from this place on and around: its place and its address.
    #[must_use]
    pub fn from(&self, first: usize) -> Option<(usize, SocketAddr)> {
        self.ends.from(first)
    }

    /// The end of this number is there now, or nowhere.
    pub fn leads(&self, place: usize, to: Option<SocketAddr>) {
        self.ends.places.lock().unwrap_or_else(PoisonError::into_inner)[place] = to;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// One connection, from its caller to an end, until either side or the mood ends it.
async fn pass(
    mut caller: TcpStream,
    end: Option<SocketAddr>,
    mut mood: watch::Receiver<Mood>,
    (held, forgets): (&AtomicUsize, &mut watch::Receiver<u64>),
) {
    let Some(end) = end else { return };
    if matches!(*mood.borrow(), Mood::Cut | Mood::Reset) {
        return;
    }
    let Ok(mut end) = TcpStream::connect(end).await else { return };
    let (asks, answers, wrote) = (mood.clone(), mood.clone(), AtomicBool::new(false));
    let ended = {
        let ((from_caller, to_caller), (from_end, to_end)) = (caller.split(), end.split());
        tokio::select! {
            _ = async { tokio::try_join!(ask(from_caller, to_end, asks, &wrote), answer(from_end, to_caller, answers, (held, &wrote))) } => Ended::Closed,
            ends = mood.wait_for(|mood| matches!(mood, Mood::Cut | Mood::Reset)) => match ends.as_deref() {
                Ok(Mood::Reset) => Ended::Reset,
                _ => Ended::Closed,
            },
            Ok(()) = forgets.changed() => Ended::Forgotten,
        }
    };
    match ended {
        Ended::Closed => {}
        Ended::Reset => {
            // Where it cannot be set, it is closed as when it is cut.
            let _ = caller.set_zero_linger();
            let _ = end.set_zero_linger();
        }
        Ended::Forgotten => std::future::pending().await,
    }
}

/// How a connection came to its end.
enum Ended {
    Closed,
    Reset,
    Forgotten,
}

/// How requests begin that change something in the CRM.
const WRITES: [&[u8]; 4] = [b"/batch/update", b"/batch/create", b"PATCH ", b"POST /crm/v3/objects/tasks "];

async fn ask(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut mood: watch::Receiver<Mood>,
    wrote: &AtomicBool,
) -> std::io::Result<()> {
    let mut piece = vec![0; 16 << 10];
    loop {
        let length = from.read(&mut piece).await?;
        // An error means that the way is closed.
        let _ = mood.wait_for(|mood| *mood != Mood::Held).await;
        if length == 0 {
            return to.shutdown().await;
        }
        let writes = |words: &&[u8]| piece[..length].windows(words.len()).any(|part| part == *words);
        wrote.store(WRITES.iter().any(writes), Ordering::SeqCst);
        to.write_all(&piece[..length]).await?;
    }
}

async fn answer(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut mood: watch::Receiver<Mood>,
    (held, wrote): (&AtomicUsize, &AtomicBool),
) -> std::io::Result<()> {
    let mut piece = vec![0; 16 << 10];
    loop {
        let length = from.read(&mut piece).await?;
        let holds = |mood: &Mood| {
            matches!(mood, Mood::Stalled | Mood::Held) || *mood == Mood::WritesStalled && wrote.load(Ordering::SeqCst)
        };
        let now = *mood.borrow();
        if holds(&now) {
            held.fetch_add(1, Ordering::SeqCst);
            // An error means that the way is closed.
            let _ = mood.wait_for(|mood| !holds(mood)).await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}
