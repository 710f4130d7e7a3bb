//! Those who call `POST /v1/route`: 64 connections, dealt over all tenants and all hosts, as by a
//! balancer that knows nothing of tenants. Each is a thread that sleeps until it is answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rota_tests::callers::Waits;
use rota_tests::http1::{Kept, post, route};

/// How many call at once.
pub(crate) const CONNECTIONS: usize = 64;

/// Whom to call, and as whom.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    /// Of each host.
    pub(crate) addresses: &'a [SocketAddr],
    /// Of each tenant.
    pub(crate) tokens: &'a [String],
}

/// What became of some seconds of calls.
pub(crate) struct Answered {
    pub(crate) waits: Waits,
    /// Calls that were answered otherwise than with 200, by what they were answered with.
    pub(crate) refused: Vec<u16>,
    pub(crate) time: Duration,
}

impl Target<'_> {
    /// Calls for so long, each lead with a key of its own; no lead comes twice.
    pub(crate) fn call(&self, round: &str, length: Duration) -> Answered {
        let until = Instant::now() + length;
        let request = |token: &str, at: usize, n: usize| {
            let lead = format!("{round}-{at}-{n}");
            (Instant::now() < until)
                .then(|| route(token, &lead, &format!(",\"idempotency_key\":\"{lead}\",\"timeout_ms\":30000")))
        };
        self.ask(&request)
    }

    /// Calls once about each of so many contacts of the CRM, whose ids count from this one.
    pub(crate) fn contacts(&self, first: usize, count: usize) -> Answered {
        let next = AtomicUsize::new(0);
        let request = |token: &str, _: usize, _: usize| {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let body = format!(
                "{{\"lead\":{{\"id\":\"hs:contact:{}\",\"object\":\"contact\",\"properties\":{{\"email\":\"p{n}@x.example\",\
                 \"country\":\"US\"}}}},\"timeout_ms\":30000}}",
                first + n
            );
            (n < count).then(|| post("/v1/route", &format!("authorization: Bearer {token}\r\n"), &body))
        };
        self.ask(&request)
    }

    /// Asks from all connections until there is no further request. It gets the token, the
    /// connection and the number of the call on it.
    fn ask(&self, request: &(dyn Fn(&str, usize, usize) -> Option<String> + Sync)) -> Answered {
        let began = Instant::now();
        let one = |at: usize| {
            let (mut waits, mut refused) = (Waits::default(), Vec::new());
            let token = &self.tokens[at % self.tokens.len()];
            let mut kept = Kept::connect(self.addresses[at % self.addresses.len()]);
            for n in 0.. {
                let Some(request) = request(token, at, n) else { break };
                let began = Instant::now();
                match kept.ask(&request).0 {
                    200 => waits.0.push(began.elapsed()),
                    status => refused.push(status),
                }
            }
            (waits, refused)
        };
        let (waits, refused): (Vec<Waits>, Vec<Vec<u16>>) = thread::scope(|scope| {
            let one = &one;
            let callers: Vec<_> = (0..CONNECTIONS).map(|at| scope.spawn(move || one(at))).collect();
            callers.into_iter().map(|caller| caller.join().expect("a caller ends well")).unzip()
        });
        Answered { waits: waits.into_iter().collect(), refused: refused.concat(), time: began.elapsed() }
    }
}
