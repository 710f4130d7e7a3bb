//! What `rota why` says of a decision whose workspace has holidays of an iCalendar file.

use std::collections::BTreeMap;

use rota::show::{Palette, Why};
use rota_domain::icalendar::Events;
use rota_domain::id::Digest;
use rota_domain::workspace::Calendar;
use rota_flow::ports::Recalled;

use super::fixtures::recalled;

/// The decision of the fixtures with this calendar, which has a file of one holiday.
fn with_holiday(day: &str, calendar: &str) -> Recalled {
    let mut recalled = recalled();
    let file = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:{day}\nEND:VEVENT\nEND:VCALENDAR\n");
    let digest = Digest::of(file.as_bytes());
    let calendar: Calendar = toml::from_str(calendar).unwrap();
    let events = Events::read(file.as_bytes()).unwrap();
    recalled.calendar_files = BTreeMap::from([(digest.clone(), events.into())]).into();
    recalled.workspace.calendars.push(Calendar { holidays_digest: Some(digest), ..calendar });
    recalled
}

#[test]
fn the_time_for_an_answer_leaves_out_the_holidays_of_the_file_that_the_decision_saw() {
    let office = "id = \"us-office\"\ntime_zone = \"America/New_York\"\n\
                  hours = { mon = [\"09:00-10:00\"], tue = [\"09:00-12:00\"] }\nholidays_file = \"us.ics\"";
    let mut recalled = with_holiday("20260303", office);
    recalled.workspace.pools[0].calendar = Some("us-office".into());
    recalled.workspace.targets = vec![toml::from_str("class = \"*\"\nwithin = \"2h\"").unwrap()];
    // Of two hours, one minus two minutes is left on Monday, and the Tuesday falls away.
    recalled.stored.decision.response_due = Some("2026-03-10T13:02:07.250Z".parse().unwrap());
    let told = Why::text(&recalled, Palette::PLAIN);
    let due = told.lines().find(|line| line.contains("answer due")).unwrap().trim();
    assert_eq!(due, "answer due 2026-03-10 13:02:07, target 2h: 2 h 0 min open in us-office");
}

#[test]
fn a_rep_whose_calendar_has_a_holiday_of_a_file_was_off_shift() {
    let mondays = "id = \"mondays\"\nhours = { mon = [\"00:00-24:00\"] }\nholidays_file = \"us.ics\"";
    let mut recalled = with_holiday("20260302", mondays);
    let cy = recalled.workspace.reps.iter_mut().find(|rep| rep.id.as_str() == "cy").expect("cy");
    cy.calendar = Some("mondays".into());
    recalled.private.as_mut().unwrap().transcript =
        "[\"rep-pool.open\",[\"na\"],{\"Ok\":0}]\n[\"rep-pool.next\",[0,[],[]],0]\n".into();
    let why = Why::of(&recalled).reps.into_iter().find(|rep| rep.rep.as_str() == "cy").unwrap().why;
    assert_eq!(why.words(), "off shift");
}
