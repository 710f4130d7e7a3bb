//! From the bytes of a file to its events: what begins and ends, and what of it counts.

use jiff::tz::TimeZoneDatabase;

use super::BadLine;
use super::draft::Draft;
use super::event::Event;
use super::found::Found;
use super::lines::{Line, Lines};
use super::value::shown;

/// The most bytes of a file.
pub const FILE_MAX: u64 = 16 << 20;

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
    reading.found.events()
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
            1 if name == "VEVENT" => self.draft = Some(Draft::on(line.number)),
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
