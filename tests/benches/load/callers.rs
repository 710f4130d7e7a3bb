//! Those who call: connections that are kept alive, on a thread of their own, with a client
//! that does no more than it has to, since its work is on the same processors.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rota_tests::http1::{post, route, whole};
use rota_tests::server::{PORTAL, PUBLIC_URL, SECRET};
use rustix::time::{ClockId, clock_gettime};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{CONNECTIONS, What};

/// Events in one webhook.
const EVENTS: usize = 10;

/// Whom to call, with what.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) what: What,
    pub(crate) address: SocketAddr,
    /// Of each tenant.
    pub(crate) tokens: &'a [String],
    /// Which round it is: no lead comes twice.
    pub(crate) round: usize,
}

/// What became of a run.
pub(crate) struct Run {
    leads: usize,
    time: Duration,
    /// Processor time of everything in this process, and of the callers' thread alone.
    processor: [Duration; 2],
    /// Of each request, in order of length.
    waits: Vec<Duration>,
}

impl Run {
    /// Leads a second.
    pub(crate) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let leads = self.leads as f64;
        leads / self.time.as_secs_f64()
    }

    fn percentile(&self, percent: usize) -> Duration {
        let place = (self.waits.len() * percent / 100).min(self.waits.len().saturating_sub(1));
        self.waits.get(place).copied().unwrap_or_default()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1e3;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let leads = self.leads.max(1) as f64;
        let [all, callers] = self.processor.map(|time| time.as_secs_f64() * 1e6 / leads);
        write!(
            f,
            "{:>6.0} leads/s, p50 {:.1} ms, p99 {:.1} ms, processor {:.0} µs a lead and {callers:.0} of the callers",
            self.rate(),
            ms(50),
            ms(99),
            all - callers
        )
    }
}

/// Calls for as long as that, from all connections.
pub(crate) fn run(target: &Target<'_>, time: Duration) -> Run {
    std::thread::scope(|scope| scope.spawn(|| calls(target, time)).join().expect("the callers end well"))
}

fn calls(target: &Target<'_>, time: Duration) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (began, processor) = (Instant::now(), processor());
        let until = began + time;
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                let tenant = n % target.tokens.len();
                let caller = Caller {
                    what: target.what,
                    tenant,
                    token: target.tokens[tenant].clone(),
                    place: format!("{}-{n}", target.round),
                    address: target.address,
                };
                tokio::spawn(caller.call(until))
            })
            .collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await.expect("a caller ends well"));
        }
        waits.sort_unstable();
        let each = if target.what == What::Webhook { EVENTS } else { 1 };
        let spent = self::processor();
        let processor = [0, 1].map(|n| spent[n].saturating_sub(processor[n]));
        Run { leads: waits.len() * each, time: began.elapsed(), processor, waits }
    })
}

/// Processor time so far: of this process, and of this thread.
fn processor() -> [Duration; 2] {
    [ClockId::ProcessCPUTime, ClockId::ThreadCPUTime].map(|clock| {
        let time = clock_gettime(clock);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    })
}

/// One connection.
struct Caller {
    what: What,
    tenant: usize,
    token: String,
    place: String,
    address: SocketAddr,
}

impl Caller {
    async fn call(self, until: Instant) -> Vec<Duration> {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let (mut waits, mut answer) = (Vec::new(), Vec::with_capacity(4 << 10));
        let mut n = 0;
        while Instant::now() < until {
            let request = self.request(n);
            n += 1;
            let began = Instant::now();
            stream.write_all(request.as_bytes()).await.expect("it is sent");
            let status = read(&mut stream, &mut answer).await;
            waits.push(began.elapsed());
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        }
        waits
    }

    fn request(&self, n: usize) -> String {
        let lead = format!("{}-{n}", self.place);
        match self.what {
            What::Route | What::Keyless => {
                let key = match self.what {
                    What::Route => format!(",\"idempotency_key\":\"{lead}\""),
                    What::Keyless | What::Webhook => String::new(),
                };
                route(&self.token, &lead, &key)
            }
            What::Webhook => self.webhook(n),
        }
    }

    fn webhook(&self, n: usize) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_millis();
        let events: Vec<String> = (0..EVENTS)
            .map(|event| {
                format!(
                    "{{\"eventId\":{event},\"subscriptionType\":\"company.creation\",\"portalId\":{},\"occurredAt\":{now},\
                     \"objectId\":1{}{n}{event},\"attemptNumber\":0}}",
                    PORTAL + self.tenant,
                    self.place.replace('-', "0")
                )
            })
            .collect();
        let body = format!("[{}]", events.join(","));
        let path = "/v1/hubspot/main/webhook";
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(format!("POST{}{path}{body}{now}", PUBLIC_URL).as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        post(path, &format!("x-hubspot-signature-v3: {signature}\r\nx-hubspot-request-timestamp: {now}\r\n"), &body)
    }
}

/// Reads one answer whole, and gives its status.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.expect("an answer");
        assert!(read > 0, "the server has closed the connection");
        if let Some((status, _)) = whole(answer) {
            return status;
        }
    }
}
