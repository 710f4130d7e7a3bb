//! The processes on one PostgreSQL database: each renews the note `host/<name>` every second.
//!
//! Whether a note changes is what counts, by the clock of whoever looks, so that clocks need not
//! agree. The time that stands in it only tells one that looks for the first time how old it is.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rota_domain::id::HostId;
use rota_flow::ports::{Board, StoreError};
use tokio::time::Instant;

use super::{Found, Notes};

/// After so long without a change, a process counts as dead.
const DEAD: Duration = Duration::from_secs(10);

/// For so long after it began to renew its note, nobody can take a process for dead.
pub(super) const SURE: Duration = Duration::from_secs(8);

/// By how much clocks of hosts may differ.
const SKEW: Duration = Duration::from_secs(5);

/// The names of these notes.
const HOST: &str = "host/";

/// A note that was seen: what it said, when that was seen first, and how old it was then.
struct Seen {
    body: String,
    since: Instant,
    before: Duration,
}

/// The notes of this database's processes.
pub(super) struct Beats {
    me: HostId,
    seen: BTreeMap<HostId, Seen>,
    /// Whether it has looked before: from then on it knows by itself how old a note is.
    looked: bool,
}

impl Beats {
    /// Nobody is known yet.
    pub(super) fn new(me: HostId) -> Self {
        Self { me, seen: BTreeMap::new(), looked: false }
    }

    /// Renews this process's note, and looks at the others'.
    pub(super) async fn look(
        &mut self,
        board: &dyn Board,
        notes: &Notes,
        wall: Timestamp,
        now: Instant,
    ) -> Result<Found, StoreError> {
        let name = format!("{HOST}{}", self.me);
        let mine = notes.get(&name).map(String::as_str);
        let renewed = wall.as_microsecond().to_string();
        let there = board.swap(&name, mine, Some(&renewed)).await?;
        let lost = !there || (mine.is_none() && self.looked);
        if !there {
            board.swap(&name, None, Some(&renewed)).await?;
        }
        Ok(Found { lost, ..self.judge(notes, wall, now) })
    }

    /// Who lives, and who died.
    fn judge(&mut self, notes: &Notes, wall: Timestamp, now: Instant) -> Found {
        let others: BTreeMap<HostId, &String> = notes
            .iter()
            .filter_map(|(name, body)| Some((HostId::from(name.strip_prefix(HOST)?), body)))
            .filter(|(host, _)| *host != self.me)
            .collect();
        self.seen.retain(|host, seen| others.get(host).is_some_and(|body| **body == seen.body));
        let mut found = Found::default();
        let looked = std::mem::replace(&mut self.looked, true);
        for (host, body) in others {
            let seen = self.seen.entry(host.clone()).or_insert_with(|| Seen {
                body: body.clone(),
                since: now,
                before: if looked { Duration::ZERO } else { age(body, wall) },
            });
            if seen.before + now.saturating_duration_since(seen.since) >= DEAD {
                found.died.push(host);
            } else {
                found.alive.insert(host);
            }
        }
        found
    }

    /// Removes the note of one that is dead, if it did not change meanwhile.
    pub(super) async fn bury(&mut self, board: &dyn Board, notes: &Notes, host: &HostId) -> Result<(), StoreError> {
        let name = format!("{HOST}{host}");
        board.swap(&name, notes.get(&name).map(String::as_str), None).await?;
        Ok(())
    }

    /// Removes this process's own note.
    pub(super) async fn leave(&self, board: &dyn Board) {
        let name = format!("{HOST}{}", self.me);
        let Ok(notes) = board.notes().await else { return };
        // If it stays, the others find out.
        let _ = board.swap(&name, notes.get(&name).map(String::as_str), None).await;
    }
}

/// How old a note is at least, by what it says.
fn age(body: &str, wall: Timestamp) -> Duration {
    let beat = body.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let age = beat.and_then(|beat| Duration::try_from(beat.duration_until(wall)).ok());
    age.unwrap_or_default().saturating_sub(SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn notes(beats: &[(&str, i64)]) -> Notes {
        let note = |(host, second): &(&str, i64)| (format!("host/{host}"), wall(*second).as_microsecond().to_string());
        beats.iter().map(note).collect()
    }

    #[test]
    fn a_host_is_dead_when_its_note_has_not_changed_for_ten_seconds_of_who_looks() {
        let (mut beats, began) = (Beats::new("me".into()), Instant::now());
        // The clock of `a` is half an hour behind, which says nothing once it has been seen to change.
        for second in [0, 1] {
            let found = beats.judge(&notes(&[("a", 100 + second), ("me", 0)]), wall(100), began);
            assert_eq!(found, Found { alive: [HostId::from("a")].into(), died: vec![], lost: false });
        }
        let stands = notes(&[("a", 101)]);
        let found = beats.judge(&stands, wall(2_000), began + Duration::from_secs(9));
        assert_eq!(found.died, [], "nine seconds are not ten");
        assert_eq!(beats.judge(&stands, wall(2_000), began + DEAD).died, [HostId::from("a")]);
        let again = notes(&[("a", 102)]);
        assert_eq!(beats.judge(&again, wall(2_000), began + DEAD).died, [], "it lives after all");
    }

    #[test]
    fn who_looks_for_the_first_time_believes_a_note_that_says_it_is_old() {
        let first = |second| Beats::new("me".into()).judge(&notes(&[("a", second)]), wall(100), Instant::now()).died;
        assert_eq!(first(99), []);
        assert_eq!(first(86), [], "clocks may differ by five seconds");
        assert_eq!(first(85), [HostId::from("a")]);
    }
}
