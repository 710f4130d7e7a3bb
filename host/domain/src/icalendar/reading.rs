//! From the bytes of a file to its events.

use std::collections::HashMap;

use jiff::tz::TimeZoneDatabase;

use super::BadLine;
use super::event::{Event, More};
use super::lines::{Line, Lines};
use super::recurrence::Recurrence;
use super::rule::Rule;
use super::value::{Length, Start, length, shown, start, starts};

/// The most bytes of a file.
pub const FILE_MAX: u64 = 16 << 20;
/// The most events of a file.
pub const EVENTS_MAX: usize = 20_000;
/// The most of them that come again by a rule.
pub const RECURRING_MAX: usize = 1_000;
/// The most days that such an event may last.
const RECURRING_DAYS_MAX: i64 = 366;
/// The most points of time that the exceptions and additions of a file name.
const LISTED_MAX: usize = 100_000;

/// What a calendar may hold besides events without changing when somebody is busy.
const PASSED_OVER: [&str; 3] = ["VTIMEZONE", "VTODO", "VJOURNAL"];

pub(super) fn read(file: &[u8]) -> Result<Vec<Event>, BadLine> {
    if u64::try_from(file.len()).is_ok_and(|len| len > FILE_MAX) {
        return Err(BadLine::new(1, format!("the file is larger than {} MiB, the most of a calendar", FILE_MAX >> 20)));
    }
    let zones = TimeZoneDatabase::bundled();
    let mut lines = Lines::new(file);
    let mut reading = Reading { zones: &zones, open: Vec::new(), draft: None, begun: false, found: Found::default() };
    while let Some(line) = lines.next().transpose()? {
        reading.line(&line)?;
    }
    if let Some((name, number)) = reading.open.last() {
        let what = format!("BEGIN:{} has no END; the file is cut off, save it anew", shown(name));
        return Err(BadLine::new(*number, what));
    }
    if !reading.begun {
        let what = "this is no iCalendar file, which begins with BEGIN:VCALENDAR; save the calendar as .ics";
        return Err(BadLine::new(lines.number().max(1), what));
    }
    Ok(reading.found.events())
}

/// A file as far as it is read.
struct Reading<'z> {
    zones: &'z TimeZoneDatabase,
    /// What has begun and not ended, with the line of each.
    open: Vec<(String, usize)>,
    draft: Option<Draft>,
    begun: bool,
    found: Found,
}

impl Reading<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), BadLine> {
        match line.name.as_str() {
            "BEGIN" => self.begin(line),
            "END" => self.end(line),
            _ => match (self.open.len(), &mut self.draft) {
                (0, _) => Err(line.wrong("this stands outside of BEGIN:VCALENDAR and END:VCALENDAR; leave it out")),
                (1, _) => calendar(line),
                (2, Some(draft)) => draft.property(line, self.zones),
                _ => Ok(()),
            },
        }
    }

    fn begin(&mut self, line: &Line<'_>) -> Result<(), BadLine> {
        let name = line.parts()?.value.to_ascii_uppercase();
        match self.open.len() {
            0 if name == "VCALENDAR" => self.begun = true,
            0 => {
                return Err(line
                    .wrong("this is no iCalendar file, which begins with BEGIN:VCALENDAR; save the calendar as .ics"));
            }
            1 if name == "VEVENT" => self.draft = Some(Draft { line: line.number, ..Draft::default() }),
            1 if PASSED_OVER.contains(&name.as_str()) || name.starts_with("X-") => {}
            1 => {
                let what = format!(
                    "`{}` is not read here; write busy times as events (VEVENT), or leave it out",
                    shown(&name)
                );
                return Err(line.wrong(what));
            }
            32 => return Err(line.wrong("there is no end of BEGIN in BEGIN; save the calendar anew")),
            _ => {}
        }
        self.open.push((name, line.number));
        Ok(())
    }

    fn end(&mut self, line: &Line<'_>) -> Result<(), BadLine> {
        let name = line.parts()?.value.to_ascii_uppercase();
        match self.open.pop() {
            Some((begun, _)) if begun == name => {}
            Some((begun, number)) => {
                let what = format!(
                    "END:{} ends what line {number} began as {}; save the calendar anew",
                    shown(&name),
                    shown(&begun)
                );
                return Err(line.wrong(what));
            }
            None => return Err(line.wrong(format!("END:{} ends what was never begun; leave it out", shown(&name)))),
        }
        match self.draft.take() {
            Some(draft) if self.open.len() == 1 => self.found.add(draft, line),
            draft => {
                self.draft = draft;
                Ok(())
            }
        }
    }
}

/// A property of the calendar itself.
fn calendar(line: &Line<'_>) -> Result<(), BadLine> {
    let value = line.parts()?.value.to_ascii_uppercase();
    match line.name.as_str() {
        "CALSCALE" if value != "GREGORIAN" => {
            Err(line.wrong(format!("its calendar scale is `{}`; only GREGORIAN is read", shown(&value))))
        }
        "METHOD" if !["PUBLISH", "REQUEST"].contains(&value.as_str()) => Err(line.wrong(format!(
            "this is a message (METHOD:{}) and no calendar; export the calendar itself",
            shown(&value)
        ))),
        _ => Ok(()),
    }
}

/// An event as far as it is read.
#[derive(Default)]
struct Draft {
    line: usize,
    uid: Option<String>,
    start: Option<Start>,
    end: Option<(Start, usize)>,
    length: Option<(Length, usize)>,
    rule: Option<(Rule, usize)>,
    /// The start of the event of the series whose place this one takes.
    instead: Option<Start>,
    besides: Vec<Start>,
    without: Vec<Start>,
    transparent: bool,
    cancelled: bool,
    /// Properties that may be there once.
    seen: Vec<String>,
}

impl Draft {
    fn property(&mut self, line: &Line<'_>, zones: &TimeZoneDatabase) -> Result<(), BadLine> {
        let once = ["UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "TRANSP", "STATUS"];
        if once.contains(&line.name.as_str()) {
            if self.seen.contains(&line.name) {
                return Err(line.wrong(format!("this event has {} twice; keep one, or make two events", line.name)));
            }
            self.seen.push(line.name.clone());
        }
        let word = |line: &Line<'_>| Ok(line.parts()?.value.to_ascii_uppercase());
        match line.name.as_str() {
            "UID" => self.uid = Some(line.parts()?.value.to_owned()),
            "DTSTART" => self.start = Some(start(line, zones)?),
            "DTEND" => self.end = Some((start(line, zones)?, line.number)),
            "DURATION" => {
                let value = line.parts()?.value;
                let what = || format!("`{}` is no length of an event; write it as in PT30M or P2D", shown(value));
                self.length = Some((length(value).ok_or_else(|| line.wrong(what()))?, line.number));
            }
            "RRULE" => {
                let rule = Rule::read(line.parts()?.value).map_err(|what| line.wrong(format!("RRULE {what}")))?;
                self.rule = Some((rule, line.number));
            }
            "EXDATE" => self.without.extend(starts(line, zones)?),
            "RDATE" => self.besides.extend(starts(line, zones)?),
            "RECURRENCE-ID" => {
                if line.parts()?.range.is_some() {
                    let what =
                        "RECURRENCE-ID with RANGE is not read here; end the rule before, and begin another event";
                    return Err(line.wrong(what));
                }
                self.instead = Some(start(line, zones)?);
            }
            "EXRULE" => return Err(line.wrong("EXRULE is not read here; write the days that fall away as EXDATE")),
            "TRANSP" => match word(line)?.as_str() {
                "OPAQUE" => {}
                "TRANSPARENT" => self.transparent = true,
                _ => return Err(line.wrong("TRANSP is neither OPAQUE nor TRANSPARENT; write one of them")),
            },
            "STATUS" => match word(line)?.as_str() {
                "CONFIRMED" | "TENTATIVE" => {}
                "CANCELLED" => self.cancelled = true,
                _ => return Err(line.wrong("STATUS is none of CONFIRMED, TENTATIVE and CANCELLED; write one of them")),
            },
            _ => {}
        }
        Ok(())
    }

    /// How long the event is, which begins so.
    fn length(&self, start: &Start) -> Result<Length, BadLine> {
        let (found, line) = match (&self.end, self.length) {
            (Some((_, line)), Some(_)) => {
                return Err(BadLine::new(*line, "this event has both DTEND and DURATION; leave one out"));
            }
            (None, Some((length, line))) => (Some(length), line),
            (Some((end, line)), None) => (between(start, end), *line),
            (None, None) => (Some(Length { days: i32::from(matches!(start, Start::Day(_))), seconds: 0 }), self.line),
        };
        let Some(length) = found else {
            let what =
                "DTEND is of another kind than DTSTART, or earlier; write both as days or both as times, the end last";
            return Err(BadLine::new(line, what));
        };
        if matches!(start, Start::Day(_)) && (length.seconds != 0 || length.days == 0) {
            let what =
                "an event of whole days ends at least a day later, since DTEND is the first day that is not of it";
            return Err(BadLine::new(line, what));
        }
        let days = i64::from(length.days) + length.seconds / 86_400;
        if self.rule.is_some() && days > RECURRING_DAYS_MAX {
            let what = "this event comes again and lasts longer than a year; make single events of it";
            return Err(BadLine::new(self.line, what));
        }
        Ok(length)
    }
}

/// From a beginning to an end of the same kind that is not earlier. A time without a zone is compared
/// with one that has a zone by the wall clock of that.
fn between(start: &Start, end: &Start) -> Option<Length> {
    let length = match (start, end) {
        (Start::Day(start), Start::Day(end)) => {
            let days = end.duration_since(*start).as_hours() / 24;
            Length { days: i32::try_from(days).ok()?, seconds: 0 }
        }
        (Start::Clock(start, zone), Start::Clock(end, other)) => {
            let seconds = match (zone, other) {
                (None, None) => end.duration_since(*start).as_secs(),
                (one, other) => {
                    let zone = |own: &Option<_>| own.clone().or_else(|| one.clone()).or_else(|| other.clone());
                    let at = |time: &jiff::civil::DateTime, own| time.to_zoned(zone(own)?).ok();
                    at(end, other)?.timestamp().as_second() - at(start, one)?.timestamp().as_second()
                }
            };
            Length { days: 0, seconds }
        }
        _ => return None,
    };
    (length.days >= 0 && length.seconds >= 0).then_some(length)
}

/// The events that were read whole.
#[derive(Default)]
struct Found {
    events: Vec<(Event, bool)>,
    /// The places of the events of a name that take nobody's place.
    named: HashMap<String, Vec<usize>>,
    /// Whose place is taken: a name, and when it would have begun.
    instead: Vec<(String, Start)>,
    recurring: usize,
    listed: usize,
}

impl Found {
    fn add(&mut self, draft: Draft, end: &Line<'_>) -> Result<(), BadLine> {
        let wrong = |what: String| Err(BadLine::new(draft.line, what));
        let Some(start) = draft.start.clone() else {
            return wrong("this event has no DTSTART; say when it begins, or leave it out".into());
        };
        let length = draft.length(&start)?;
        self.listed += draft.besides.len() + draft.without.len();
        self.recurring += usize::from(draft.rule.is_some());
        for (count, most, what) in [
            (self.events.len() + 1, EVENTS_MAX, "events"),
            (self.recurring, RECURRING_MAX, "events that come again"),
            (self.listed, LISTED_MAX, "points of time in EXDATE and RDATE"),
        ] {
            if count > most {
                return Err(end.wrong(format!("the file has more than {most} {what}; leave past ones out")));
            }
        }
        let whole = matches!(start, Start::Day(_));
        if draft.besides.iter().any(|other| matches!(other, Start::Day(_)) != whole) {
            return wrong(
                "the RDATE of this event is of another kind than its DTSTART; write days or times for both".into(),
            );
        }
        if whole && draft.without.iter().any(|other| !matches!(other, Start::Day(_))) {
            return wrong("this event is of whole days, and its EXDATE has a time; write EXDATE;VALUE=DATE".into());
        }
        let recurrence = match draft.rule {
            Some((rule, line)) => {
                Some(Recurrence::new(start.date(), rule).map_err(|what| BadLine::new(line, format!("RRULE {what}")))?)
            }
            None => None,
        };
        let more = More { recurrence, besides: draft.besides, without: draft.without };
        let plain = more.recurrence.is_none() && more.besides.is_empty() && more.without.is_empty();
        match (draft.uid, draft.instead) {
            (Some(uid), Some(of)) => self.instead.push((uid, of)),
            (None, Some(_)) => {
                return wrong("this event has a RECURRENCE-ID and no UID; say of which event it is one".into());
            }
            (Some(uid), None) => self.named.entry(uid).or_default().push(self.events.len()),
            (None, None) => {}
        }
        let more = (!plain).then(|| Box::new(more));
        let event = Event { line: draft.line, start, length, transparent: draft.transparent, more };
        self.events.push((event, draft.cancelled));
        Ok(())
    }

    /// What takes place: not what is cancelled, nor that whose place another event takes.
    fn events(mut self) -> Vec<Event> {
        for (uid, of) in self.instead {
            for place in self.named.get(&uid).into_iter().flatten() {
                self.events[*place].0.more.get_or_insert_default().without.push(of.clone());
            }
        }
        self.events.into_iter().filter(|(_, cancelled)| !cancelled).map(|(event, _)| event).collect()
    }
}
