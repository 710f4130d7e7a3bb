//! What a turn costs: among so many reps with shifts, capacities and caps, with so many open leads in
//! their hands, some of them busy by a file; and by when a lead is to be answered, as far as a year ahead,
//! with and without holidays of a file.
//!
//! The reference, measured in turns with it, is the least that a pick has to do: a look at each
//! member's number, and the largest of them.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures time, and reports to whoever runs it"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rota_domain::business_time::Calendars;
use rota_domain::desk::{Ask, Desk};
use rota_domain::icalendar::Events;
use rota_domain::id::{Digest, PoolId, RepId};
use rota_domain::lead::Lead;
use rota_domain::table::Table;
use rota_domain::workspace::{Match, Workspace};

/// How long each is measured.
const FOR: Duration = Duration::from_millis(500);

fn now() -> Timestamp {
    "2026-03-04T15:00:00Z".parse().expect("a time")
}

/// A pool `all` of so many reps in three shifts, of whom each may have so many open leads.
fn workspace(reps: usize, capacity: usize) -> Workspace {
    toml::from_str(&workspace_text(reps, capacity)).expect("a workspace")
}

fn workspace_text(reps: usize, capacity: usize) -> String {
    let mut text = String::from("workspace = \"acme\"\ntime_zone = \"America/New_York\"\n");
    for n in 0..reps {
        let shift = ["early", "day", "night"][n % 3];
        write!(
            text,
            "[[reps]]\nid = \"r{n:05}\"\ncalendar = \"{shift}\"\ncapacity = {capacity}\n\
             caps = [{{ leads = 50, per = \"hour\", rolling = true }}, {{ leads = 100000, per = \"week\" }}]\n"
        )
        .expect("text");
    }
    let members: Vec<String> =
        (0..reps).map(|n| format!("{{ rep = \"r{n:05}\", weight = {} }}", 10 + n % 30)).collect();
    write!(text, "[[pools]]\nid = \"all\"\nmembers = [{}]\n", members.join(", ")).expect("text");
    for (id, hours) in [("early", "05:00-13:00"), ("day", "09:00-17:00"), ("night", "22:00-06:00")] {
        let days = ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day} = [\"{hours}\"]"));
        write!(text, "[[calendars]]\nid = \"{id}\"\nhours = {{ {} }}\n", days.join(", ")).expect("text");
    }
    text
}

/// Nanoseconds of one call.
fn nanos(mut call: impl FnMut()) -> f64 {
    let (began, mut calls) = (Instant::now(), 0_u32);
    while began.elapsed() < FOR {
        call();
        calls += 1;
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

fn turns(reps: usize, open: usize) {
    let mut desk = Desk::new(1, Arc::new(workspace(reps, open / reps + 100)));
    for n in 0..open {
        // Of the day before, so that no rolling hour is full.
        let at = now() - SignedDuration::from_hours(20) + SignedDuration::from_millis(i64::try_from(n).unwrap_or(0));
        desk.loads_mut().give(&RepId::from(format!("r{:05}", n % reps)), &[], at);
    }
    let pool = PoolId::from("all");
    let numbers: Vec<u64> = (0..reps as u64).collect();
    let mut least = 0.0;
    let (mut next, mut take) = (0.0, 0.0);
    for _ in 0..3 {
        least += nanos(|| _ = black_box(black_box(&numbers).iter().max())) / 3.0;
        next += nanos(|| drop(black_box(desk.next(&pool, &[], &[], now())))) / 3.0;
        let turn = desk.next(&pool, &[], &[], now()).expect("a turn");
        take += nanos(|| desk.take(black_box(&turn))) / 3.0;
    }
    println!(
        "| {reps} | {open} | {:.1} µs | {:.1} µs | {:.0} ns | {:.1} µs |",
        next / 1e3,
        take / 1e3,
        next / f64::from(u32::try_from(reps).unwrap_or(1)),
        least / 1e3
    );
}

/// The turns of a thousand reps, as a pool says that they are given; each with a hundred rows of what they
/// have won.
fn policies() {
    let pools = [
        ("quota", "", ""),
        ("quota, weights of a metric of 30 days", "weights = { metric = \"won\", days = 30, floor = 1 }", ""),
        ("quota, absent = \"hold\"", "absent = \"hold\"", ""),
        ("quota, stop = 3", "stop = 3", ""),
        ("in-turn", "policy = \"in-turn\"", ""),
        ("least-recent", "policy = \"least-recent\"", ""),
        ("pecking-order", "policy = \"pecking-order\"", ""),
        ("nearest", "policy = \"nearest\"\nnear = { latitude = \"lat\", longitude = \"lon\" }", ""),
        ("fewest-open", "policy = \"fewest-open\"", ""),
        ("most-free-capacity, by percent", "policy = \"most-free-capacity\"\nby = \"percent\"", ""),
        ("quota, each with a backup", "", "backup = \"r00000\""),
    ];
    let rows: String = (0..100_000)
        .map(|n| format!("r{:05},2026-{:02}-{:02},{}\n", n % 1_000, 1 + n / 1_000 % 12, 1 + n / 12_000 % 28, n % 977))
        .collect();
    let won = Table::read(Match::Dated, format!("key,at,value\n{rows}").as_bytes()).expect("a table");
    let tables = Arc::new(BTreeMap::from([("won".to_owned(), Arc::new(won))]));
    let lead = Lead::unknown("web:1".into());
    let place = [("lat".to_owned(), Some("52.5".to_owned())), ("lon".to_owned(), Some("13.4".to_owned()))];
    let lead = Lead { properties: place.into(), ..lead };
    for (name, of_pool, of_rep) in pools {
        let mut text = workspace_text(1_000, 100);
        text = text.replace("id = \"all\"\n", &format!("id = \"all\"\n{of_pool}\n"));
        text = text.replace(
            "capacity = 100\n",
            &format!("capacity = 100\n{of_rep}\nlocation = {{ latitude = 48.1, longitude = 11.5 }}\n"),
        );
        if !of_pool.is_empty() {
            text = (10..40).fold(text, |text, weight| text.replace(&format!(", weight = {weight} }}"), " }"));
        }
        let began = Instant::now();
        let mut desk = Desk::new(1, Arc::new(toml::from_str(&text).expect("a workspace"))).with_tables(tables.clone());
        let made = began.elapsed();
        let pool = PoolId::from("all");
        let ask = Ask { lead: Some(&lead), ..Ask::of(&pool, now()) };
        for _ in 0..2_000 {
            let turn = desk.turn(&ask).expect("a turn");
            desk.take(&turn);
        }
        let next = nanos(|| drop(black_box(desk.turn(&ask))));
        let turn = desk.turn(&ask).expect("a turn");
        let take = nanos(|| desk.take(black_box(&turn)));
        println!("| {name} | {:.1} µs | {:.1} µs | {:.0} ms |", next / 1e3, take / 1e3, made.as_secs_f64() * 1e3);
    }
}

/// A file of these events.
fn file(events: impl Iterator<Item = String>) -> Arc<Events> {
    let events: String = events.map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n")).collect();
    let text = format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n");
    Arc::new(Events::read(text.as_bytes()).expect("it reads"))
}

/// The turns of a thousand reps, of whom so many are busy by a file of their own with 2,000 events: a tenth
/// of them come again every week.
fn busy(files: usize) {
    let event = |n: usize| {
        let (day, hour) = (1 + n % 28, 8 + n % 9);
        let again = if n.is_multiple_of(10) { "\nRRULE:FREQ=WEEKLY" } else { "" };
        let (year, month) = (2020 + n % 8, 1 + n % 12);
        format!("DTSTART;TZID=Europe/Berlin:{year}{month:02}{day:02}T{hour:02}0000\nDURATION:PT30M{again}")
    };
    let events = file((0..2_000).map(event));
    let mut workspace = workspace(1_000, 100);
    let mut known = BTreeMap::new();
    for rep in workspace.reps.iter_mut().take(files) {
        let digest = Digest::of(rep.id.as_str().as_bytes());
        known.insert(digest.clone(), events.clone());
        rep.busy_digest = Some(digest);
    }
    let began = Instant::now();
    let desk = Desk::new(1, Arc::new(workspace)).with_calendar_files(known.into());
    let made = began.elapsed();
    let (pool, week) = (PoolId::from("all"), SignedDuration::from_hours(7 * 24));
    let began = Instant::now();
    black_box(desk.availability(0, None, now() + week));
    let other_week = began.elapsed();
    let next = nanos(|| drop(black_box(desk.next(&pool, &[], &[], now()))));
    println!(
        "| {files} | {:.1} µs | {:.2} ms | {:.1} ms |",
        next / 1e3,
        other_week.as_secs_f64() * 1e3,
        made.as_secs_f64() * 1e3
    );
}

fn deadlines() {
    let (mut workspace, digest) = (workspace(1, 1), Digest::of(b"holidays"));
    let without = Calendars::of(&workspace);
    workspace.calendars.iter_mut().for_each(|calendar| calendar.holidays_digest = Some(digest.clone()));
    // Fourteen a year, some of which are at weekends.
    let days =
        (0..14).map(|n| format!("DTSTART;VALUE=DATE:2026{:02}{:02}\nRRULE:FREQ=YEARLY", 1 + n * 5 % 12, 1 + n * 2));
    let with = Calendars::with_files(&workspace, &BTreeMap::from([(digest, file(days))]).into());
    for (span, minutes) in [("an hour", 60), ("a week", 5 * 480), ("a year", 250 * 480)] {
        let took = [&without, &with].map(|calendars| {
            let day = calendars.get("day").expect("a calendar");
            nanos(|| _ = black_box(day.add_minutes(black_box(now()), minutes)))
        });
        println!("| {span} | {:.1} µs | {:.1} µs |", took[0] / 1e3, took[1] / 1e3);
    }
}

fn main() {
    println!(
        "| reps | open leads | next | take | next, a rep | largest of so many numbers |\n|---|---|---|---|---|---|"
    );
    for reps in [10, 100, 1_000, 10_000] {
        turns(reps, 0);
    }
    for open in [1_000, 100_000] {
        turns(100, open);
    }
    println!("\n| 1,000 reps, by | next | take | a new revision |\n|---|---|---|---|");
    policies();
    println!("\n| of 1,000 reps, busy by a file | next | the first of a week | a new revision |\n|---|---|---|---|");
    for files in [0, 1, 1_000] {
        busy(files);
    }
    println!("\n| open time ahead | add | with 14 holidays a year |\n|---|---|---|");
    deadlines();
}
