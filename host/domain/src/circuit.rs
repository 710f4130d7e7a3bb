//! Whether a connection may be used now: a state machine with the time as an argument.
//!
//! Closed, everything goes. After so many effects in a row without an answer it opens, and
//! nothing goes; when its wait is over, one effect probes, and what becomes of that one closes
//! it or opens it for longer. A CRM that is down for a day is asked once a minute, and costs
//! no effect an attempt. A limit pauses a connection without a probe after it.

use jiff::{SignedDuration, Timestamp};

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuse {
    /// It opens after this many effects in a row to which nobody answered.
    pub silent: u32,
    /// For how long it opens first; each time that the probe fails, for twice as long.
    pub first: SignedDuration,
    /// The longest that it opens for because nobody answered.
    pub longest: SignedDuration,
}

impl Default for Fuse {
    fn default() -> Self {
        Self { silent: 5, first: SignedDuration::from_secs(2), longest: SignedDuration::from_mins(1) }
    }
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything goes.
    Closed,
    /// Nothing goes until then; afterwards, everything.
    Paused(Timestamp),
    /// Nothing goes until then; afterwards, one probes.
    Open(Timestamp),
    /// One is on its way, and the others wait for what becomes of it.
    HalfOpen,
}

impl Standing {
    /// The standing as people and programs read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Paused(_) => "paused",
            Self::Open(_) => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// How much may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Whatever waits.
    All,
    /// One effect.
    One,
    /// Nothing before this time.
    NotBefore(Timestamp),
}

/// What was heard of the effects of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody answered at least one of them, if only to refuse it.
    Answer,
    /// Nobody answered any of so many.
    Silence {
        /// How many were sent.
        effects: u32,
        /// What the last one met.
        cause: String,
    },
    /// Too many calls: all wait until then.
    Limit {
        /// Until when.
        until: Timestamp,
        /// In the words of the other side.
        cause: String,
    },
    /// The credentials are refused: one probes after that.
    Refusal {
        /// Until when.
        until: Timestamp,
        /// In the words of the other side.
        cause: String,
    },
}

/// Why it is out of order, where another host found that: its words stay there, since they may
/// repeat what a CRM said of a person.
const ELSEWHERE: &str = "another host of this database found it out of order, and knows why";

/// One connection's circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    fuse: Fuse,
    standing: Standing,
    since: Timestamp,
    cause: Option<String>,
    /// Effects in a row that nobody answered.
    silent: u32,
    /// How often it opened in a row without an answer.
    opened: u32,
}

impl Circuit {
    /// A closed one.
    #[must_use]
    pub fn new(fuse: Fuse, now: Timestamp) -> Self {
        Self { fuse, standing: Standing::Closed, since: now, cause: None, silent: 0, opened: 0 }
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Since when it has been closed, or has not been.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Why it is not closed.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// How much may be sent now. Where that is one, the circuit is half open from here on.
    pub fn leave(&mut self, now: Timestamp) -> Leave {
        match self.standing {
            Standing::Closed => Leave::All,
            Standing::Paused(until) | Standing::Open(until) if now < until => Leave::NotBefore(until),
            Standing::Paused(_) => {
                self.close(now);
                Leave::All
            }
            Standing::Open(_) | Standing::HalfOpen => {
                self.standing = Standing::HalfOpen;
                Leave::One
            }
        }
    }

    /// Takes in what became of what was sent. `jitter` is from 0 to 1 and spreads the wait by
    /// ±20 %.
    pub fn heard(&mut self, heard: Heard, now: Timestamp, jitter: f64) {
        match heard {
            Heard::Answer => self.close(now),
            Heard::Silence { effects, cause } => {
                self.silent = self.silent.saturating_add(effects);
                if self.standing == Standing::HalfOpen || self.silent >= self.fuse.silent {
                    let until = later(now, self.wait(), jitter);
                    self.opened = self.opened.saturating_add(1);
                    self.stop(Standing::Open(until), cause, now);
                }
            }
            Heard::Limit { until, cause } => self.stop(Standing::Paused(until), cause, now),
            Heard::Refusal { until, cause } => self.stop(Standing::Open(until), cause, now),
        }
    }

    /// How often it opened in a row without an answer.
    #[must_use]
    pub fn opened(&self) -> u32 {
        self.opened
    }

    /// Stands as another one for the same connection, which is out of order since then and opened so
    /// often in a row.
    pub fn follow(&mut self, standing: Standing, since: Timestamp, opened: u32) {
        if self.cause.is_none() {
            self.cause = Some(ELSEWHERE.into());
        }
        (self.standing, self.since, self.opened) = (standing, since, opened);
        self.silent = self.fuse.silent;
    }

    /// A person has mended the cause: everything goes again.
    pub fn close(&mut self, now: Timestamp) {
        if self.standing != Standing::Closed {
            self.since = now;
        }
        self.standing = Standing::Closed;
        self.cause = None;
        self.silent = 0;
        self.opened = 0;
    }

    fn stop(&mut self, standing: Standing, cause: String, now: Timestamp) {
        if self.standing == Standing::Closed {
            self.since = now;
        }
        self.standing = standing;
        self.cause = Some(cause);
    }

    /// How long it opens this time.
    fn wait(&self) -> SignedDuration {
        let doubled = self.fuse.first.checked_mul(1 << self.opened.min(20));
        doubled.map_or(self.fuse.longest, |wait| wait.min(self.fuse.longest))
    }
}

fn later(now: Timestamp, wait: SignedDuration, jitter: f64) -> Timestamp {
    let spread = wait.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    now.checked_add(spread).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn circuit() -> Circuit {
        Circuit::new(Fuse::default(), at(0))
    }

    fn silence(effects: u32) -> Heard {
        Heard::Silence { effects, cause: "no answer".into() }
    }

    #[test]
    fn five_effects_in_a_row_without_an_answer_open_it_and_one_answer_in_between_does_not() {
        let mut circuit = circuit();
        circuit.heard(silence(4), at(1), 0.5);
        circuit.heard(Heard::Answer, at(2), 0.5);
        circuit.heard(silence(4), at(3), 0.5);
        assert_eq!(circuit.leave(at(3)), Leave::All);
        circuit.heard(silence(1), at(4), 0.5);
        assert_eq!(circuit.leave(at(4)), Leave::NotBefore(at(6)));
        assert_eq!((circuit.since(), circuit.cause()), (at(4), Some("no answer")));
    }

    #[test]
    fn after_the_wait_one_probes_and_a_failed_probe_doubles_the_wait() {
        let mut circuit = circuit();
        circuit.heard(silence(100), at(0), 0.5);
        for wait in [2, 4, 8, 16, 32, 60, 60] {
            let Standing::Open(until) = circuit.standing() else { panic!("{circuit:?}") };
            let opened = at(until.as_second() - wait);
            assert_eq!(circuit.leave(at(until.as_second() - 1)), Leave::NotBefore(until), "from {opened}");
            assert_eq!(circuit.leave(until), Leave::One);
            assert_eq!(circuit.standing(), Standing::HalfOpen);
            circuit.heard(silence(1), until, 0.5);
        }
        assert_eq!(circuit.since(), at(0), "it has been out of order since the first");
    }

    #[test]
    fn a_probe_that_is_answered_closes_it_and_the_next_opening_is_short_again() {
        let mut circuit = circuit();
        circuit.heard(silence(5), at(0), 0.5);
        assert_eq!(circuit.leave(at(10)), Leave::One);
        circuit.heard(silence(1), at(10), 0.5);
        assert_eq!(circuit.leave(at(20)), Leave::One);
        circuit.heard(Heard::Answer, at(21), 0.5);
        assert_eq!((circuit.leave(at(21)), circuit.cause()), (Leave::All, None));
        circuit.heard(silence(5), at(30), 0.5);
        assert_eq!(circuit.standing(), Standing::Open(at(32)));
    }

    #[test]
    fn a_limit_pauses_without_a_probe_and_refused_credentials_are_probed_by_one() {
        let mut circuit = circuit();
        circuit.heard(Heard::Limit { until: at(7), cause: "429".into() }, at(0), 0.5);
        assert_eq!(circuit.leave(at(6)), Leave::NotBefore(at(7)));
        assert_eq!(circuit.leave(at(7)), Leave::All);
        circuit.heard(Heard::Refusal { until: at(300), cause: "401".into() }, at(8), 0.5);
        assert_eq!(circuit.leave(at(299)), Leave::NotBefore(at(300)));
        assert_eq!(circuit.leave(at(300)), Leave::One);
    }

    #[test]
    fn one_that_follows_another_is_probed_when_that_one_would_be_and_waits_as_long_after_that() {
        let (mut circuit, mut other) = (circuit(), circuit());
        other.heard(silence(5), at(0), 0.5);
        assert_eq!(other.leave(at(2)), Leave::One);
        other.heard(silence(1), at(2), 0.5);
        circuit.follow(other.standing(), other.since(), other.opened());
        assert_eq!((circuit.leave(at(3)), circuit.since()), (Leave::NotBefore(at(6)), at(0)));
        assert_eq!(circuit.leave(at(6)), Leave::One);
        circuit.heard(silence(1), at(6), 0.5);
        assert_eq!(circuit.standing(), Standing::Open(at(14)));
    }

    #[test]
    fn a_person_closes_it_at_once() {
        let mut circuit = circuit();
        circuit.heard(silence(5), at(0), 0.5);
        circuit.close(at(1));
        assert_eq!((circuit.leave(at(1)), circuit.since()), (Leave::All, at(1)));
    }

    proptest! {
        #[test]
        fn whatever_is_heard_it_never_waits_longer_than_its_longest_and_lets_something_go_after(
            steps in proptest::collection::vec((0u8..2, 0i64..200, 1u32..9, 0.0f64..1.0), 1..60)
        ) {
            let mut circuit = circuit();
            let (mut now, mut answered_last) = (at(0), true);
            for (what, pause, effects, jitter) in steps {
                now = at(now.as_second() + pause);
                match circuit.leave(now) {
                    Leave::NotBefore(until) => {
                        prop_assert!(until > now);
                        prop_assert!(now.duration_until(until) <= SignedDuration::from_secs(72));
                        prop_assert_ne!(circuit.leave(until), Leave::NotBefore(until));
                        now = until;
                    }
                    Leave::All => prop_assert!(answered_last || circuit.silent < 5),
                    Leave::One => prop_assert!(!answered_last),
                }
                answered_last = what == 0;
                circuit.heard(if answered_last { Heard::Answer } else { silence(effects) }, now, jitter);
                prop_assert_eq!(circuit.standing() == Standing::Closed, circuit.cause().is_none());
            }
        }
    }
}
