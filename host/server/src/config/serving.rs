//! `[serving]` in `rota.toml`: how connections and requests are served. Whoever has many
//! tenants, slow networks or a proxy in front may need other numbers than the usual ones.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::document::Document;
use crate::http;

/// The most of anything that is counted.
const COUNT_MAX: u32 = 1_000_000;
/// The most seconds of anything.
const SECONDS_MAX: u32 = 3600;

/// What differs from the usual. Every key is optional, and a whole number of at least 1: up to
/// 1,000,000 of what is counted, up to 3,600 of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serving {
    /// Open connections [usually 4096].
    pub connections: Option<u32>,
    /// Open connections from one address, but for this machine's own [usually 1024].
    pub connections_per_address: Option<u32>,
    /// Requests under way [usually 1024].
    pub requests: Option<u32>,
    /// Seconds for the head of a request [usually 10].
    pub head_seconds: Option<u32>,
    /// Seconds for the body; large ones have more, and a webhook's has 5 at most [usually 10].
    pub body_seconds: Option<u32>,
    /// Seconds for the answer, where the route does not say otherwise [usually 30].
    pub answer_seconds: Option<u32>,
    /// Seconds in which a reader has to take something of its answer [usually 15].
    pub stall_seconds: Option<u32>,
    /// Seconds for which a connection is kept on which nothing is asked [usually 75].
    pub idle_seconds: Option<u32>,
    /// Seconds for requests under way when the server is to stop [usually 25].
    pub drain_seconds: Option<u32>,
}

impl Serving {
    /// These numbers, and the usual ones for the others.
    #[must_use]
    pub fn beside_the_usual(&self) -> http::Serving {
        let usual = http::Serving::default();
        let count = |own: Option<u32>, usual: usize| own.map_or(usual, |own| own as usize);
        let time = |own: Option<u32>, usual| own.map_or(usual, |own| Duration::from_secs(own.into()));
        http::Serving {
            connections: count(self.connections, usual.connections),
            connections_per_address: count(self.connections_per_address, usual.connections_per_address),
            requests: self.requests.unwrap_or(usual.requests),
            head: time(self.head_seconds, usual.head),
            body: time(self.body_seconds, usual.body),
            answer: time(self.answer_seconds, usual.answer),
            stall: time(self.stall_seconds, usual.stall),
            idle: time(self.idle_seconds, usual.idle),
            drain: time(self.drain_seconds, usual.drain),
        }
    }

    /// Checks that every number can be used.
    pub(super) fn check(&self, document: &Document<'_>) -> Result<(), ConfigError> {
        let bounds = [
            ("connections", self.connections, COUNT_MAX),
            ("connections_per_address", self.connections_per_address, COUNT_MAX),
            ("requests", self.requests, COUNT_MAX),
            ("head_seconds", self.head_seconds, SECONDS_MAX),
            ("body_seconds", self.body_seconds, SECONDS_MAX),
            ("answer_seconds", self.answer_seconds, SECONDS_MAX),
            ("stall_seconds", self.stall_seconds, SECONDS_MAX),
            ("idle_seconds", self.idle_seconds, SECONDS_MAX),
            ("drain_seconds", self.drain_seconds, SECONDS_MAX),
        ];
        for (key, value, most) in bounds {
            let Some(value) = value.filter(|value| !(1..=most).contains(value)) else { continue };
            let what = format!("`{key}` of [serving] cannot be {value}; write a number from 1 to {most}");
            return Err(document.error(&format!("/serving/{key}"), what));
        }
        Ok(())
    }
}
