//! Traces, made of the lines about requests and leads, and sent to a collector. They are off
//! unless the environment names one as OpenTelemetry's specification says
//! (`OTEL_EXPORTER_OTLP_ENDPOINT` and its kin); off, nothing listens and no line is made. A
//! collector that is slow or away costs spans and never a lead.

mod parent;
mod spans;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use rota_crm::otlp::{Collector, Span};
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;

use crate::lines::Fields;
use spans::{Book, Line};

pub use parent::{NoParent, Parent};

/// What lines about requests are called in a filter.
pub(crate) const REQUESTS: &str = "rota::request";
/// Lines that may wait to be sent; more are left out.
const WAITING: usize = 16_384;
/// How long lines are gathered.
const GATHERED: Duration = Duration::from_millis(500);
/// The most spans in one message.
const MOST: usize = 512;

enum Said {
    Line(Map<String, Value>),
    End,
}

/// Takes lines to the collector's thread.
pub struct Spans {
    lines: SyncSender<Said>,
    dropped: Arc<AtomicU64>,
}

/// Sends what is left when it is dropped.
pub struct Sending {
    lines: SyncSender<Said>,
    thread: Option<JoinHandle<()>>,
}

/// Which lines become spans.
#[must_use]
pub fn targets() -> Targets {
    Targets::new().with_target("rota::lead", Level::DEBUG).with_target(REQUESTS, Level::DEBUG)
}

/// Begins to send, where these variables name a collector.
///
/// # Errors
/// When it cannot be used: why, and what to do.
pub fn begin(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<(Spans, Sending)>> {
    let Some(collector) = collector(variable)? else { return Ok(None) };
    let (lines, taken) = sync_channel(WAITING);
    let dropped = Arc::new(AtomicU64::new(0));
    let left_out = Arc::clone(&dropped);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime for traces")?;
    let thread = std::thread::Builder::new().name("rota-traces".into()).spawn(move || {
        runtime.block_on(send(&collector, &taken, &left_out));
    });
    let thread = Some(thread.context("the machine grants no thread for traces")?);
    Ok(Some((Spans { lines: lines.clone(), dropped }, Sending { lines, thread })))
}

fn collector(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Collector>> {
    let variable = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let off = variable("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || variable("OTEL_TRACES_EXPORTER").is_some_and(|text| text == "none");
    let whole = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let base = || Some(format!("{}/v1/traces", variable("OTEL_EXPORTER_OTLP_ENDPOINT")?.trim_end_matches('/')));
    let Some(url) = whole.or_else(base).filter(|_| !off) else { return Ok(None) };
    let service = variable("OTEL_SERVICE_NAME").unwrap_or_else(|| "rota".into());
    let headers = variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS").or_else(|| variable("OTEL_EXPORTER_OTLP_HEADERS"));
    let headers = headers.unwrap_or_default();
    let headers: Vec<(String, String)> = headers
        .split(',')
        .filter_map(|one| one.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let collector = Collector::new(&url, &service, &headers);
    Ok(Some(collector.context("traces cannot be sent: correct OTEL_EXPORTER_OTLP_ENDPOINT, or unset it")?))
}

impl<S: Subscriber> Layer<S> for Spans {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        // Who decides leads never waits for a collector.
        if self.lines.try_send(Said::Line(fields.0)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.lines.send(Said::End).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// Sends spans until the end, some at a time.
async fn send(collector: &Collector, lines: &Receiver<Said>, dropped: &AtomicU64) {
    let mut book = Book::default();
    let mut well = true;
    while let Ok(first) = lines.recv() {
        let mut ended = matches!(first, Said::End);
        let mut spans = spans_of(&mut book, first);
        if !ended {
            std::thread::sleep(GATHERED);
        }
        while !ended {
            match lines.try_recv() {
                Ok(said) => {
                    ended = matches!(said, Said::End);
                    spans.extend(spans_of(&mut book, said));
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => ended = true,
            }
        }
        for piece in spans.chunks(MOST) {
            let sent = collector.send(piece).await;
            if let (true, Err(error)) = (well, &sent) {
                tracing::warn!(%error, "Traces are not sent; leads are decided all the same");
            }
            well = sent.is_ok();
            if !well {
                // The rest would wait as long each, and the end of the process behind it.
                break;
            }
        }
        let left_out = dropped.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(left_out, "More happened than the collector takes; traces have gaps");
        }
        if ended {
            return;
        }
    }
}

fn spans_of(book: &mut Book, said: Said) -> Vec<Span> {
    match said {
        Said::Line(fields) => book.spans(&Line(&fields)),
        Said::End => Vec::new(),
    }
}
