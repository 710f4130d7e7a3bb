//! Values of properties: days, times of day, lengths of time.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::BadLine;
use super::lines::{Line, Parts};
use super::windows;

/// The years in which events may begin.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// When something begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Start {
    /// With a day, wherever one is.
    Day(Date),
    /// When the wall clock of this zone shows that; none is the zone of whoever looks at it.
    Clock(DateTime, Option<TimeZone>),
}

/// How long something goes on: so many days by the wall clock, and then so many seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i32,
    pub(super) seconds: i64,
}

impl Start {
    /// The day on which it begins, by its own wall clock.
    pub(super) fn date(&self) -> Date {
        match self {
            Self::Day(date) => *date,
            Self::Clock(time, _) => time.date(),
        }
    }
}

/// The one point of time that a line names.
pub(super) fn start(line: &Line<'_>, zones: &TimeZoneDatabase) -> Result<Start, BadLine> {
    let parts = line.parts()?;
    point(line, &parts, parts.value, zone(line, &parts, zones)?.as_ref())
}

/// The points of time that a line lists.
pub(super) fn starts(line: &Line<'_>, zones: &TimeZoneDatabase) -> Result<Vec<Start>, BadLine> {
    let parts = line.parts()?;
    let zone = zone(line, &parts, zones)?;
    parts.value.split(',').map(|value| point(line, &parts, value.trim(), zone.as_ref())).collect()
}

fn zone(line: &Line<'_>, parts: &Parts<'_>, zones: &TimeZoneDatabase) -> Result<Option<TimeZone>, BadLine> {
    let Some(name) = parts.tzid else { return Ok(None) };
    let unknown = |_| {
        let what = format!("{} is in the time zone `{}`, which is not known", line.name, shown(name));
        line.wrong(format!("{what}; write an IANA name, such as TZID=Europe/Berlin"))
    };
    zones.get(windows::iana(name).unwrap_or(name)).map(Some).map_err(unknown)
}

fn point(line: &Line<'_>, parts: &Parts<'_>, value: &str, zone: Option<&TimeZone>) -> Result<Start, BadLine> {
    let kind = parts.value_type.map(str::to_ascii_uppercase);
    if !matches!(kind.as_deref(), None | Some("DATE" | "DATE-TIME")) {
        let what = "is of a kind that is not read here; write days (VALUE=DATE) or times, and a stretch as an event of its own";
        return Err(line.wrong(format!("{} {what}", line.name)));
    }
    let no_point = || {
        let example =
            if kind.as_deref() == Some("DATE") { "20261225" } else { "20261225, 20261225T090000 or 20261225T080000Z" };
        line.wrong(format!("`{}` is no point of time for {}; write it as in {example}", shown(value), line.name))
    };
    let start = match value.split_once(['T', 't']) {
        None => date(value).filter(|_| kind.as_deref() != Some("DATE-TIME")).map(Start::Day),
        Some(_) if kind.as_deref() == Some("DATE") => None,
        Some((day, time)) => {
            let (time, utc) = match time.strip_suffix(['Z', 'z']) {
                Some(time) => (time, true),
                None => (time, false),
            };
            let zone = if utc { Some(TimeZone::UTC) } else { zone.cloned() };
            date(day).zip(clock(time)).map(|(date, time)| Start::Clock(date.to_datetime(time), zone))
        }
    };
    let start = start.ok_or_else(no_point)?;
    if !YEARS.contains(&start.date().year()) {
        return Err(
            line.wrong(format!("`{}` is not between the years 1900 and 2199; leave the event out", shown(value)))
        );
    }
    Ok(start)
}

/// A day that is written as `20261225`.
pub(super) fn date(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
    digits.then_some(())?;
    Date::new(text[..4].parse().ok()?, part(4..6)?, part(6..8)?).ok()
}

/// A time of day that is written as `090000`. A leap second is the one before it.
pub(super) fn clock(text: &str) -> Option<Time> {
    let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i8>().ok();
    digits.then_some(())?;
    let second = part(4..6)?;
    Time::new(part(0..2)?, part(2..4)?, if second == 60 { 59 } else { second }, 0).ok()
}

/// A length that is written as `P1W`, `P1DT2H` or `PT30M`.
pub(super) fn length(text: &str) -> Option<Length> {
    let text = text.strip_prefix('+').unwrap_or(text).to_ascii_uppercase();
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (text, None),
    };
    let mut length = Length::default();
    let mut parts = 0;
    for (unit, count) in units(days)? {
        parts += 1;
        length.days = length.days.checked_add(match unit {
            b'W' => count.checked_mul(7)?,
            b'D' => count,
            _ => return None,
        })?;
    }
    for (unit, count) in units(time.unwrap_or_default())? {
        parts += 1;
        let seconds = match unit {
            b'H' => 3_600,
            b'M' => 60,
            b'S' => 1,
            _ => return None,
        };
        length.seconds += i64::from(count) * seconds;
    }
    (parts > 0).then_some(length)
}

/// Numbers with the letter that follows each.
fn units(mut text: &str) -> Option<Vec<(u8, i32)>> {
    let mut all = Vec::new();
    while !text.is_empty() {
        let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
        // So little that no event ends after the end of time.
        let count = text[..end].parse().ok().filter(|count| (0..=100_000).contains(count))?;
        all.push((text.as_bytes()[end], count));
        text = text.get(end + 1..)?;
        if all.len() > 3 {
            return None;
        }
    }
    Some(all)
}

/// What a file says, fit to stand in a sentence.
pub(super) fn shown(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if plain.len() < text.len() { plain + "…" } else { plain }
}
