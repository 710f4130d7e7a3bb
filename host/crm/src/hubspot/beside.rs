//! Creating tasks and notes beside records. HubSpot creates one each time that it is told
//! to, so a second attempt first looks among the record's tasks for what the first one made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rota_domain::delivery::Trouble;
use rota_domain::effect::{Act, Effect, Urgency};
use rota_flow::ports::{CrmError, Delivered};
use serde_json::{Map, Value, json};

use super::client::Errand;
use super::errors::{Failure, Intent};
use super::piecewise::{self, Piece, Sender};
use super::read::{self, BATCH, OWNER};
use super::settled::Settled;
use super::trace;
use super::wire::{Batch, Problem, Record};

/// What is created.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Task,
    Note,
}

/// Something to create, ready to be sent.
struct Creation<'e> {
    effect: &'e Effect,
    properties: Map<String, Value>,
    association: u32,
}

struct Creations<'a> {
    errand: &'a Errand<'a>,
    kind: Kind,
}

impl Kind {
    fn object(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Note => "note",
        }
    }

    fn body(self) -> &'static str {
        match self {
            Self::Task => "hs_task_body",
            Self::Note => "hs_note_body",
        }
    }

    /// HubSpot's own type of association, from what is created to the record.
    fn association(self, object: &str) -> Option<u32> {
        match (self, object) {
            (Self::Task, "contact") => Some(204),
            (Self::Task, "company") => Some(192),
            (Self::Task, "lead") => Some(647),
            (Self::Note, "contact") => Some(202),
            (Self::Note, "company") => Some(190),
            _ => None,
        }
    }
}

/// Creates these, each with the number of its attempt.
pub(super) async fn all<'e>(errand: &Errand<'_>, kind: Kind, effects: &[(&'e Effect, u32)]) -> Settled<'e> {
    let mut settled: Settled<'e> = Vec::with_capacity(effects.len());
    let again: Vec<&'e Effect> =
        effects.iter().filter(|(_, attempt)| *attempt > 1).map(|(effect, _)| *effect).collect();
    let made = made_before(errand, kind, &again).await;
    let mut creations = Vec::new();
    for (effect, attempt) in effects {
        match &made {
            Ok(made) if made.contains(effect.id.as_str()) => settled.push((effect, Ok(Delivered::Done))),
            Err(failure) if *attempt > 1 => settled.push((effect, Err(failure.error.clone()))),
            _ => match creation(kind, effect) {
                Ok(creation) => creations.push(creation),
                Err(error) => settled.push((effect, Err(error))),
            },
        }
    }
    let created = piecewise::send(&Creations { errand, kind }, creations, BATCH).await;
    settled.extend(created.into_iter().map(|(it, outcome)| (it.effect, outcome.map(|()| Delivered::Done))));
    settled
}

/// Which of these an earlier attempt has created.
async fn made_before<'e>(
    errand: &Errand<'_>,
    kind: Kind,
    effects: &[&'e Effect],
) -> Result<BTreeSet<&'e str>, Failure> {
    let mut records: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for effect in effects.iter().filter(|effect| kind.association(&effect.object).is_some()) {
        records.entry(&effect.object).or_default().insert(&effect.record);
    }
    let mut made = BTreeSet::new();
    for (object, ids) in records {
        let beside = read::associated(errand, object, kind.object(), ids.into_iter()).await?;
        let ids: BTreeSet<&str> = beside.values().flatten().map(|association| association.to.as_str()).collect();
        let found = read::batch(errand, kind.object(), &ids, &[kind.body()]).await?;
        let text = |id: &String| found.get(id)?.properties.get(kind.body())?.as_deref();
        for effect in effects.iter().filter(|effect| effect.object == object) {
            let mut texts = beside.get(&effect.record).into_iter().flatten().filter_map(|it| text(&it.to));
            if texts.any(|text| trace::carries(text, &effect.id)) {
                made.insert(effect.id.as_str());
            }
        }
    }
    Ok(made)
}

fn creation(kind: Kind, effect: &Effect) -> Result<Creation<'_>, CrmError> {
    let Some(association) = kind.association(&effect.object) else {
        let detail = format!(
            "a {} cannot be put on {} {}: that is done for contacts and companies; nothing was sent",
            kind.object(),
            effect.object,
            effect.record
        );
        return Err(CrmError { trouble: Trouble::Rejected, detail });
    };
    let mut properties = Map::new();
    let mut set = |name: &str, value: String| properties.insert(name.to_owned(), Value::String(value));
    match &effect.act {
        Act::Task { subject, body, due, owner, urgency } => {
            set("hs_timestamp", instant(*due));
            set("hs_task_subject", subject.clone());
            set("hs_task_body", trace::marked(body, &effect.id));
            set("hs_task_status", "NOT_STARTED".into());
            let priority = if *urgency == Urgency::Urgent { "HIGH" } else { "MEDIUM" };
            set("hs_task_priority", priority.into());
            set("hs_task_type", "TODO".into());
            if let Some(owner) = owner {
                set(OWNER, owner.to_string());
            }
        }
        Act::Note { body, at } => {
            set("hs_timestamp", instant(*at));
            set("hs_note_body", trace::marked(body, &effect.id));
        }
        Act::Owner { .. } | Act::Property { .. } | Act::Notify { .. } => {}
    }
    Ok(Creation { effect, properties, association })
}

/// As HubSpot writes an instant: three decimals.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl Creation<'_> {
    fn body(&self) -> Value {
        let types = [json!({"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.association})];
        let association = json!({"to": {"id": self.effect.record}, "types": types});
        json!({"properties": self.properties, "associations": [association]})
    }

    fn traced(&self) -> Value {
        let mut body = self.body();
        body["objectWriteTraceId"] = self.effect.id.as_str().into();
        body
    }
}

impl<'e> Sender<Creation<'e>> for Creations<'_> {
    async fn send(&self, creations: &[Creation<'e>]) -> Result<Vec<Piece>, Failure> {
        let Self { errand, kind } = self;
        let object = kind.object();
        if let [creation] = creations {
            let about = format!("creating a {object} for {} {}", creation.effect.object, creation.effect.record);
            let url = errand.object(object, &[]);
            let _: Record = errand.post(url, creation.body(), Intent::Write, &about).await?;
            return Ok(vec![Piece::Done]);
        }
        let about = format!("creating {} {object}s", creations.len());
        let inputs: Vec<Value> = creations.iter().map(Creation::traced).collect();
        let url = errand.object(object, &["batch", "create"]);
        let answer: Batch<Record> = errand.post(url, json!({ "inputs": inputs }), Intent::Write, &about).await?;
        Ok(creations.iter().map(|creation| outcome(*kind, creation.effect, &answer, &about)).collect())
    }

    /// All have the same properties, so what none may have condemns all.
    fn condemned(&self, _: &Creation<'e>, failure: &Failure) -> bool {
        failure.properties.iter().any(super::wire::InvalidProperty::always)
    }
}

/// What a batch's answer says of one effect: created, refused, or nothing.
fn outcome(kind: Kind, effect: &Effect, answer: &Batch<Record>, about: &str) -> Piece {
    let is_it = |record: &Record| {
        let text = record.properties.get(kind.body()).and_then(Option::as_deref);
        record.trace.as_deref() == Some(effect.id.as_str()) || text.is_some_and(|text| trace::carries(text, &effect.id))
    };
    if answer.results.iter().any(is_it) {
        return Piece::Done;
    }
    let mut problems = answer.errors.iter().map(Problem::of);
    match problems.find(|problem| problem.traces.iter().any(|trace| trace == effect.id.as_str())) {
        Some(problem) => Piece::Failed(Failure::entry(about, problem).error),
        None => Piece::Failed(piecewise::untold()),
    }
}
