//! What a desk says of the state that decisions see: who is there, whose a record is, counters, numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::agenda::{Agenda, For, Line, Lines, Place, Wait};
use rota_domain::desk::{Ask, Availability, COUNTER_NAME_MAX, Counters, Desk, Owner, check_counter_name};
use rota_domain::event::Status;
use rota_domain::fairness::{Candidate, Policy, Rotation};
use rota_domain::icalendar::{CalendarFiles, Events};
use rota_domain::id::{Digest, FlowId, PoolId, RepId, RotationId};
use rota_domain::lead::Lead;
use rota_domain::load::LeadKind;
use rota_domain::table::{Added, DatedRow, RowChange, Table, Tables};
use rota_domain::workspace::{Match, Workspace};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const TEXT: &str = r#"
workspace = "acme"
[[reps]]
id = "ana"
email = "Ana@Acme.example"
crm = { hs = "71" }
capacity = 2
[[reps]]
id = "bo"
active = false
crm = { hs = "72" }
[[reps]]
id = "cy"
[[pools]]
id = "na"
members = [{ rep = "ana" }, { rep = "bo" }, { rep = "cy" }]
[[pools]]
id = "top"
members = [{ rep = "ana" }, { rep = "cy" }]
weights = { metric = "won", days = 30, floor = 5 }
[[tables]]
id = "won"
file = "won.csv"
match = "dated"
"#;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn workspace(text: &str) -> Arc<Workspace> {
    let workspace: Workspace = toml::from_str(text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Arc::new(workspace)
}

fn desk() -> Desk {
    Desk::new(1, workspace(TEXT))
}

fn won(csv: &str) -> Tables {
    let table = Table::read(Match::Dated, csv.as_bytes()).expect("a table");
    Arc::new(BTreeMap::from([("won".to_owned(), Arc::new(table))]))
}

fn change(id: &str, row: Option<(&str, &str, &str)>) -> RowChange {
    let row = row.map(|(key, at, value)| DatedRow { key: key.into(), at: at.into(), value: value.into() });
    RowChange { table: "won".into(), id: id.into(), row }
}

/// What ana and cy have by the metric, and the weights that follow.
fn measured(desk: &Desk, now: &str) -> Vec<(String, u32)> {
    let measured = desk.measured(&PoolId::from("top"), at(now)).expect("a metric");
    measured.into_values().map(|of| (of.amount.to_string(), of.weight)).collect()
}

#[test]
fn a_counter_is_0_until_it_is_set_and_gone_when_it_is_taken_out() {
    let (mut desk, flow) = (desk(), FlowId::from("inbound"));
    assert_eq!((desk.counter(&flow, "leads"), desk.has_counter(&flow, "leads")), (0, false));
    desk.set_counter(flow.clone(), "leads".into(), Some(7));
    desk.set_counter(flow.clone(), "seats".into(), Some(0));
    assert_eq!((desk.counter(&flow, "leads"), desk.counter(&"other".into(), "leads")), (7, 0));
    assert!(desk.has_counter(&flow, "seats"), "it is there, whatever its value");
    let of_flow = BTreeMap::from([("leads".to_owned(), 7), ("seats".to_owned(), 0)]);
    assert_eq!(*desk.counters(), Counters::from([(flow.clone(), of_flow)]));
    desk.set_counter(flow.clone(), "leads".into(), None);
    desk.set_counter(flow.clone(), "seats".into(), None);
    assert_eq!((desk.has_counter(&flow, "leads"), desk.counters()), (false, &Counters::new()));
}

#[test]
fn a_counters_name_has_1_to_64_bytes_that_can_be_printed() {
    let is_name = |name: &str| check_counter_name(name).is_ok();
    assert!(is_name("leads this week") && is_name("l") && is_name(&"x".repeat(COUNTER_NAME_MAX)));
    assert!(!is_name("") && !is_name(&"x".repeat(COUNTER_NAME_MAX + 1)) && !is_name("two\nlines"));
}

#[test]
fn only_who_was_switched_off_or_left_may_not_be_given_leads_at_all() {
    let mut desk = desk();
    let active = |desk: &Desk| ["ana", "bo", "cy", "nobody"].map(|rep| desk.is_active(&rep.into()));
    assert_eq!(active(&desk), [true, false, true, false]);
    desk.set_status("ana".into(), Status::Away);
    desk.set_status("cy".into(), Status::Left);
    assert_eq!(active(&desk), [true, false, false, false], "who is away will be back");
    desk.set_status("bo".into(), Status::Back);
    assert!(!desk.is_active(&"bo".into()), "the workspace has the last word");
}

#[test]
fn an_owner_is_a_rep_who_is_there_one_who_is_not_a_stranger_or_nobody() {
    let desk = desk();
    let owner = |written: &str, left: bool| desk.owner(Some(written), left);
    assert_eq!((desk.owner(None, false), owner("", false)), (Owner::Nobody, Owner::Nobody));
    assert_eq!(
        (owner("hs:71", false), owner("ana", false)),
        (Owner::Active("ana".into()), Owner::Active("ana".into()))
    );
    assert_eq!(owner("hs:71", true), Owner::Inactive("ana".into()), "the CRM says that they left");
    assert_eq!(owner("hs:72", false), Owner::Inactive("bo".into()));
    assert_eq!(owner("sf:71", false), Owner::Stranger("sf:71".into()), "another CRM's 71 is somebody else");
    assert_eq!(desk.rep_of_email("ANA@acme.EXAMPLE").map(|rep| rep.id.as_str()), Some("ana"));
    assert!(desk.rep_of_email("bo@acme.example").is_none());
}

#[test]
fn what_is_in_hand_is_counted_where_a_capacity_asks_for_it() {
    let mut desk = desk();
    assert_eq!(["ana", "cy", "nobody"].map(|rep| desk.counts(&rep.into())), [true, false, false]);
    for rep in ["ana", "cy"] {
        desk.loads_mut().give(&rep.into(), &[], at("2026-03-02T09:00:00Z"));
    }
    assert_eq!([0, 2].map(|place| desk.load(place).map(rota_domain::load::Load::open)), [Some(1), None]);
}

#[test]
fn a_rotation_that_was_kept_elsewhere_goes_on() {
    let candidates: Vec<Candidate> = ["ana", "cy"].map(|rep| Candidate { rep: rep.into(), weight: 1 }).into();
    let mut rotation = Rotation::default();
    rotation.take(Policy::Quota, &candidates, &"ana".into());
    let (mut desk, id) = (desk(), RotationId::of(&"na".into()));
    assert!(desk.rotation(&id).is_none());
    desk.set_rotation(id.clone(), rotation.clone());
    assert_eq!(desk.rotation(&id), Some(&rotation));
    assert_eq!(desk.next(&"na".into(), &[], &[], NOW).expect("a turn").rep.as_str(), "cy");
}

#[test]
fn rows_that_the_log_adds_weigh_at_once_and_stay_through_revisions() {
    let now = "2026-03-10T09:00:00Z";
    let mut desk = desk().with_tables(won("key,at,value\nana,2026-03-01,20\n"));
    assert_eq!(measured(&desk, now), [("20".into(), 1_000_000), ("0".into(), 250_000)]);
    assert!(desk.measured(&"na".into(), at(now)).is_none(), "its weights come from no metric");
    desk.change_rows(&[
        change("1", Some(("cy", "2026-03-02", "30"))),
        change("2", Some(("hs:71", "2026-03-03", "20"))),
    ]);
    assert_eq!(measured(&desk, now), [("40".into(), 1_000_000), ("30".into(), 750_000)], "hs:71 is ana");
    let same = desk.workspace.clone();
    let mut desk = desk.revise_with(2, same, won("key,at,value\nana,2026-03-01,10\n"), CalendarFiles::default());
    assert_eq!(measured(&desk, now)[0].0, "30", "the file is another, what was added is the same");
    let same = desk.workspace.clone();
    desk = desk.revise(3, same);
    assert_eq!(measured(&desk, now)[0].0, "30", "and nothing is added twice");
    desk.change_rows(&[change("2", None)]);
    assert_eq!(measured(&desk, now)[0].0, "10");
    let kept = desk.added().clone();
    let again = self::desk().with_tables(won("key,at,value\n")).with_rows(kept);
    assert_eq!(measured(&again, now), [("0".into(), 166_667), ("30".into(), 1_000_000)]);
    assert_eq!(*again.with_rows(Added::default()).added(), Added::default());
}

#[test]
fn a_row_takes_those_along_that_no_window_reaches_any_more() {
    let mut desk = desk().with_tables(won("key,at,value\n"));
    desk.change_rows(&[
        change("old", Some(("ana", "2024-01-01", "1"))),
        change("new", Some(("ana", "2026-03-01", "2"))),
    ]);
    let changes = desk.with_past(change("3", Some(("cy", "2026-03-02", "3"))), at("2026-03-02T09:00:00Z"));
    assert_eq!(changes, [change("old", None), change("3", Some(("cy", "2026-03-02", "3")))]);
    let itself = desk.with_past(change("old", Some(("ana", "2026-03-02", "9"))), at("2026-03-02T09:00:00Z"));
    assert_eq!(itself.len(), 1, "what takes an old one's place is not old");
}

#[test]
fn calendar_files_hold_until_a_revision_has_others() {
    let busy = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260301T000000Z\r\n\
        DTSTART:20260302T090000Z\r\nDTEND:20260302T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let mut text: Workspace = toml::from_str(TEXT).expect("a workspace");
    let digest = Digest::of(busy);
    text.reps[2].busy_file = Some("cy.ics".into());
    text.reps[2].busy_digest = Some(digest.clone());
    // Ana's file is the same one.
    (text.reps[0].busy_file, text.reps[0].busy_digest) = (text.reps[2].busy_file.clone(), Some(digest.clone()));
    let text = Arc::new(text);
    let read = Events::read(busy).expect("a calendar");
    let files: CalendarFiles = Arc::new(BTreeMap::from([(digest, Arc::new(read))]));
    let there = |desk: &Desk| {
        let [ana, cy] = [0, 2].map(|place| desk.availability(place, None, at("2026-03-02T09:30:00Z")));
        assert_eq!(ana, cy, "both have the same file");
        cy
    };
    let desk = Desk::new(1, text.clone());
    assert_eq!(there(&desk), Availability::Available, "nothing is known of it yet");
    let desk = desk.with_calendar_files(files.clone());
    assert_eq!(there(&desk), Availability::Away);
    let desk = desk.with_calendar_files(CalendarFiles::default());
    assert_eq!(there(&desk), Availability::Available, "it has none any more");
    let desk = desk.revise_with(2, text.clone(), Tables::default(), files);
    assert_eq!(there(&desk), Availability::Away);
    assert_eq!(there(&desk.revise(3, text)), Availability::Away, "they stay with the next one");
}

const QUEUED: &str = r#"
workspace = "acme"
[[reps]]
id = "ana"
capacity = 2
[[reps]]
id = "bo"
caps = [{ leads = 1, open = true, when = { property = "tier", is = "big" } }]
[[reps]]
id = "cy"
[[pools]]
id = "na"
members = [{ rep = "ana" }, { rep = "bo" }, { rep = "cy" }]
"#;

fn line(among: &[&str], kinds: Vec<LeadKind>) -> Line {
    Line { pool: "na".into(), among: among.iter().map(|rep| (*rep).into()).collect(), kinds }
}

/// The reps who could be given a lead in this place of the line, but for those who are passed over.
fn candidates(desk: &Desk, place: Option<&Place>, passed_over: &[&str]) -> String {
    let passed_over: Vec<RepId> = passed_over.iter().map(|rep| (*rep).into()).collect();
    let pool = PoolId::from("na");
    let turn = desk.turn(&Ask { place, passed_over: &passed_over, ..Ask::of(&pool, NOW) });
    let reps = turn.map(|turn| turn.candidates).unwrap_or_default();
    reps.iter().map(|candidate| candidate.rep.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn there_is_room_for_as_many_who_wait_as_those_they_wait_for_may_be_given() {
    let mut desk = Desk::new(1, workspace(QUEUED));
    let big =
        desk.kinds(&Lead { properties: [("tier".into(), Some("big".into()))].into(), ..Lead::unknown("1".into()) });
    assert_eq!(big.len(), 1);
    assert_eq!(desk.room(&line(&["ana"], Vec::new()), NOW), 2);
    assert_eq!(desk.room(&line(&["bo"], big.clone()), NOW), 1);
    assert_eq!(desk.room(&line(&["ana", "bo"], big.clone()), NOW), 3);
    assert_eq!(desk.room(&line(&[], Vec::new()), NOW), u32::MAX, "cy may be given any number");
    desk.loads_mut().give(&"ana".into(), &[], NOW);
    desk.loads_mut().give(&"bo".into(), &big, NOW);
    assert_eq!(desk.room(&line(&["ana"], Vec::new()), NOW), 1);
    assert_eq!(desk.room(&line(&["bo"], big), NOW), 0);
    desk.set_status("ana".into(), Status::Away);
    assert_eq!(desk.room(&line(&["ana"], Vec::new()), NOW), 0, "who is away is given none");
    assert_eq!(desk.room(&Line { pool: "emea".into(), ..line(&[], Vec::new()) }, NOW), 0);
}

#[test]
fn a_newer_lead_leaves_each_rep_to_whoever_waits_for_them() {
    let mut desk = Desk::new(1, workspace(QUEUED));
    let big =
        desk.kinds(&Lead { properties: [("tier".into(), Some("big".into()))].into(), ..Lead::unknown("1".into()) });
    assert_eq!(candidates(&desk, None, &[]), "ana bo cy");
    assert_eq!(candidates(&desk, None, &["cy"]), "ana bo");
    desk.lines_mut().join(line(&["ana"], Vec::new()), Lines::place("waits".into(), NOW, 0));
    assert_eq!(candidates(&desk, None, &[]), "bo cy");
    assert_eq!(candidates(&desk, None, &["cy"]), "bo");
    assert_eq!(desk.lines().waiting(&"na".into()), 1);
    // A lead of a kind waits for bo, who may be given it: bo is left to it until it has one.
    desk.lines_mut().join(line(&["bo"], big.clone()), Lines::place("big".into(), NOW, 0));
    assert_eq!(candidates(&desk, None, &[]), "cy");
    desk.loads_mut().give(&"bo".into(), &big, NOW);
    assert_eq!(candidates(&desk, None, &[]), "bo cy", "bo is full for such leads, so that nothing waits for them");
    let place = Lines::place("waits".into(), NOW, 0);
    assert_eq!(candidates(&desk, Some(&place), &[]), "ana bo cy", "its own turn has come");
    desk.lines_mut().join(line(&[], Vec::new()), Lines::place("any".into(), NOW, 0));
    assert_eq!(candidates(&desk, None, &[]), "", "one waits for whoever is there");
    desk.lines_mut().join(line(&[], Vec::new()), Lines::place("worth".into(), NOW, 70));
    assert_eq!((desk.lines().waiting(&"na".into()), desk.lines().waiting(&"emea".into())), (4, 0));
    assert!(!desk.lines().is_empty());
    let front = Lines::front();
    assert_eq!(candidates(&desk, Some(&front), &[]), "ana bo cy");
}

#[test]
fn weights_that_a_rule_gives_hold_for_its_lead() {
    let desk = Desk::new(1, workspace(QUEUED));
    let turn = desk.next(&"na".into(), &[0, 2], &[1, 3], NOW).expect("a turn");
    assert_eq!(turn.rep.as_str(), "cy");
    assert_eq!(turn.candidates.iter().map(|candidate| candidate.weight).collect::<Vec<_>>(), [1, 3]);
}

const DEALS: &str = r#"
workspace = "acme"
[[reps]]
id = "ana"
crm = { hs = "71" }
[[pools]]
id = "na"
members = [{ rep = "ana" }]
weights = { metric = "won", days = 30, floor = 0 }
[[pools]]
id = "top"
members = [{ rep = "ana" }]
weights = { metric = "year", days = 800, floor = 0 }
[[connections]]
id = "hs"
kind = "hubspot"
portal_id = 4242
app = "main"
token = { env = "TOKEN" }
[[tables]]
id = "won"
match = "dated"
records = { connection = "hs", object = "deal", value = "amount", at = "closedate", when = { property = "stage", is = "won" } }
[[tables]]
id = "year"
match = "dated"
records = { connection = "hs", object = "deal", value = "amount", at = "closedate" }
"#;

fn deal(stage: &str, amount: &str) -> Lead {
    let properties = [("stage", stage), ("amount", amount), ("closedate", "2026-03-02")];
    let properties = properties.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    Lead { owner: Some("hs:71".into()), properties: properties.into(), ..Lead::unknown("hs:deal:7".into()) }
}

#[test]
fn a_record_changes_the_row_that_it_is_in_each_table_and_nothing_where_it_is_as_it_was() {
    let mut desk = Desk::new(1, workspace(DEALS));
    let now = at("2026-03-03T00:00:00Z");
    let tables = |changes: &[RowChange]| -> Vec<(String, bool)> {
        changes.iter().map(|change| (change.table.clone(), change.row.is_some())).collect()
    };
    let (changes, unread) = desk.rows_of(&deal("open", "900"), true, now);
    assert_eq!((tables(&changes), unread.len()), (vec![("year".into(), true)], 0));
    desk.change_rows(&changes);
    let (changes, _) = desk.rows_of(&deal("won", "900"), true, now);
    assert_eq!(tables(&changes), [("won".into(), true)], "in the other table it is as it was");
    desk.change_rows(&changes);
    assert_eq!(desk.rows_of(&deal("won", "900"), true, now), (Vec::new(), Vec::new()));
    let (changes, unread) = desk.rows_of(&deal("won", "much"), true, now);
    assert_eq!(tables(&changes), [("won".into(), false), ("year".into(), false)]);
    assert!(unread[0].starts_with("it is no row of the table `won`: `much` is no number"), "{unread:?}");
    let (changes, unread) = desk.rows_of(&deal("won", "900"), false, now);
    assert_eq!((changes.len(), unread.len()), (2, 0), "it is gone in the CRM");
    assert_eq!(desk.rows_of(&Lead::unknown("hs:contact:7".into()), true, now), (Vec::new(), Vec::new()));
}

#[test]
fn rows_stay_as_long_as_the_longest_window_of_their_own_table_reaches() {
    let desk = Desk::new(1, workspace(DEALS));
    let of = |table: &str, id: &str, at: &str| {
        let row = DatedRow { key: "ana".into(), at: at.into(), value: "1".into() };
        RowChange { table: table.into(), id: id.into(), row: Some(row) }
    };
    let mut old = desk;
    for table in ["won", "year"] {
        old.change_rows(&[of(table, "old", "2024-06-01"), of(table, "new", "2026-03-01")]);
    }
    let gone = |table: &str| old.with_past(of(table, "3", "2026-03-02"), at("2026-03-03T00:00:00Z")).len() - 1;
    assert_eq!((gone("won"), gone("year")), (1, 0), "640 days are more than 400 and less than 800");
}

#[test]
fn an_agenda_says_from_whom_answers_are_waited_for_and_about_which_leads() {
    let wait = |rep: &str| {
        let what = For::Response { rep: rep.into(), due: None };
        Wait::first(1, "d1".into(), NOW, "inbound".into(), what)
    };
    let mut agenda = Agenda::default();
    assert!(agenda.is_empty() && agenda.iter().next().is_none());
    for (lead, rep) in [("1", "ana"), ("2", "bo"), ("3", "ana"), ("4", "cy")] {
        agenda.set(lead.into(), wait(rep));
    }
    agenda.end(&"4".into());
    let with = |agenda: &Agenda, rep: &str| -> Vec<String> {
        agenda.with(&rep.into()).map(|(lead, _)| lead.to_string()).collect()
    };
    assert_eq!(agenda.reps().map(RepId::as_str).collect::<Vec<_>>(), ["ana", "bo"]);
    assert_eq!(
        (with(&agenda, "ana"), with(&agenda, "bo"), with(&agenda, "cy")),
        (vec!["1".into(), "3".into()], vec!["2".into()], vec![])
    );
    assert_eq!(agenda.iter().count(), 3);
    agenda.set("1".into(), wait("bo"));
    assert_eq!((with(&agenda, "ana"), with(&agenda, "bo")), (vec!["3".into()], vec!["1".into(), "2".into()]));
    assert!(!agenda.is_empty());
}
