//! An event while its lines are read.

use jiff::civil::DateTime;
use jiff::tz::TimeZoneDatabase;

use super::BadLine;
use super::lines::Line;
use super::rule::Rule;
use super::value::{Length, Start, length, shown, start, starts};

/// The most days that an event may last that comes again.
const RECURRING_DAYS_MAX: i64 = 366;

/// An event as far as it is read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) line: usize,
    pub(super) uid: Option<String>,
    pub(super) start: Option<Start>,
    end: Option<(Start, usize)>,
    length: Option<(Length, usize)>,
    pub(super) rule: Option<(Rule, usize)>,
    /// The start of the event of the series whose place this one takes.
    pub(super) instead: Option<Start>,
    pub(super) besides: Vec<Start>,
    pub(super) without: Vec<Start>,
    pub(super) transparent: bool,
    pub(super) cancelled: bool,
    /// Properties that may be there once.
    seen: Vec<String>,
}

impl Draft {
    /// One that begins on this line.
    pub(super) fn on(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    /// Takes a property in.
    pub(super) fn property(&mut self, line: &Line<'_>, zones: &TimeZoneDatabase) -> Result<(), BadLine> {
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
    pub(super) fn length(&self, start: &Start) -> Result<Length, BadLine> {
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
                    let at = |time: &DateTime, own| time.to_zoned(zone(own)?).ok();
                    at(end, other)?.timestamp().as_second() - at(start, one)?.timestamp().as_second()
                }
            };
            Length { days: 0, seconds }
        }
        _ => return None,
    };
    (length.days >= 0 && length.seconds >= 0).then_some(length)
}
