//! A connection whose other end has to keep up: it sends the head of a request in time, and
//! takes its answer in time. What it does between requests is for the connection's own clock.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::Activity;

/// What a reader has to take of its answer in each such time, or all of it, in bytes.
const TAKEN_MIN: usize = 16 << 10;

/// A stream with limits of time in both directions.
pub(super) struct Patient {
    stream: TcpStream,
    activity: Activity,
    head: Duration,
    stall: Duration,
    /// Until when the head of a request has to be there, while one is on its way.
    head_until: Option<Pin<Box<Sleep>>>,
    /// Until when a reader that is behind has to have taken enough, and what it took.
    taken_until: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Patient {
    pub(super) fn new(stream: TcpStream, activity: Activity, head: Duration, stall: Duration) -> Self {
        let head_until = Some(Box::pin(tokio::time::sleep(head)));
        Self { stream, activity, head, stall, head_until, taken_until: None }
    }

    /// So much was taken.
    fn took(&mut self, bytes: usize) {
        if let Some((_, taken)) = &mut self.taken_until {
            *taken += bytes;
            if *taken >= TAKEN_MIN {
                self.taken_until = None;
            }
        }
    }

    /// Nothing can be written now.
    fn is_behind<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let stall = self.stall;
        let (until, _) = self.taken_until.get_or_insert_with(|| (Box::pin(tokio::time::sleep(stall)), 0));
        ready!(until.as_mut().poll(cx));
        Poll::Ready(Err(late("the reader takes nothing")))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if self.activity.is_busy() {
            // This is the body, or what comes after it; the head is there.
            self.head_until = None;
            return read;
        }
        if read.is_ready() && into.filled().len() > before && self.head_until.is_none() {
            self.head_until = Some(Box::pin(tokio::time::sleep(self.head)));
        }
        match (&read, &mut self.head_until) {
            (Poll::Pending, Some(until)) => {
                ready!(until.as_mut().poll(cx));
                Poll::Ready(Err(late("the head of a request did not come")))
            }
            _ => read,
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            // All that there was is with the system now.
            self.taken_until = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Patient {
    fn after_write(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.is_behind(cx),
            Poll::Ready(Ok(bytes)) => {
                self.took(bytes);
                Poll::Ready(Ok(bytes))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

fn late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}
