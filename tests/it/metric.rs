//! Weights of a pool that come from a metric: dated numbers of reps.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota::pools::PoolState;
use rota::show::Palette;
use rota_domain::desk::{Ask, Desk, Hindrance};
use rota_domain::event::Status;
use rota_domain::fairness::{Reckoning, Turn};
use rota_domain::id::{DecisionId, PoolId, RepId};
use rota_domain::table::{Table, Tables};
use rota_domain::workspace::{Match, Workspace};

const TRAILING: &str = "weights = { metric = \"won\", days = 30, floor = 0 }";

/// A pool `na` of a, b and c of which this is said, and these rows of what they have won.
fn desk(pool: &str, rows: &str) -> Desk {
    let text = format!(
        "workspace = \"acme\"\n[[reps]]\nid = \"a\"\n[[reps]]\nid = \"b\"\n[[reps]]\nid = \"c\"\n\
         [[tables]]\nid = \"won\"\nfile = \"won.csv\"\nmatch = \"dated\"\n\
         [[pools]]\nid = \"na\"\nmembers = [{{ rep = \"c\" }}, {{ rep = \"a\" }}, {{ rep = \"b\" }}]\n{pool}\n"
    );
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace)).with_tables(won(rows))
}

fn won(rows: &str) -> Tables {
    let table = Table::read(Match::Dated, format!("key,at,value\n{rows}").as_bytes()).expect("a table");
    Arc::new(BTreeMap::from([("won".to_owned(), Arc::new(table))]))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn turn(desk: &mut Desk, now: Timestamp) -> Option<Turn> {
    let turn = desk.next(&PoolId::from("na"), &[], &[], now)?;
    desk.take(&turn);
    Some(turn)
}

fn leads(desk: &mut Desk, number: usize, now: &str) -> String {
    (0..number).map(|_| turn(desk, at(now)).expect("a turn").rep.to_string()).collect()
}

/// The weights of the candidates, as the turn keeps them.
fn weights(desk: &Desk, now: &str) -> Vec<(String, u32)> {
    let turn = desk.next(&PoolId::from("na"), &[], &[], at(now)).expect("a turn");
    turn.candidates.iter().map(|candidate| (candidate.rep.to_string(), candidate.weight)).collect()
}

fn known(weights: &[(&str, u32)]) -> Vec<(String, u32)> {
    weights.iter().map(|(rep, weight)| ((*rep).to_owned(), *weight)).collect()
}

#[test]
fn who_has_won_twice_as_much_gets_twice_the_leads() {
    let mut desk = desk(TRAILING, "a,2026-03-01,60000\nb,2026-03-02,20000\nb,2026-03-03,10000\n");
    let got = leads(&mut desk, 9, "2026-03-10T09:00:00Z");
    let count = |rep: char| got.chars().filter(|one| *one == rep).count();
    assert_eq!((count('a'), count('b'), count('c')), (6, 3, 0), "{got}: c has won nothing");
}

#[test]
fn the_examples_of_the_documents_are_right() {
    let rows = "a,2026-03-01,60000\nb,2026-03-02,30000\n";
    assert_eq!(leads(&mut desk(TRAILING, rows), 6, "2026-03-10T09:00:00Z"), "abaaba");
    let floor = TRAILING.replace("floor = 0", "floor = 30000");
    assert_eq!(leads(&mut desk(&floor, rows), 8, "2026-03-10T09:00:00Z"), "abcaabca");
}

#[test]
fn a_number_counts_from_its_instant_to_just_before_thirty_days_later() {
    let desk =
        desk(TRAILING, "a,2026-03-01T12:00:00Z,7\nb,2026-02-01,7\nb,2027-02-01,7\nc,2026-02-01,7\nc,2026-03-20,7\n");
    assert_eq!(weights(&desk, "2026-03-01T11:59:59.999999999Z"), known(&[("b", 1_000_000), ("c", 1_000_000)]));
    assert_eq!(weights(&desk, "2026-03-01T12:00:00Z").len(), 3);
    assert_eq!(weights(&desk, "2026-03-02T23:59:59Z").len(), 3, "the thirtieth day of b's");
    assert_eq!(weights(&desk, "2026-03-03T00:00:00Z"), known(&[("a", 1_000_000)]));
    assert_eq!(weights(&desk, "2026-03-31T11:59:59.999999999Z"), known(&[("a", 1_000_000), ("c", 1_000_000)]));
    assert_eq!(weights(&desk, "2026-03-31T12:00:00Z"), known(&[("c", 1_000_000)]));
}

#[test]
fn without_days_the_newest_number_counts() {
    let newest = "weights = { metric = \"won\", floor = 0 }";
    let desk = desk(newest, "a,2026-03-01,10\na,2026-03-05,40\nb,2026-03-01,20\n");
    assert_eq!(weights(&desk, "2026-03-04T00:00:00Z"), known(&[("a", 500_000), ("b", 1_000_000)]));
    assert_eq!(weights(&desk, "2026-03-05T00:00:00Z"), known(&[("a", 1_000_000), ("b", 500_000)]));
}

#[test]
fn who_has_less_than_the_floor_is_taken_to_have_it() {
    let floor = "weights = { metric = \"won\", days = 30, floor = 10000 }";
    let mut desk = desk(floor, "a,2026-03-01,40000\nb,2026-03-01,-5000\n");
    assert_eq!(weights(&desk, "2026-03-10T09:00:00Z"), known(&[("a", 1_000_000), ("b", 250_000), ("c", 250_000)]));
    assert_eq!(leads(&mut desk, 6, "2026-03-10T09:00:00Z").matches('a').count(), 4);
    assert_eq!(weights(&desk, "2026-05-10T09:00:00Z"), known(&[("a", 1_000_000), ("b", 1_000_000), ("c", 1_000_000)]));
}

#[test]
fn where_nobody_has_anything_and_there_is_no_floor_nobody_has_a_turn() {
    let mut desk = desk(TRAILING, "a,2026-03-01,-3\nb,2026-03-01,0\n");
    let now = at("2026-03-10T09:00:00Z");
    assert_eq!(turn(&mut desk, now), None);
    let na = PoolId::from("na");
    desk.set_status("b".into(), Status::Away);
    let hindered = desk.hindered(&Ask { among: &[0, 1], ..Ask::of(&na, now) });
    let told = [(Hindrance::Away, vec!["b".into()]), (Hindrance::NoShare, vec!["a".into()])];
    assert_eq!(hindered, told.into(), "c was not asked for");
}

#[test]
fn a_rule_that_gives_weights_is_heeded_and_one_that_narrows_leaves_the_metric() {
    let desk = desk(TRAILING, "a,2026-03-01,60000\nb,2026-03-02,30000\n");
    let (na, now) = (PoolId::from("na"), at("2026-03-10T09:00:00Z"));
    let narrowed = desk.turn(&Ask { among: &[1, 2], ..Ask::of(&na, now) }).expect("a turn");
    assert_eq!((narrowed.rep.as_str(), narrowed.candidates.len()), ("b", 1), "c has won nothing");
    assert_eq!(narrowed.besides.metric.as_deref(), Some("won"));
    assert_eq!(narrowed.besides.no_share, [RepId::from("c")]);
    let of_all = desk.turn(&Ask::of(&na, now)).expect("a turn");
    assert_eq!((of_all.candidates.len(), &of_all.besides.no_share), (2, &narrowed.besides.no_share));
    let weighed = desk.turn(&Ask { among: &[1, 2], weights: &[1, 3], ..Ask::of(&na, now) }).expect("a turn");
    assert_eq!((weighed.rep.as_str(), weighed.candidates.len()), ("c", 2));
    assert_eq!((weighed.besides.metric, weighed.besides.no_share), (None, vec![]));
}

#[test]
fn in_a_pecking_order_who_has_most_goes_first_until_another_has_more() {
    let order = "policy = \"pecking-order\"\nweights = { metric = \"won\", days = 30, floor = 1 }";
    let mut desk = desk(order, "a,2026-03-01,60000\nb,2026-03-02,30000\nb,2026-03-08,30001\n");
    assert_eq!(leads(&mut desk, 3, "2026-03-07T09:00:00Z"), "aaa");
    assert_eq!(leads(&mut desk, 2, "2026-03-08T00:00:00Z"), "bb");
    desk.set_status("a".into(), rota_domain::event::Status::Away);
    desk.set_status("b".into(), rota_domain::event::Status::Away);
    assert_eq!(leads(&mut desk, 1, "2026-03-08T00:00:00Z"), "c", "by the floor");
}

#[test]
fn a_revision_with_other_numbers_weighs_by_those() {
    let desk = desk(TRAILING, "a,2026-03-01,10\n");
    let workspace = desk.workspace.clone();
    let next = desk.revise_with(2, workspace, won("b,2026-03-01,10\n"), Default::default());
    assert_eq!(weights(&next, "2026-03-10T09:00:00Z"), known(&[("b", 1_000_000)]));
    let workspace = next.workspace.clone();
    let again = next.revise(3, workspace);
    assert_eq!(weights(&again, "2026-03-10T09:00:00Z"), known(&[("b", 1_000_000)]), "the tables stay");
}

#[test]
fn pools_show_what_each_has_won_and_the_share_that_follows() {
    let pool = "weights = { metric = \"won\", days = 30, floor = 5000 }";
    let desk = desk(pool, "a,2026-03-01,60000\nb,2026-03-02,20000.50\n");
    let now = at("2026-03-10T09:00:00Z");
    let state = PoolState::of(&desk.workspace.pools[0], &desk, now);
    assert_snapshot!(rota::show::pools(&[state], now, Palette::PLAIN), @r"
    na  by quota weighed by won of 30 days, 0 turns
      rep weight    owed      open  now
      c     5.9%    0.00            there, has 0
      a    70.6%    0.00            there, has 60000
      b    23.5%    0.00            there, has 20000.5
      next: a a b a a b a a a b
    ");
}

fn rows() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    proptest::collection::vec((0_usize..3, 0_i64..60, -50_i64..1_000), 0..20)
}

proptest! {
    #[test]
    fn the_promise_of_quota_holds_whatever_the_metric_does(
        rows in rows(),
        days in 1_u32..40,
        floor in 0_u32..100,
        gaps in proptest::collection::vec(0_i64..40, 1..120),
    ) {
        let epoch = at("2026-03-01T00:00:00Z");
        let day = |n: i64| epoch + SignedDuration::from_hours(24 * n);
        let rows: String = rows.iter().map(|(rep, n, won)| format!("{},{},{won}\n", ["a", "b", "c"][*rep], day(*n))).collect();
        let mut desk = desk(&format!("weights = {{ metric = \"won\", days = {days}, floor = {floor} }}"), &rows);
        let (mut now, mut reckoning) = (epoch, Reckoning::default());
        for gap in gaps {
            now += SignedDuration::from_hours(gap);
            if let Some(turn) = turn(&mut desk, now) {
                reckoning.enter(&DecisionId::from("d"), &turn);
            }
        }
        for report in reckoning.close() {
            prop_assert!(report.holds(), "{:?} {:?}", report.broken, report.runs);
        }
    }
}
