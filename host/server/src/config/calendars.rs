//! The iCalendar files that a workspace names: those of calendars, for holidays, and those of reps, for
//! when they are busy. A file that several name is read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_domain::icalendar::{BadLine, Events, FILE_MAX};
use rota_domain::id::Digest;
use rota_domain::workspace::Workspace;

use super::document::Document;
use super::files::why;
use super::{ConfigError, Files};

/// An iCalendar file as it was written, and as it is looked into.
#[derive(Clone, Debug)]
pub struct CalendarFile {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// What it says.
    pub events: Arc<Events>,
}

/// The iCalendar files of a workspace, by digest.
pub type CalendarFiles = BTreeMap<Digest, CalendarFile>;

/// Reads them all, and writes their digests into the workspace, so that another file is another
/// revision. `room` is how many bytes may still be read.
pub(super) fn read(
    files: &dyn Files,
    document: &Document<'_>,
    workspace: &mut Workspace,
    room: &mut u64,
) -> Result<CalendarFiles, ConfigError> {
    let mut reading = Reading { files, document, room, digests: BTreeMap::new(), read: BTreeMap::new() };
    for (n, calendar) in workspace.calendars.iter_mut().enumerate() {
        calendar.holidays_digest = None;
        let Some(name) = &calendar.holidays_file else { continue };
        let of = format!("calendar `{}`", calendar.id);
        let at = format!("/calendars/{n}/holidays_file");
        let digest = reading.file(name, &of, &at)?;
        let days =
            reading.read.get(&digest).map(|file| file.events.holidays()).unwrap_or_else(|| Ok(Default::default()));
        let days = days.map_err(|bad| bad_line(files, name, bad))?;
        // Without them it was found well, so they are what is wrong.
        calendar.check_with(n, &days).map_err(|wrong| document.error(&at, wrong.message))?;
        calendar.holidays_digest = Some(digest);
    }
    for (n, rep) in workspace.reps.iter_mut().enumerate() {
        rep.busy_digest = None;
        let Some(name) = &rep.busy_file else { continue };
        let of = format!("rep `{}`", rep.id);
        rep.busy_digest = Some(reading.file(name, &of, &format!("/reps/{n}/busy_file"))?);
    }
    Ok(reading.read)
}

/// Files as they are come across.
struct Reading<'r> {
    files: &'r dyn Files,
    document: &'r Document<'r>,
    room: &'r mut u64,
    /// By the name that the workspace has for each.
    digests: BTreeMap<String, Digest>,
    read: CalendarFiles,
}

impl Reading<'_> {
    /// The digest of a file, which is read unless it was.
    fn file(&mut self, name: &str, of: &str, at: &str) -> Result<Digest, ConfigError> {
        if let Some(digest) = self.digests.get(name) {
            return Ok(digest.clone());
        }
        let bytes = self
            .files
            .read(name, FILE_MAX.min(*self.room))
            .map_err(|error| self.document.error(at, format!("the calendar file `{name}` of {of} {}", why(&error))))?;
        *self.room = self.room.saturating_sub(bytes.len() as u64);
        let digest = Digest::of(&bytes);
        if !self.read.contains_key(&digest) {
            let events = Events::read(&bytes).map_err(|bad| bad_line(self.files, name, bad))?;
            self.read.insert(digest.clone(), CalendarFile { bytes, events: events.into() });
        }
        self.digests.insert(name.to_owned(), digest.clone());
        Ok(digest)
    }
}

fn bad_line(files: &dyn Files, name: &str, BadLine { line, what }: BadLine) -> ConfigError {
    ConfigError::at(&files.path(name), line, what)
}
