//! A flow's counters from decision to decision, and in the hands of a person.

use std::sync::Arc;

use jiff::Timestamp;
use rota::clock::SystemClock;
use rota::simulate::Simulation;
use rota_domain::desk::{COUNTERS_MAX, Counters};
use rota_domain::event::{Event, Happening};
use rota_domain::id::Seed;
use rota_flow::counters::{self, CounterError};
use rota_flow::ports::{Clock as _, Recorded, Store};
use serde_json::json;

use crate::command::rota;
use crate::tenant::{Tenant, bound, workspace};
use rota_tests::guest::Guest;

/// Counts `na` up by one, and then this.
fn counts(then: &str) -> Guest {
    Guest::new(&format!(
        "(func $reject (result i32)
           (i32.store8 offset=4 (global.get $answer) (i32.const 5))
           (global.get $answer))
         (func $decide (result i32)
           (call $state.add (i32.const 1024) (i32.const 2) (i32.const 1) (global.get $back))
           {then})"
    ))
}

fn queues() -> Guest {
    counts("(call $queue (i32.const 1024) (i32.const 2))")
}

/// What becomes of so many leads under these guests.
fn decided(guests: &[Guest], leads: usize) -> Vec<Recorded> {
    let folder = workspace("", guests);
    let (bound, catalogue) = bound(folder.path());
    let mut simulation = Simulation::new(bound, catalogue, Seed::from_number(1), Timestamp::UNIX_EPOCH);
    let lead = |n| Event {
        at: Timestamp::UNIX_EPOCH,
        what: Happening::Lead {
            lead: serde_json::from_value(json!({"id": format!("{n}")})).expect("a lead"),
            flow: None,
        },
    };
    (0..leads).filter_map(|n| simulation.happen(lead(n))).collect()
}

/// What the guests saw as the counter's new value, lead by lead.
fn seen(recorded: &[Recorded]) -> Vec<Vec<&str>> {
    let added = |line: &str| line.starts_with(r#"["state.add""#);
    recorded.iter().map(|recorded| recorded.private.transcript.lines().filter(|line| added(line)).collect()).collect()
}

fn added(value: i32) -> String {
    format!(r#"["state.add",["na",1],{{"Ok":{value}}}]"#)
}

#[test]
fn a_decision_sees_what_the_accepted_one_before_counted() {
    let recorded = decided(&[queues()], 3);
    assert_eq!(seen(&recorded), [[added(1)], [added(2)], [added(3)]]);
    assert_eq!(recorded[2].counters, [("flow-0".into(), "na".into(), 3)]);
}

#[test]
fn a_lead_that_is_rejected_counts() {
    let recorded = decided(&[counts("(call $reject)")], 2);
    assert_eq!(seen(&recorded), [[added(1)], [added(2)]]);
}

#[test]
fn what_passes_on_or_fails_counts_nothing() {
    for ending in ["(call $pass)", "(unreachable)", "(call $assign (i32.const 99))"] {
        let recorded = decided(&[counts(ending)], 2);
        assert_eq!(seen(&recorded), [[added(1)], [added(1)]], "{ending}");
        assert!(recorded.iter().all(|recorded| recorded.counters.is_empty()), "{ending}");
    }
}

#[test]
fn of_two_flows_that_are_asked_only_the_one_that_decides_counts() {
    let recorded = decided(&[counts("(call $pass)"), queues()], 2);
    assert_eq!(seen(&recorded), [[added(1), added(1)], [added(1), added(2)]]);
    assert_eq!(recorded[1].counters, [("flow-1".into(), "na".into(), 2)]);
}

async fn kept(store: &Arc<dyn Store>) -> Counters {
    store.load(&Tenant::id(), SystemClock.now()).await.expect("a snapshot").counters
}

async fn set(store: &Arc<dyn Store>, flow: &str, name: &str, value: Option<i32>) -> Result<Option<i32>, CounterError> {
    counters::set(&**store, &Tenant::id(), &flow.into(), name, value, SystemClock.now()).await
}

#[tokio::test]
async fn a_server_that_runs_sees_the_counter_that_a_person_set_meanwhile() {
    let folder = workspace("", &[queues()]);
    let mut tenant = Tenant::open(folder.path()).await;
    let store = tenant.store.clone();
    tenant.decides(1).await;
    assert_eq!(set(&store, "flow-0", "na", Some(40)).await.expect("it is set"), Some(1));
    tenant.decides(2).await;
    assert_eq!(kept(&store).await[&"flow-0".into()], [("na".into(), 41)].into());
    assert_eq!(set(&store, "flow-0", "na", None).await.expect("it is gone"), Some(41));
    tenant.decides(3).await;
    assert_eq!(kept(&store).await[&"flow-0".into()], [("na".into(), 1)].into());
}

#[tokio::test]
async fn counters_are_there_again_after_a_restart() {
    let folder = workspace("", &[queues()]);
    for n in 1..=3 {
        let mut tenant = Tenant::open(folder.path()).await;
        tenant.decides(n).await;
        let expected = i32::try_from(n).expect("a number");
        assert_eq!(kept(&tenant.store).await[&"flow-0".into()], [("na".into(), expected)].into());
    }
}

#[tokio::test]
async fn what_cannot_be_set_is_told_and_changes_nothing() {
    let folder = workspace("", &[queues()]);
    let store = Tenant::open(folder.path()).await.store;
    let told =
        async |flow: &str, name: &str, value| set(&store, flow, name, value).await.expect_err("refused").to_string();
    assert_eq!(told("flow-1", "na", Some(1)).await, "the workspace of `acme` has no flow `flow-1`: it has `flow-0`");
    assert_eq!(
        told("flow-0", "na", None).await,
        "the flow `flow-0` has no counter `na`: `rota state` lists those there are"
    );
    assert_eq!(told("flow-0", "", Some(1)).await, "this is a counter's name of 0 bytes: use 1 to 64, printable ones");
    for n in 0..COUNTERS_MAX {
        set(&store, "flow-0", &format!("n{n}"), Some(0)).await.expect("there is room");
    }
    assert_eq!(
        told("flow-0", "na", Some(1)).await,
        "the flow `flow-0` has 256 counters, which are the most: unset one first"
    );
    assert_eq!(set(&store, "flow-0", "n7", Some(7)).await.expect("it was there"), Some(0));
}

#[tokio::test]
async fn the_command_line_lists_sets_and_unsets() {
    let folder = workspace("", &[queues()]);
    drop(Tenant::open(folder.path()).await);
    let rota = |arguments: &[&str]| rota(folder.path(), arguments);
    assert_eq!(
        rota(&["state"]).out,
        "No flow keeps a counter. Rules make them with `state.add`, and people with `rota state set`.\n"
    );
    let set = rota(&["state", "set", "flow-0", "na", "-5"]);
    assert_eq!((set.code, set.out.as_str()), (0, "`na` of flow `flow-0` is -5 now; it was not set.\n"));
    assert_eq!(rota(&["state", "--json"]).lines(), [json!({"flow": "flow-0", "name": "na", "value": -5})]);
    assert_eq!(rota(&["state", "--flow", "flow-1", "--json"]).out, "");
    insta::assert_snapshot!(rota(&["state"]).out, @"flow-0  na                                                    -5");
    let refused = rota(&["state", "set", "flow-1", "na", "1"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    let unset = rota(&["state", "unset", "flow-0", "na"]);
    assert_eq!((unset.code, unset.out.as_str()), (0, "`na` of flow `flow-0` is gone; it was -5.\n"));
    assert_eq!(rota(&["state", "unset", "flow-0", "na"]).code, 2);
}
