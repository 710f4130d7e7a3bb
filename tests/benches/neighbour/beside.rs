//! Connections that cost a server something and bring nothing: some that only lie there, and
//! some whose reader takes its answer a little at a time.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rota_tests::http1::{Kept, get};

/// What a slow reader takes at once, and how often: 5 kB a second.
const SIP: usize = 512;
/// The pause after it.
const PAUSE: Duration = Duration::from_millis(100);

/// Who else is there while the calm tenant is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// So many tenants whose rule loops.
    Looping(usize),
    /// So many connections that were used once and are kept.
    Idle(usize),
    /// So many that read the calm tenant's log slowly.
    Readers(usize),
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Looping(0) => f.write_str("nobody"),
            Self::Looping(number) => write!(f, "{number} looping"),
            Self::Idle(number) => write!(f, "{number} idle connections"),
            Self::Readers(number) => write!(f, "{number} slow readers"),
        }
    }
}

/// So many connections that lie there until they are dropped.
pub(crate) fn idle(address: SocketAddr, number: usize) -> Vec<Kept> {
    let used = || {
        let mut kept = Kept::connect(address);
        assert_eq!(kept.ask(&get("/health", "")).0, 200);
        kept
    };
    (0..number).map(|_| used()).collect()
}

/// Reads the log from so many connections, slowly, until it is told to stop. Who is turned out
/// for that begins again.
pub(crate) fn read_slowly(address: SocketAddr, token: &str, number: usize, stop: &AtomicBool) {
    let ask = || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(get("/v1/log", token).as_bytes()).expect("it is sent");
        stream.set_nonblocking(true).expect("a socket");
        stream
    };
    let mut readers: Vec<TcpStream> = (0..number).map(|_| ask()).collect();
    while !stop.load(Ordering::Relaxed) {
        for reader in &mut readers {
            match reader.read(&mut [0; SIP]) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => *reader = ask(),
            }
        }
        thread::sleep(PAUSE);
    }
}
