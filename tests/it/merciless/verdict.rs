//! The driver's verdict finds what a run must never show.

use rota_tests::merciless::truth::{Called, Contact, Truth};
use rota_tests::merciless::verdict::Evidence;
use serde_json::{Value, json};

/// A contact that was made, decided, and given to its owner with a task; and a call that was
/// answered.
struct Scene {
    truth: Truth,
    log: Vec<Value>,
    state: Value,
}

fn scene() -> Scene {
    let contact = Contact { id: "1".into(), edits: 0, taken: None, stays: false };
    let call = decision("d2", "web:call-0", "manual", "rep702");
    let called = Called { answer: Some(call.clone()), answers: 1, ..Called::default() };
    let mut first = decision("d1", "hs:contact:1", "created", "rep701");
    first["effects"] = json!([{ "kind": "owner" }, { "kind": "task" }]);
    Scene {
        truth: Truth { contacts: vec![contact], calls: vec![called], wrongs: Vec::new() },
        log: vec![first, call],
        state: json!({
            "contacts": [{ "id": "1", "properties": { "hubspot_owner_id": "701" } }],
            "tasks": [{ "properties": { "hs_task_body": "Call them\n\nRota d1/1" } }],
            "notes": [],
        }),
    }
}

fn decision(id: &str, lead: &str, trigger: &str, rep: &str) -> Value {
    let owner = rep.trim_start_matches("rep");
    json!({ "decision": id, "lead": lead, "trigger": trigger, "outcome": "assign", "pool": "north",
            "rep": rep, "owner": owner, "effects": [] })
}

impl Scene {
    /// The one thing that is wrong.
    fn wrong(&self) -> String {
        let wrongs = self.wrongs();
        assert_eq!(wrongs.len(), 1, "{wrongs:?}");
        wrongs.concat()
    }

    fn wrongs(&self) -> Vec<String> {
        Evidence { truth: &self.truth, log: &self.log, state: &self.state, older: false }.wrongs()
    }
}

#[test]
fn nothing_is_wrong_where_log_and_crm_are_as_they_should_be() {
    assert_eq!(scene().wrongs(), Vec::<String>::new());
}

#[test]
fn a_lead_that_was_never_decided_is_found() {
    let mut scene = scene();
    scene.log.remove(0);
    scene.state["tasks"] = json!([]);
    let wrongs = scene.wrongs().concat();
    assert!(wrongs.contains("hs:contact:1: appeared once and was moved on 0 times, and decided 0"), "{wrongs}");
}

#[test]
fn a_lead_that_was_decided_twice_is_found() {
    let mut scene = scene();
    let mut twice = decision("d3", "hs:contact:1", "created", "rep701");
    twice["outcome"] = json!("coalesced");
    scene.log.push(twice);
    assert!(scene.wrong().contains("decided 2 and 0 times, 2 in all"));
}

#[test]
fn an_owner_whom_nobody_decided_or_named_is_found() {
    let mut scene = scene();
    scene.state["contacts"][0]["properties"]["hubspot_owner_id"] = json!("703");
    assert!(scene.wrong().contains("the CRM has the owner Some(\"703\"); decided was Some(\"701\")"));
}

#[test]
fn an_owner_written_over_a_persons_that_stood_for_long_is_found() {
    let mut scene = scene();
    (scene.truth.contacts[0].taken, scene.truth.contacts[0].stays) = (Some(711), false);
    assert!(scene.wrongs().is_empty(), "a person who came while it was written may lose");
    scene.truth.contacts[0].stays = true;
    assert!(scene.wrong().contains("which stood for long"));
}

#[test]
fn a_task_that_was_made_twice_is_found() {
    let mut scene = scene();
    let task = scene.state["tasks"][0].clone();
    scene.state["tasks"] = json!([task, task]);
    assert!(scene.wrong().contains("d1/1 was made 2 times"));
}

#[test]
fn a_task_that_was_never_made_is_found() {
    let mut scene = scene();
    scene.state["tasks"] = json!([]);
    assert!(scene.wrong().contains("has 1 tasks, and the CRM has 0"));
}

#[test]
fn a_call_whose_answer_is_not_in_the_log_is_found() {
    let mut scene = scene();
    scene.log[1]["decision"] = json!("d4");
    assert!(scene.wrong().contains("web:call-0: the decision d2 was answered"));
}

#[test]
fn a_rotation_beyond_its_bound_is_found() {
    let mut scene = scene();
    (scene.log[1]["rep"], scene.log[1]["owner"]) = (json!("rep701"), json!("701"));
    assert!(scene.wrong().contains("north: after d2, its turn 2, rep701 is -1.000 from their due"));
}
