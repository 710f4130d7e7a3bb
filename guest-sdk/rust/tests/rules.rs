//! What the SDK promises to a rule's author, through rules as an author writes them.

use rota_sdk::fake::{Effect, Rep, Who, World};
use rota_sdk::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    pool: String,
}

fn next_in_line(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    match Pool::open(&settings.pool).at("/pool")?.next() {
        Some(rep) => Ok(assign(rep).because("next-in-line", rep.name())),
        None => Ok(pass().because("nobody-available", settings.pool.as_str())),
    }
}

const NA: &str = r#"{ "pool": "na" }"#;

#[test]
fn turns_go_round_the_pool_by_weight() {
    let mut world = World::new().weighted_pool("na", &[("ana", 2), ("bo", 1)]);
    let got: Vec<_> = (0..6).map(|_| world.ask(next_in_line, NA).rep().map(str::to_owned).unwrap()).collect();
    assert_eq!(got.iter().filter(|rep| *rep == "ana").count(), 4);
    assert_eq!(got.iter().filter(|rep| *rep == "bo").count(), 2);
}

#[test]
fn a_rep_who_is_away_gets_no_turn() {
    let mut world = World::new().rep(Rep::new("ana").away()).pool("na", &["ana", "bo"]);
    let asked = world.ask(next_in_line, NA);
    assert_eq!(asked.rep(), Some("bo"));
    assert_eq!(asked.detail(), Some("Bo"));
}

#[test]
fn an_unknown_pool_is_a_problem_with_the_setting_that_named_it() {
    let asked = World::new().ask(next_in_line, NA);
    assert_eq!(asked.bad_setting(), Some("/pool"));
    let message = asked.answer.unwrap_err().message;
    assert_eq!(message, "the workspace has no pool `na`; add it there or correct the name");
}

#[test]
fn settings_that_do_not_fit_are_refused_with_the_parsers_words() {
    let asked = World::new().ask(next_in_line, r#"{ "pool": "na", "pol": 1 }"#);
    assert!(asked.answer.unwrap_err().message.contains("unknown field `pol`"));
}

#[test]
fn absent_malformed_and_undeclared_are_three_answers() {
    fn read(_: &Call, (): &()) -> Decision {
        assert_eq!(lead::number("employees"), Err(Absence::Malformed("lots".to_owned())));
        assert_eq!(lead::number("score"), Err(Absence::Absent));
        assert_eq!(lead::number("age"), Err(Absence::Undeclared));
        pass().because("read", "")
    }
    let mut world =
        World::new().property("employees", " lots ").property("score", "  ").declares(&["employees", "score"]);
    let asked = world.ask(read, "null");
    assert!(asked.passed());
    assert_eq!(asked.undeclared, ["age"]);
}

#[test]
fn next_among_nobody_is_nobody() {
    fn among(_: &Call, (): &()) -> Result<Decision, SettingsProblem> {
        let germans = |member: &Member| member.rep.has_tag("german");
        let pool = Pool::open("na")?;
        let candidates = pool.members().filter(germans).map(|member| member.rep);
        Ok(match pool.next_among(candidates) {
            Some(rep) => assign(rep).because("german", ""),
            None => queue("triage").because("no-german", ""),
        })
    }
    let asked = World::new().pool("na", &["ana", "bo"]).ask(among, "null");
    assert_eq!(asked.answer.unwrap().outcome, Outcome::Queue("triage".to_owned()));
    let german = Rep::new("bo").tag("german");
    let asked = World::new().rep(german).pool("na", &["ana", "bo"]).ask(among, "null");
    assert_eq!(asked.rep(), Some("bo"));
}

#[test]
fn members_carry_load_capacity_and_availability() {
    fn members(_: &Call, (): &()) -> Result<Decision, SettingsProblem> {
        let members = Pool::open("na")?.members();
        assert_eq!(members.len(), 2);
        let all: Vec<Member> = members.collect();
        assert_eq!((all[0].load, all[0].capacity), (40, Some(40)));
        assert_eq!(all[0].availability, Availability::Capped);
        assert_eq!((all[1].load, all[1].capacity, all[1].weight), (0, None, 1));
        Ok(reject().because("seen", ""))
    }
    let full = Rep::new("ana").load(40, 40).is(Availability::Capped);
    let asked = World::new().rep(full).pool("na", &["ana", "bo"]).ask(members, "null");
    assert_eq!(asked.reason(), Some("seen"));
}

#[test]
fn owners_are_told_apart_by_whether_they_may_be_given_leads() {
    fn owners(_: &Call, (): &()) -> Decision {
        assert!(matches!(company::owner(), Owner::Inactive(rep) if rep.id() == "ana"));
        assert_eq!(lead::owner(), Owner::Stranger("99".to_owned()));
        assert!(matches!(lead::prior_owner("outbound"), Owner::Active(_)));
        assert_eq!(lead::prior_owner("meeting"), Owner::Nobody);
        pass().because("seen", "")
    }
    let mut world = World::new()
        .rep(Rep::new("ana").is(Availability::Inactive))
        .rep(Rep::new("bo"))
        .owner(Who::Stranger("99".to_owned()))
        .company_owner("ana")
        .past("outbound", "bo", Instant::from_ms(0));
    assert!(world.ask(owners, "null").passed());
}

#[test]
fn effects_and_notes_are_kept_in_order_and_not_carried_over() {
    fn effects(call: &Call, (): &()) -> Result<Decision, SettingsProblem> {
        explain::note("only-branch", "nothing else");
        effects::set_property("segment", "na")?;
        effects::task("Call", "now", Some(call.now.plus_minutes(60)))?;
        Ok(pass().because("done", ""))
    }
    let mut world = World::new();
    world.ask(effects, "null");
    let asked = world.ask(effects, "null");
    assert_eq!(asked.notes.len(), 1);
    assert!(asked.noted("only-branch"));
    let property = Effect::Property { name: "segment".to_owned(), value: "na".to_owned() };
    assert_eq!(asked.effects.len(), 2);
    assert_eq!(asked.effects[0], property);
}

#[test]
fn counters_keep_what_a_decision_counted_and_nothing_of_one_that_passed() {
    fn count(_: &Call, places: &bool) -> Result<Decision, SettingsProblem> {
        let seen = state::add("seen", 1)?;
        let outcome = if *places { queue("triage") } else { pass() };
        Ok(outcome.because("counted", seen.to_string()))
    }
    let mut world = World::new().counter("seen", 4);
    assert_eq!(world.ask(count, "false").detail(), Some("5"));
    assert_eq!(world.counted("seen"), 4);
    assert_eq!(world.ask(count, "true").detail(), Some("5"));
    assert_eq!(world.counted("seen"), 5);
}

#[test]
fn tables_match_exactly_by_range_and_by_the_longest_prefix() {
    #[derive(Deserialize)]
    struct Asked {
        key: String,
    }
    fn look_up(_: &Call, asked: &Asked) -> Result<Decision, SettingsProblem> {
        let mut found = Vec::new();
        for name in ["exact", "range", "prefix"] {
            found.push(Table::open(name).at("/table")?.look_up(&asked.key).unwrap_or_default());
        }
        Ok(pass().because("found", found.join(" ")))
    }
    let mut world = World::new()
        .table("exact", &[("10001", "ny")])
        .range_table("range", &[("10000", "14999", "east"), ("90000", "96199", "west")])
        .prefix_table("prefix", &[("1", "one"), ("100", "hundred")]);
    assert_eq!(world.ask(look_up, r#"{"key":"10001"}"#).detail(), Some("ny east hundred"));
    assert_eq!(world.ask(look_up, r#"{"key":"14999"}"#).detail(), Some(" east one"));
    assert_eq!(World::new().ask(look_up, r#"{"key":"1"}"#).bad_setting(), Some("/table"));
}

#[test]
fn a_calendar_counts_its_open_minutes_and_an_unknown_one_is_a_problem_of_the_settings() {
    fn due(call: &Call, (): &()) -> Result<Decision, SettingsProblem> {
        let open = calendar::is_open("office", call.now).at("/calendar")?;
        let due = calendar::add_business_minutes("office", call.now, 90).at("/calendar")?;
        Ok(pass().because(if open { "open" } else { "closed" }, due.minutes_since(call.now).to_string()))
    }
    let now = Instant::from_ms(1_772_463_600_000);
    let spans = [(now, now.plus_minutes(60)), (now.plus_minutes(120), now.plus_minutes(180))];
    let asked = World::new().calendar_open("office", &spans).ask(due, "null");
    assert_eq!((asked.reason(), asked.detail()), (Some("open"), Some("150")));
    assert_eq!(World::new().ask(due, "null").bad_setting(), Some("/calendar"));
}

#[test]
fn an_instant_names_its_day() {
    for (ms, day) in [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (951_782_400_000, "2000-02-29"),
        (1_772_463_600_000, "2026-03-02"),
        (4_107_542_399_999, "2100-02-28"),
        (4_107_542_400_000, "2100-03-01"),
    ] {
        assert_eq!(Instant::from_ms(ms).date(), day);
    }
}
