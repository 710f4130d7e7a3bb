//! What people read in a terminal, as it stands there: one screen, plain, eighty columns.

mod access;
mod calendar_files;
mod claim;
mod due;
pub(crate) mod fixtures;
mod standing;
mod status;

use std::collections::BTreeMap;

use insta::assert_snapshot;
use jiff::Timestamp;
use rota::show::{
    DemoPool, DemoReport, Fairness, NO_DECISIONS, Palette, Percentiles, Why, demo_line, demo_summary, fairness,
    log_line, outbox,
};
use rota_domain::decision::Outcome;
use rota_domain::fairness::{Candidate, Policy, PoolReport, Rotation, Turn, report};
use rota_domain::id::DecisionId;
use rota_domain::workspace::{Calendar, Workspace};
use rota_flow::ports::{Erasure, Recalled};
use serde_json::{Value, json};

use fixtures::{ID, decision, lead, outbox_lines, recalled, rows, workspace};

fn lines() -> Vec<String> {
    [
        json!({}),
        json!({"outcome": "kept", "rep": "bo", "reason": {"code": "owned", "detail": "bo owns it already"}}),
        json!({"outcome": "coalesced", "of": ID, "reason": {"code": "same-person", "detail": "joins the decision about hs:contact:99"}}),
        json!({"outcome": "queue", "rep": null, "queue": "review", "reason": {"code": "size", "detail": "1200 employees"}}),
        json!({"outcome": "pass", "fallback": true, "rep": null, "queue": "triage", "reason": {"code": "unplaced", "detail": "no country"}}),
        json!({"outcome": "queue", "fallback": true, "error": "fuel", "rep": null, "queue": "triage", "reason": {"code": "fallback", "detail": "territory failed: fuel"}}),
        json!({"outcome": "nurture", "rep": null, "nurture": "newsletter", "reason": {"code": "not-ready", "detail": ""}}),
        json!({"outcome": "reject", "rep": null, "reason": {"code": "spam", "detail": "an address of prizes.test"}}),
        json!({"outcome": "pass", "flow": null, "rep": null, "reason": {"code": "not-enrolled", "detail": "no flow takes such a lead"}}),
    ]
    .into_iter()
    .map(|changes| demo_line(&decision(&changes), Some(&lead()), &workspace(), Palette::PLAIN))
    .collect()
}

#[test]
fn each_outcome_of_the_demonstration_has_a_sign_of_its_own() {
    assert_snapshot!(lines().join("\n"), @r"
    14:02:07  Joe Miller · Big Corp · US  -> Ana Ruiz        US → na
    14:02:07  Joe Miller · Big Corp · US  =  Bo Lindqvist    bo owns it already
    14:02:07  Joe Miller · Big Corp · US  == Ana Ruiz        joins the decision a…
    14:02:07  Joe Miller · Big Corp · US  >> queue review    1200 employees
    14:02:07  Joe Miller · Big Corp · US  ^  queue triage    no country
    14:02:07  Joe Miller · Big Corp · US  !! queue triage    fuel: territory
    14:02:07  Joe Miller · Big Corp · US  ~  nurture newsle… not-ready
    14:02:07  Joe Miller · Big Corp · US  x  rejected        an address of prizes…
    14:02:07  Joe Miller · Big Corp · US  .  nobody          no flow takes such a…
    ");
}

#[test]
fn a_line_of_the_demonstration_has_at_most_eighty_columns() {
    for line in lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_long_or_wide_name_is_cut_and_the_columns_stay() {
    let mut lead = lead();
    let mut shown = |first: &str| {
        lead.properties.insert("firstname".into(), Some(first.into()));
        demo_line(&decision(&json!({})), Some(&lead), &workspace(), Palette::PLAIN)
    };
    assert_snapshot!([shown("Wolfeschlegelsteinhausen"), shown("陽菜")].join("\n"), @r"
    14:02:07  Wolfeschlegelsteinhausen M… -> Ana Ruiz        US → na
    14:02:07  陽菜 Miller · Big Corp · US -> Ana Ruiz        US → na
    ");
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let mut lead = lead();
    lead.properties.insert("firstname".into(), Some("\u{1b}[2J\u{202e}Joe\r\n".into()));
    let line = demo_line(&decision(&json!({})), Some(&lead), &workspace(), Palette::PLAIN);
    assert!(!line.contains(char::is_control) && !line.contains('\u{202e}'), "{line:?}");
}

#[test]
fn colours_are_there_only_when_asked_for() {
    let shown = |palette| demo_line(&decision(&json!({})), Some(&lead()), &workspace(), palette);
    assert!(shown(Palette::COLOUR).contains("\u{1b}["));
    assert!(!shown(Palette::PLAIN).contains('\u{1b}'));
}

#[test]
fn an_erased_person_is_named_by_the_record_only() {
    assert_snapshot!(demo_line(&decision(&json!({})), None, &workspace(), Palette::PLAIN), @"  14:02:07  hs:contact:101              -> Ana Ruiz        US → na");
}

/// Twenty turns of a pool with a manager at a tenth.
fn pools() -> Vec<PoolReport> {
    let candidates: Vec<Candidate> = [("vera", 10), ("wilmer", 30), ("ximena", 30), ("yago", 30)]
        .map(|(rep, weight)| Candidate { rep: rep.into(), weight })
        .into();
    let mut rotation = Rotation::default();
    let turns: Vec<(DecisionId, Turn)> = (1..=20)
        .map(|n| {
            let rep = rotation.next(Policy::Quota, &candidates).unwrap().clone();
            rotation.take(Policy::Quota, &candidates, &rep);
            let at = Timestamp::from_second(1_772_460_000 + 60 * n).unwrap();
            (DecisionId::new(at, &[0; 32]), Turn::new("latam".into(), candidates.clone(), rep, Policy::Quota))
        })
        .collect();
    report(turns.iter().map(|(id, turn)| (id, Timestamp::UNIX_EPOCH, turn)))
}

fn demo_report() -> DemoReport {
    let workspace: Workspace = toml::from_str(
        "workspace = \"acme\"\n[[pools]]\nid = \"latam\"\nmembers = [{ rep = \"vera\", weight = 10 }, { rep = \"wilmer\", \
         weight = 30 }, { rep = \"ximena\", weight = 30 }, { rep = \"yago\", weight = 30 }]\n[[pools]]\nid = \"apac\"\n\
         members = [{ rep = \"ren\" }]\n",
    )
    .unwrap();
    DemoReport {
        leads: 1_240,
        duplicates: 61,
        outcomes: BTreeMap::from([(Outcome::Assign, 1_100), (Outcome::Pass, 79), (Outcome::Coalesced, 61)]),
        fallback: 79,
        failed: 0,
        owners_expected: 1_161,
        owners_in_crm: 1_161,
        mismatches: 0,
        pools: DemoPool::all(&workspace, &pools()),
        decide_us: Percentiles::of(vec![55.0, 41.2, 180.9]),
        end_to_end_ms: Percentiles::of(vec![90.0, 120.0]),
        database: "/tmp/rota-demo.db".into(),
        seed: 7,
    }
}

#[test]
fn the_summary_of_a_demonstration_fits_one_screen() {
    assert_snapshot!(demo_summary(&demo_report(), Palette::PLAIN), @r"

    1,240 leads, 61 duplicates among them, seed 7

    assign        1,100  ########################################
    pass             79  ###
    coalesced        61  ###

    fallback         79 leads
    failed           0 decisions
    owners in CRM    1,161 of 1,161, each the one decided
    to decide        half within 55 µs, 99 of 100 within 181 µs
    to the owner     half within 90 ms, 99 of 100 within 120 ms

    latam, 20 turns  furthest from the exact share 0.800, bound 0.833
      rep                              weight   leads       due     lag
      vera   ########                      10       2      2.00    0.00
      wilmer ########################      30       6      6.00    0.00
      ximena ########################      30       6      6.00    0.00
      yago   ########################      30       6      6.00    0.00

    apac, no turns

    /tmp/rota-demo.db
    ");
}

#[test]
fn a_demonstration_with_wrong_owners_says_so() {
    let report = DemoReport { mismatches: 2, owners_in_crm: 1_160, ..demo_report() };
    assert!(demo_summary(&report, Palette::PLAIN).contains("owners in CRM    1,160 of 1,161, 2 mismatches\n"));
}

#[test]
fn the_report_of_a_demonstration_has_the_names_of_the_format() {
    let json = serde_json::to_value(demo_report()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&json),
        "leads duplicates outcomes fallback failed owners_expected owners_in_crm mismatches pools decide_us end_to_end_ms database seed"
    );
    assert_eq!(json["outcomes"], json!({"assign": 1_100, "pass": 79, "coalesced": 61}));
    assert_eq!(keys(&json["pools"][0]), "pool policy bound max_abs_lag members");
    assert_eq!(json["pools"][0]["members"][0], json!({"rep": "vera", "weight": 10, "count": 2, "due": 2.0}));
    assert_eq!(json["decide_us"], json!({"p50": 55.0, "p99": 180.9}));
}

#[test]
fn percentiles_are_measured_values_by_nearest_rank() {
    let hundred = Percentiles::of((1..=100).rev().map(f64::from).collect());
    assert_eq!(hundred, Percentiles { p50: 50.0, p99: 99.0 });
    assert_eq!(Percentiles::of(Vec::new()), Percentiles::default());
}

#[test]
fn why_tells_everything_on_one_screen() {
    assert_snapshot!(Why::text(&recalled(), Palette::PLAIN), @r"
    Ana Ruiz got hs:contact:101 (Joe Miller · Big Corp · US) because: US → na.
      019cae00-0000-7abc-8def-000000000001
      flow inbound · territory 0.1.0 · inbound:demo-request · created
      revision 12 · pool na · fuel 41,832
      answer due 2026-03-02 15:02:07 by the rule: 59 min 59 s from the decision

    When (UTC)
      occurred         2026-03-02 14:02:05.900
      received                    14:02:06.020  + 120 ms
      enriched                    14:02:07.200  + 1.1 s
      decided                     14:02:07.250  + 50 ms
      owner confirmed             14:03:41.250  + 1 min 34 s
      notified         -

    What the rule asked
        1  plugin territory 0.1.0 for flow inbound    sha256:aa
        2  lead.company-owner                         Dee Moss, inactive
        4  lead.company-number numberofemployees      absent
        5  lead.number numberofemployees              malformed: 1,200
        6  lead.text country                          US
        7  rep-pool.open enterprise                   opened
        8  rep-pool.open na                           opened
        9  rep-pool.members na                        5 members
       10  rep-pool.next na                           Ana Ruiz
       11  effects.set-property rota_segment territo… done

    What it noted
      account-owner-inactive  Dee Moss
      territory               US → na

    Who was considered
    > Ana Ruiz      got it                           weight 30 of 40, owed +0.25
      Bo Lindqvist  not their turn                   weight 10 of 40, owed -0.25
      Cy Park       away
      Dee Moss      inactive                         switched off in the workspace
      Eve Marsh     left out                         by a weight of 0
      Finn Abara    no turn was taken of their pool

    What was done
      owner ana (71)                           done       1 attempt
      task Call Joe Miller about the demo req… dead       9 attempts
        HubSpot refused the task (400): the property hs_timestamp is missing; this
        is a mistake of Rota, please report it
    ");
}

#[test]
fn why_tells_no_personal_data_once_it_was_erased() {
    let erasure = Erasure { at: "2026-03-03T09:00:00Z".parse().unwrap(), who: "Ada".into() };
    let erased = Recalled { private: None, erased: Some(erasure), ..recalled() };
    assert_snapshot!(Why::text(&erased, Palette::PLAIN), @r"
    Ana Ruiz got hs:contact:101 because: US → na.
      019cae00-0000-7abc-8def-000000000001
      flow inbound · territory 0.1.0 · inbound:demo-request · created
      revision 12 · pool na · fuel 41,832
      answer due 2026-03-02 15:02:07 by the rule: 59 min 59 s from the decision

    When (UTC)
      occurred         2026-03-02 14:02:05.900
      received                    14:02:06.020  + 120 ms
      enriched                    14:02:07.200  + 1.1 s
      decided                     14:02:07.250  + 50 ms
      owner confirmed             14:03:41.250  + 1 min 34 s
      notified         -

    Personal data was erased 2026-03-03 09:00:00 by Ada: the lead, what the rule
    read and what it noted, and what was to be sent.

    Who was considered
    > Ana Ruiz      got it          weight 30 of 40, owed +0.25
      Bo Lindqvist  not their turn  weight 10 of 40, owed -0.25
      Cy Park       away
      Dee Moss      inactive        switched off in the workspace
      Eve Marsh     left out        by a weight of 0

    What was done
      owner ana (71)                           done       1 attempt
      task Call Joe Miller about the demo req… dead       9 attempts
        HubSpot refused the task (400): the property hs_timestamp is missing; this
        is a mistake of Rota, please report it
    ");
}

#[test]
fn why_tells_what_was_left_to_the_caller() {
    let mut recalled = Recalled { effects: Vec::new(), ..recalled() };
    recalled.private.as_mut().unwrap().acts = rows().into_iter().map(|row| row.effect.act).collect();
    let text = Why::text(&recalled, Palette::PLAIN);
    let (_, told) = text.split_once("\nWhat the caller was told to do\n").expect("a section");
    assert_snapshot!(told, @r"
      owner ana (71)
      task Call Joe Miller about the demo request
    ");
    let json = serde_json::to_value(Why::of(&recalled)).unwrap();
    assert_eq!(
        (&json["to_apply"][0]["effect"], &json["to_apply"][0]["kind"]),
        (&json!(format!("{ID}/1")), &json!("owner"))
    );
    recalled.private = None;
    assert!(serde_json::to_value(Why::of(&recalled)).unwrap().get("to_apply").is_none(), "it is gone with the person");
}

#[test]
fn why_says_of_each_rep_why_they_did_not_get_the_lead() {
    let json = serde_json::to_value(Why::of(&recalled())).unwrap();
    let reps: Vec<(&str, &str)> = json["reps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rep| (rep["rep"].as_str().unwrap(), rep["why"].as_str().unwrap()))
        .collect();
    assert_eq!(
        reps,
        [
            ("ana", "taken"),
            ("bo", "not-its-turn"),
            ("cy", "away"),
            ("dee", "inactive"),
            ("eve", "excluded"),
            ("finn", "not-a-candidate"),
        ]
    );
}

#[test]
fn a_rep_whom_the_rule_narrowed_out_is_excluded_and_one_who_was_not_there_is_away() {
    let why = |among: &str| {
        let mut recalled = recalled();
        let transcript = format!("[\"rep-pool.open\",[\"na\"],{{\"Ok\":0}}]\n[\"rep-pool.next\",[0,{among},[]],0]\n");
        recalled.private.as_mut().unwrap().transcript = transcript;
        Why::of(&recalled).reps.into_iter().find(|rep| rep.rep.as_str() == "cy").unwrap().why.words()
    };
    assert_eq!(why("[0,1]"), "left out");
    assert_eq!(why("[]"), "away");
}

#[test]
fn a_rep_who_was_not_on_shift_when_nobody_asked_for_the_members_is_off_shift() {
    let mut recalled = recalled();
    let workspace = &mut recalled.workspace;
    workspace.calendars.push(Calendar {
        id: "sundays".into(),
        time_zone: Some("UTC".into()),
        hours: [("sun".into(), vec!["23:58-23:59".into()])].into(),
        holidays: Vec::new(),
        holidays_file: None,
        holidays_digest: None,
    });
    let cy = workspace.reps.iter_mut().find(|rep| rep.id.as_str() == "cy").expect("cy");
    cy.calendar = Some("sundays".into());
    recalled.private.as_mut().unwrap().transcript =
        "[\"rep-pool.open\",[\"na\"],{\"Ok\":0}]\n[\"rep-pool.next\",[0,[],[]],0]\n".into();
    let why = Why::of(&recalled).reps.into_iter().find(|rep| rep.rep.as_str() == "cy").unwrap().why;
    assert_eq!(why.words(), "off shift");
}

#[test]
fn why_as_json_has_the_names_of_the_format() {
    let json = serde_json::to_value(Why::of(&recalled())).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["decision", "stages", "steps", "notes", "reps", "effects"]);
    assert_eq!(json["steps"][1], json!({"n": 2, "call": "lead.company-owner", "args": [], "answer": {"Inactive": 3}}));
    assert_eq!(json["steps"][5], json!({"n": 6, "call": "lead.text", "args": ["country"], "answer": {"Ok": "US"}}));
    assert_eq!(
        json["reps"][0],
        json!({"rep": "ana", "taken": true, "why": "taken", "detail": "weight 30 of 40, owed +0.25"})
    );
    let id = format!("{ID}/1");
    assert_eq!(json["effects"][0], json!({"id": id, "kind": "owner", "state": "done", "attempts": 1, "cause": null}));
}

#[test]
fn a_failed_rule_is_told_with_what_happened_and_who_took_the_lead() {
    let mut recalled = recalled();
    recalled.stored.decision = decision(&json!({
        "outcome": "queue", "rep": null, "owner": null, "pool": null, "queue": "triage", "fallback": true, "error": "fuel",
        "error_detail": "it used more than 20,000,000 units of fuel", "reason": {"code": "fallback", "detail": "territory failed: fuel"},
    }));
    recalled.stored.turn = None;
    let text = Why::text(&recalled, Palette::PLAIN);
    let head: Vec<&str> = text.lines().take(7).collect();
    assert_snapshot!(head.join("\n"), @r"
    hs:contact:101 (Joe Miller · Big Corp · US) waits in the queue triage, the
    flow's fallback, because: territory failed: fuel.
      019cae00-0000-7abc-8def-000000000001
      flow inbound · territory 0.1.0 · inbound:demo-request · created
      revision 12 · fuel 41,832 · error fuel
      answer due 2026-03-02 15:02:07 by the rule: 59 min 59 s from the decision
      it used more than 20,000,000 units of fuel
    ");
}

#[test]
fn the_log_has_a_line_a_decision() {
    let line = log_line(&recalled().stored, Palette::PLAIN);
    assert_snapshot!(line, @"2026-03-02 14:02:07  hs:contact:101          -> ana           US → na");
}

#[test]
fn fairness_is_told_by_pool_and_rep() {
    assert_snapshot!(fairness(&pools(), Palette::PLAIN), @r"
    latam  by quota, 20 turns in 1 run, furthest 0.800 of 0.833 leads: within the bound
      rep         got        due      lag    worst  when (UTC)
      vera          2       2.00    0.000   +0.600  2026-03-02 14:06:00
      wilmer        6       6.00    0.000   -0.800  2026-03-02 14:04:00
      ximena        6       6.00    0.000   -0.500  2026-03-02 14:05:00
      yago          6       6.00    0.000   +0.700  2026-03-02 14:19:00

    Nobody was further from the exact share than is stated.
    ");
}

#[test]
fn fairness_as_json_has_the_names_of_the_format() {
    let pools = pools();
    let json = serde_json::to_value(Fairness::of(&pools)).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!((keys(&json), &json["ok"]), ("ok pools".into(), &json!(true)));
    assert_eq!(keys(&json["pools"][0]), "pool policy picks runs members");
    assert_eq!(keys(&json["pools"][0]["runs"][0]), "from to candidates bound max_abs_lag");
    assert_eq!(keys(&json["pools"][0]["members"][0]), "rep due got lag worst_lag worst_at");
}

#[test]
fn a_pool_out_of_its_bound_is_told_with_its_turns() {
    let mut pools = pools();
    pools[0].runs[0].max_abs_lag = 1.5;
    assert!(!Fairness::of(&pools).ok);
    let text = fairness(&pools, Palette::PLAIN);
    assert!(text.contains("  turns 1 to 20: 1.500 leads, bound 0.833\n"), "{text}");
}

#[test]
fn the_outbox_says_how_to_try_again() {
    assert_snapshot!(outbox(&outbox_lines(), Palette::PLAIN), @r"
    done       owner ana (71)         hs:contact:101  1 attempt    03-02 14:02:09
               019cae00-0000-7abc-8def-000000000001/1
    dead       task Call Joe Miller…  hs:contact:101  9 attempts   03-02 14:02:09
               019cae00-0000-7abc-8def-000000000001/2
               HubSpot refused the task (400): the property hs_timestamp is missing;
               this is a mistake of Rota, please report it

    1 effect waits for a person. Once the cause is mended:
      rota outbox retry 019cae00-0000-7abc-8def-000000000001/2
    ");
}

#[test]
fn what_is_empty_says_what_to_do() {
    assert!(NO_DECISIONS.contains("rota demo"));
    assert!(fairness(&[], Palette::PLAIN).contains("rota demo"));
    assert_eq!(outbox(&[], Palette::PLAIN), "The outbox is empty: everything that was decided has reached the CRM.\n");
}

#[test]
fn why_names_tables_and_shows_instants_as_times() {
    let mut recalled = recalled();
    recalled.private.as_mut().unwrap().transcript = [
        r#"["tables.open",["postal"],{"Ok":0}]"#,
        r#"["tables.look-up",[0,"10115"],"berlin"]"#,
        r#"["tables.look-up",[0,"0"],null]"#,
        r#"["calendar.is-open",["office",1772460127250.0],{"Ok":true}]"#,
        r#"["calendar.add-business-minutes",["office",1772460127250.0,60],{"Ok":1772463727250.0}]"#,
        r#"["calendar.add-business-minutes",["office",1e300,60],{"Err":"Unknown"}]"#,
        r#"["state.add",["turn",-1],{"Ok":-1}]"#,
    ]
    .join("\n");
    let text = Why::text(&recalled, Palette::PLAIN);
    let asked: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("tables.open"))
        .take_while(|line| !line.trim().is_empty())
        .collect();
    assert_snapshot!(asked.join("\n"), @r"
     1  tables.open postal                         opened
     2  tables.look-up postal 10115                berlin
     3  tables.look-up postal 0                    nothing
     4  calendar.is-open office 2026-03-02 14:02:… true
     5  calendar.add-business-minutes office 2026… 2026-03-02 15:02:07
     6  calendar.add-business-minutes office 1e+3… unknown
     7  state.add turn -1                          -1
    ");
}
