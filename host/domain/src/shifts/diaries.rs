//! Who is busy when, by the files of reps. Decisions come one after the other, so that what comes again
//! is worked out for a whole week at once, and kept until somebody asks about another one. That changes
//! how long an answer takes and never the answer.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::icalendar::{Busy, Stretch};

const WEEK_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The diaries of a workspace's reps, by place.
#[derive(Debug, Default)]
pub(super) struct Diaries {
    all: Vec<Busy>,
    week: Mutex<Option<Arc<Week>>>,
}

/// What all diaries say of a week.
#[derive(Debug)]
pub(super) struct Week {
    number: i64,
    /// Of each diary, in order.
    busy: Vec<Vec<Stretch>>,
}

impl Diaries {
    pub(super) fn new(all: Vec<Busy>) -> Self {
        Self { all, week: Mutex::default() }
    }

    /// The week in which this instant is. None where nobody has a diary.
    pub(super) fn week(&self, at: Timestamp) -> Option<Arc<Week>> {
        if self.all.is_empty() {
            return None;
        }
        let number = at.as_second().div_euclid(WEEK_SECONDS);
        let mut kept = self.week.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(week) if week.number == number => Some(week.clone()),
            _ => {
                let begin = Timestamp::from_second(number * WEEK_SECONDS).unwrap_or(Timestamp::MIN);
                let end = Timestamp::from_second((number + 1) * WEEK_SECONDS).unwrap_or(Timestamp::MAX);
                let busy = self.all.iter().map(|diary| diary.within(begin, end)).collect();
                Some(kept.insert(Arc::new(Week { number, busy })).clone())
            }
        }
    }

    /// When this diary says something else for the first time after that instant.
    pub(super) fn next_change(&self, diary: usize, after: Timestamp) -> Option<Timestamp> {
        self.all.get(diary)?.next_change(after)
    }
}

impl Week {
    /// Whether a diary has something at that instant, which is in this week.
    pub(super) fn is_busy(&self, diary: usize, at: Timestamp) -> bool {
        let Some(busy) = self.busy.get(diary) else { return false };
        let after = busy.partition_point(|(_, to)| *to <= at);
        busy.get(after).is_some_and(|(from, _)| *from <= at)
    }
}
