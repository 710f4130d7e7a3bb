//! Writing one property of each of several records of one kind. It is state: what may have
//! come through is simply written again.

use std::collections::BTreeSet;

use reqwest::Method;
use rota_domain::effect::Effect;
use rota_flow::ports::CrmError;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::client::{Call, Errand};
use super::errors::{Failure, Intent};
use super::piecewise::{self, Piece, Sender};
use super::read::BATCH;
use super::wire::{Batch, Record};

/// A property of a record and its value.
pub(super) struct Write<'e> {
    pub(super) effect: &'e Effect,
    pub(super) name: &'e str,
    pub(super) value: &'e str,
}

/// Writes to records of one kind.
struct Updates<'a> {
    errand: &'a Errand<'a>,
    object: &'a str,
}

/// Writes these, all to records of one kind.
pub(super) async fn all<'e>(
    errand: &Errand<'_>,
    object: &str,
    writes: Vec<Write<'e>>,
) -> Vec<(&'e Effect, Result<(), CrmError>)> {
    let settled = piecewise::send(&Updates { errand, object }, writes, BATCH).await;
    settled.into_iter().map(|(write, outcome)| (write.effect, outcome)).collect()
}

impl Write<'_> {
    fn properties(&self) -> Value {
        json!({ self.name: self.value })
    }
}

impl<'e> Sender<Write<'e>> for Updates<'_> {
    async fn send(&self, writes: &[Write<'e>]) -> Result<Vec<Piece>, Failure> {
        let Self { errand, object } = self;
        if let [write] = writes {
            let url = errand.object(object, &[&write.effect.record]);
            let about = format!("writing {} of {object} {}", write.name, write.effect.record);
            let body = Some(json!({"properties": write.properties()}));
            let call = Call { method: Method::PATCH, url, body, intent: Intent::Write, about: &about };
            let IgnoredAny = errand.call(call).await?;
            return Ok(vec![Piece::Done]);
        }
        let names: BTreeSet<&str> = writes.iter().map(|write| write.name).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let about = format!("writing {names} of {} {object} record(s)", writes.len());
        let input = |write: &Write<'_>| json!({"id": write.effect.record, "properties": write.properties()});
        let inputs: Vec<Value> = writes.iter().map(input).collect();
        let url = errand.object(object, &["batch", "update"]);
        let answer: Batch<Record> = errand.post(url, json!({ "inputs": inputs }), Intent::Write, &about).await?;
        // Records that are gone or were merged are passed over: a write to one alone says
        // which, and reaches the one that it was merged into.
        let written: BTreeSet<&str> = answer.results.iter().map(|record| record.id.as_str()).collect();
        let piece =
            |write: &Write<'_>| if written.contains(write.effect.record.as_str()) { Piece::Done } else { Piece::Alone };
        Ok(writes.iter().map(piece).collect())
    }

    fn condemned(&self, write: &Write<'e>, failure: &Failure) -> bool {
        failure.properties.iter().any(|bad| bad.always() && bad.name == write.name)
    }
}
