//! iCalendar files that a workspace names: holidays of its calendars, busy times of its reps.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rota::config::{Directory, load_workspace};
use rota_domain::business_time::{BusinessTime, Calendars};
use rota_domain::desk::{Availability, Desk};
use rota_domain::icalendar::{CalendarFiles, Events};
use rota_domain::id::{Digest, PoolId};
use rota_domain::workspace::Workspace;
use tempfile::TempDir;

use crate::command::rota;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn file(events: &[&str]) -> String {
    let events: String = events.iter().map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n")).collect();
    format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n")
}

/// A workspace of these lines, and the calendar files that they name.
fn folder(lines: &str, files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), format!("workspace = \"acme\"\n{lines}")).expect("written");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn told(folder: &Path) -> String {
    let error = load_workspace(&Directory::open(folder).expect("a folder")).expect_err("this should be refused");
    error.to_string().replace(&folder.display().to_string(), "acme")
}

/// The same calendar with its holidays in a list, and with them in a file.
fn two_ways(hours: &str, listed: &str, events: &[&str]) -> [BusinessTime; 2] {
    let calendar = format!("[[calendars]]\nid = \"x\"\ntime_zone = \"Europe/Berlin\"\nhours = {{ {hours} }}\n");
    let list: Workspace =
        toml::from_str(&format!("workspace = \"acme\"\n{calendar}holidays = [{listed}]\n")).expect("it reads");
    let folder = folder(&format!("{calendar}holidays_file = \"de.ics\"\n"), &[("de.ics", file(events))]);
    let loaded = load_workspace(&Directory::open(folder.path()).expect("a folder")).expect("a workspace");
    let files: BTreeMap<Digest, Arc<Events>> =
        loaded.calendar_files.iter().map(|(digest, file)| (digest.clone(), file.events.clone())).collect();
    [Calendars::of(&list), Calendars::with_files(&loaded.workspace, &files.into())]
        .map(|calendars| calendars.get("x").expect("the calendar").clone())
}

#[test]
fn holidays_of_a_file_are_as_those_of_a_list() {
    // Night hours, so that a holiday takes its own night with it and leaves the one before.
    let hours = "mon = [\"22:00-06:00\"], tue = [\"05:00-08:00\", \"20:00-23:00\"], thu = [\"09:00-17:00\"]";
    let listed = "\"2026-01-06\", \"2026-01-12\", \"2026-01-13\", \"2027-01-06\"";
    let events = [
        "DTSTART;VALUE=DATE:20260106\nRRULE:FREQ=YEARLY;COUNT=2\nTRANSP:TRANSPARENT",
        "DTSTART;VALUE=DATE:20260112\nDTEND;VALUE=DATE:20260114",
    ];
    let [list, file] = two_ways(hours, listed, &events);
    for hour in 0..24 * 30 {
        let time = at("2026-01-01T00:30:00Z") + jiff::SignedDuration::from_hours(hour);
        assert_eq!(list.is_open(time), file.is_open(time), "{time}");
        assert_eq!(list.next_change(time), file.next_change(time), "{time}");
        assert_eq!(list.add_minutes(time, 900), file.add_minutes(time, 900), "{time}");
        assert_eq!(list.end_of_day(time, 2), file.end_of_day(time, 2), "{time}");
    }
    let year = [&list, &file].map(|time| time.elapsed(at("2026-01-01T00:00:00Z"), at("2027-03-01T00:00:00Z")));
    assert_eq!(year[0], year[1]);
}

#[test]
fn holidays_of_a_list_and_of_a_file_hold_together() {
    let lines = "[[calendars]]\nid = \"x\"\nhours = { thu = [\"09:00-17:00\"] }\nholidays = [\"2026-01-08\"]\nholidays_file = \"de.ics\"\n";
    let folder = folder(lines, &[("de.ics", file(&["DTSTART;VALUE=DATE:20260101"]))]);
    let loaded = load_workspace(&Directory::open(folder.path()).expect("a folder")).expect("a workspace");
    let files: CalendarFiles = rota::calendar_files::read(&loaded.calendar_files);
    let calendars = Calendars::with_files(&loaded.workspace, &files);
    let open = |time| calendars.get("x").expect("the calendar").is_open(at(time));
    let days = ["2026-01-01T12:00:00Z", "2026-01-08T12:00:00Z", "2026-01-15T12:00:00Z"];
    assert_eq!(days.map(open), [false, false, true]);
}

/// Ana in Berlin and Bo in New York, who have one file between them.
const SHARED: &str = r#"
time_zone = "America/New_York"
reps = [{ id = "ana", time_zone = "Europe/Berlin", busy_file = "team.ics" }, { id = "bo", busy_file = "./team.ics" }, { id = "cy" }]
pools = [{ id = "all", members = [{ rep = "ana" }, { rep = "bo" }, { rep = "cy" }] }]
"#;

fn shared() -> Desk {
    let events = ["DTSTART;VALUE=DATE:20260302", "DTSTART:20260304T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"];
    let folder = folder(SHARED, &[("team.ics", file(&events))]);
    let loaded = load_workspace(&Directory::open(folder.path()).expect("a folder")).expect("a workspace");
    assert_eq!(loaded.calendar_files.len(), 1, "a file is read once");
    let files = rota::calendar_files::read(&loaded.calendar_files);
    Desk::new(1, Arc::new(loaded.workspace)).with_calendar_files(files)
}

#[test]
fn who_is_busy_by_a_file_is_away_until_the_event_is_over() {
    let desk = shared();
    let found = |place, time| (desk.availability(place, None, at(time)), desk.next_change(place, None, at(time)));
    let (away, there) = (Availability::Away, Availability::Available);
    // Midnight is six hours later in New York.
    assert_eq!(found(0, "2026-03-01T23:00:00Z"), (away, Some(at("2026-03-02T23:00:00Z"))));
    assert_eq!(found(1, "2026-03-01T23:00:00Z"), (there, Some(at("2026-03-02T05:00:00Z"))));
    assert_eq!(found(0, "2026-03-04T08:59:59Z"), (away, Some(at("2026-03-04T09:00:00Z"))));
    assert_eq!(found(0, "2026-03-04T09:00:00Z"), (there, Some(at("2026-03-11T08:00:00Z"))));
    assert_eq!(found(2, "2026-03-02T12:00:00Z"), (there, None));
    let turn = desk.next(&PoolId::from("all"), &[], &[], at("2026-03-02T12:00:00Z")).expect("a turn");
    assert_eq!(turn.candidates.iter().map(|one| one.rep.as_str()).collect::<Vec<_>>(), ["cy"]);
}

#[test]
fn what_was_asked_before_changes_no_answer() {
    let (desk, fresh) = (shared(), |time| shared().availability(0, None, time));
    for hours in [0, 400, 3, 100_000, 5, 50_000, 169, 168, 167, 0] {
        let time = at("2026-03-02T00:30:00Z") + jiff::SignedDuration::from_hours(hours);
        assert_eq!(desk.availability(0, None, time), fresh(time), "{time}");
    }
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_line_and_what_the_workspace_says_with_its_own() {
    let rep = "[[reps]]\nid = \"ana\"\nbusy_file = \"ana.ics\"\n";
    let calendar = "[[calendars]]\nid = \"de\"\nhours = { mon = [\"09:00-17:00\"] }\nholidays_file = \"de.ics\"\n";
    let timed = "DTSTART:20260302T090000Z\nDURATION:PT1H";
    let all = [
        told(folder(rep, &[("ana.ics", file(&["DTSTART:20260302T090000Z\nRRULE:FREQ=SECONDLY"]))]).path()),
        told(folder(calendar, &[("de.ics", file(&["DTSTART;VALUE=DATE:20260302", timed]))]).path()),
        told(
            folder(calendar, &[("de.ics", file(&["DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=DAILY;COUNT=800"]))]).path(),
        ),
        told(folder(calendar, &[]).path()),
        told(folder(&rep.replace("ana.ics", "../ana.ics"), &[]).path()),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn simulate_heeds_both_files_as_a_server_does() {
    let lines = r#"
time_zone = "Europe/Berlin"
reps = [{ id = "ana", busy_file = "ana.ics" }, { id = "bo", calendar = "office" }]
pools = [{ id = "all", members = [{ rep = "ana" }, { rep = "bo" }] }]
[[calendars]]
id = "office"
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"] }
holidays_file = "de.ics"
[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "all" }
fallback = { queue = "triage" }
"#;
    let files = [
        ("ana.ics", file(&["DTSTART:20260302T090000\nDTEND:20260302T100000"])),
        ("de.ics", file(&["DTSTART;VALUE=DATE:20260303"])),
    ];
    let folder = folder(lines, &files);
    let times = ["2026-03-02T08:30:00Z", "2026-03-03T08:30:00Z", "2026-03-09T08:30:00Z"];
    let leads =
        times.iter().enumerate().map(|(n, time)| format!(r#"{{"at":"{time}","kind":"lead","lead":{{"id":"{n}"}}}}"#));
    fs::write(folder.path().join("leads.jsonl"), leads.collect::<Vec<_>>().join("\n")).expect("written");
    let reps: Vec<String> = rota(folder.path(), &["simulate", "--leads", "leads.jsonl", "--json"])
        .lines()
        .iter()
        .map(|decision| decision["rep"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(reps[..2], ["bo", "ana"], "she has a meeting, and then he has a holiday");
}
