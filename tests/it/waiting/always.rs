//! Whatever happens in whatever order: nobody gets past a lead that waits, and of an offer nobody is
//! asked twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rota::bind::Bound;
use rota::simulate::Simulation;
use rota_domain::decision::{Decision, Outcome};
use rota_domain::event::Event;
use rota_domain::id::Seed;
use rota_flow::ports::Rules;
use serde_json::{Value, json};

use super::{Offering, at, lead, lead_with, rep};
use crate::tenant;

const POOL: &str = r#"
[[reps]]
id = "ana"
capacity = 2

[[reps]]
id = "bo"
capacity = 1

[[pools]]
id = "na"
members = [{ rep = "ana" }, { rep = "bo" }]

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
nobody = "wait"
fallback = { queue = "triage" }
"#;

const OFFERS: &str = r#"
[[reps]]
id = "ana"

[[reps]]
id = "bo"

[[reps]]
id = "cy"

[[pools]]
id = "na"

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "na" }
fallback = { queue = "triage" }
"#;

/// A workspace, bound once for all cases.
struct Stage(Bound, Arc<dyn Rules>);

impl Stage {
    fn new(workspace: &str) -> Self {
        let folder = tenant::workspace(workspace, &[]);
        let (bound, rules) = tenant::bound(folder.path());
        Self(bound, Arc::new(Offering(rules)))
    }

    fn decided(&self, events: &[(i64, Value)]) -> Vec<Decision> {
        let mut simulation = Simulation::new(self.0.clone(), self.1.clone(), Seed::from_number(1), at(0));
        let event = |(second, what): &(i64, Value)| {
            let mut what = what.clone();
            what["at"] = json!(at(*second));
            serde_json::from_value::<Event>(what).expect("an event")
        };
        simulation.decisions(events.iter().map(event))
    }
}

/// What happens in a second: a lead, a rep who comes or goes, a lead that is closed.
fn happens() -> impl Strategy<Value = Value> {
    let name = |n: u8| format!("l{n}");
    prop_oneof![
        4 => any::<u8>().prop_map(move |n| lead(&name(n))),
        2 => (prop::sample::select(&["ana", "bo"][..]), prop::sample::select(&["away", "back"][..]))
            .prop_map(|(who, status)| rep(who, status)),
        3 => any::<u8>().prop_map(move |n| json!({"kind": "closed", "lead": name(n)})),
    ]
}

/// Reps' answers to the only lead, and time that passes.
fn answers() -> impl Strategy<Value = (i64, Value)> {
    let answer = (prop::sample::select(&["ana", "bo", "cy"][..]), prop::sample::select(&["accept", "decline"][..]));
    let what = prop_oneof![
        3 => answer.prop_map(|(rep, answer)| json!({"kind": "offer", "lead": "a", "rep": rep, "answer": answer})),
        2 => Just(json!({"kind": "tick"})),
    ];
    (prop::sample::select(&[1_i64, 7, 30, 61][..]), what)
}

#[test]
fn nobody_is_given_to_a_newer_lead_while_an_older_one_waits_for_them() {
    let stage = Stage::new(POOL);
    proptest!(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() },
        |(events in prop::collection::vec(happens(), 1..50))| {
        let timed: Vec<(i64, Value)> = (1..).zip(events).collect();
        let mut waits: BTreeMap<String, i64> = BTreeMap::new();
        let mut seen = 0;
        for until in 1..=timed.len() {
            // What a lead that is closed waited for, it waits for no more.
            let closed = (timed[until - 1].1["kind"] == "closed").then(|| timed[until - 1].1["lead"].as_str()).flatten();
            let decisions = stage.decided(&timed[..until]);
            let new = decisions[seen..].to_vec();
            seen = decisions.len();
            if let Some(closed) = closed {
                waits.remove(closed);
            }
            for decision in &new {
                let lead = decision.lead.to_string();
                match decision.outcome {
                    Outcome::Assign => {
                        let since = waits.remove(&lead);
                        let older = waits.values().any(|other| since.is_none_or(|since| *other < since));
                        prop_assert!(!older, "{lead} got past {waits:?}");
                    }
                    Outcome::Queue if decision.queue.as_deref() == Some("na") => {
                        waits.entry(lead).or_insert(decision.at.as_second());
                    }
                    _ => {}
                }
            }
        }
        // Once everybody is there and has room, nobody waits.
        let end = i64::try_from(timed.len()).expect("few") + 10;
        let mut all = timed.clone();
        all.extend([(end, rep("ana", "back")), (end, rep("bo", "back"))]);
        let given = stage.decided(&all);
        let closes = given.iter().map(|one| (end + 1, json!({"kind": "closed", "lead": one.lead})));
        let closes: Vec<_> = closes.filter(|(_, close)| !waits.contains_key(close["lead"].as_str().unwrap_or_default())).collect();
        let rounds = waits.len() + 1;
        for round in 0..rounds {
            let second = end + 1 + i64::try_from(round).expect("few");
            all.extend(closes.iter().map(|(_, close)| (second, close.clone())));
            let newly = stage.decided(&all);
            let more = newly.iter().filter(|one| one.trigger == "released");
            all.extend(more.map(|one| (second, json!({"kind": "closed", "lead": one.lead}))));
        }
        all.push((end + 1_000, json!({"kind": "tick"})));
        let decisions = stage.decided(&all);
        for lead in waits.keys() {
            let last = decisions.iter().rfind(|one| one.lead.as_str() == lead).expect("a decision");
            prop_assert_eq!(last.outcome, Outcome::Assign, "{} waits for ever", lead);
        }
    });
}

#[test]
fn of_an_offer_one_rep_gets_the_lead_at_most_and_nobody_is_asked_twice() {
    let stage = Stage::new(OFFERS);
    proptest!(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() },
        |(order in prop::sample::select(&["in-turn", "at-once"][..]), stagger in 0..3_u8, answers in prop::collection::vec(answers(), 0..30))| {
        let asked = lead_with("a", json!({"offer": order, "stagger": (u32::from(stagger) * 20).to_string()}));
        let mut second = 0;
        let mut events = vec![(0, asked)];
        for (later, what) in answers {
            second += later;
            events.push((second, what));
        }
        events.push((second + 1_000, json!({"kind": "tick"})));
        let decisions = stage.decided(&events);
        let mut asked: Vec<String> = Vec::new();
        let mut open: BTreeSet<String> = BTreeSet::new();
        for decision in &decisions {
            let now: BTreeSet<String> = decision.offered.iter().map(|offered| offered.rep.to_string()).collect();
            for new in now.difference(&open) {
                prop_assert!(!asked.contains(new), "{new} is asked twice");
                asked.push(new.clone());
            }
            if decision.outcome == Outcome::Assign {
                let winner = decision.rep.as_ref().expect("a rep").to_string();
                prop_assert!(open.contains(&winner), "{winner} was not asked");
            }
            open = now;
        }
        let ends: Vec<_> = decisions.iter().filter(|one| one.outcome != Outcome::Offer).collect();
        prop_assert_eq!(ends.len(), 1, "it ends once: {:?}", ends);
        let end = ends[0];
        prop_assert!(end.outcome == Outcome::Assign || end.queue.as_deref() == Some("unclaimed"), "{:?}", end);
    });
}
