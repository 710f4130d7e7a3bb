//! The rule `territory` as a native function: what it decides about these leads, and nothing of
//! a sandbox, a transcript or a limit.

use rota_domain::id::{Digest, PoolId};
use rota_domain::property;
use rota_domain::rule::{Answer, Choice, Decided, Note, Question, Reason, Verdict, Wish};
use rota_flow::ports::{Plugin, Rules};
use serde_json::Value;

/// Answers for every plugin.
pub(crate) struct Native;

impl Rules for Native {
    fn ask(&self, question: Question) -> Answer {
        Answer {
            verdict: decide(&question),
            transcript: Vec::new(),
            notes: vec![Note { branch: "territory".into(), detail: "US".into() }],
            log: Vec::new(),
            marks: Vec::new(),
            nobody: None,
            fuel: 0,
            nanos: 0,
        }
    }

    fn plugin(&self, _: &Digest) -> Option<Plugin> {
        None
    }
}

fn decide(question: &Question) -> Verdict {
    let settings: Value = serde_json::from_str(question.settings.text()).expect("settings");
    let lead = &question.lead;
    let employees = lead.property("numberofemployees").and_then(|text| property::number(text).ok());
    let large = employees.is_some_and(|employees| employees >= 1_000.0);
    let country = lead.property("country").map(str::to_ascii_uppercase).unwrap_or_default();
    let here = |territory: &&Value| {
        territory["countries"].as_array().is_some_and(|list| list.iter().any(|code| code.as_str() == Some(&country)))
    };
    let territories = settings["territories"].as_array().expect("territories");
    let place = if large { Some(&settings["enterprise"]) } else { territories.iter().find(here) };
    let Some(pool) = place.and_then(|place| place["pool"].as_str()) else {
        return Verdict::Passed(Reason::new("no-territory", country));
    };
    let pool = PoolId::from(pool);
    let Some(turn) = question.desk.next(&pool, &[], &[], question.call.now) else {
        return Verdict::Passed(Reason::new("nobody", country));
    };
    Verdict::Decided(Box::new(Decided {
        choice: Choice::Assign(turn.rep.clone()),
        reason: Reason::new("territory", format!("{country} → {pool}")),
        turn: Some(turn),
        wishes: vec![Wish::Property { name: "rota_segment".into(), value: "territory".into() }],
        response_due: None,
        counters: Vec::new(),
    }))
}
