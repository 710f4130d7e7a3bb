//! Reading records: their properties and owner, and the company of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Method;
use rota_domain::delivery::Trouble;
use rota_domain::id::{ConnectionId, LeadId, OwnerId};
use rota_domain::lead::{Company, Properties};
use rota_flow::ports::{Reading, RecordRef, Wanted};
use serde_json::json;

use super::client::{Call, Errand};
use super::errors::{Blame, Failure, Intent};
use super::wire::{Associated, Association, Batch, Paging, Problem, Record};

/// The most records in one batch.
pub(super) const BATCH: usize = 100;
/// The most records whose associations one call reads.
const ASSOCIATIONS_BATCH: usize = 1_000;
/// More pages of associations than this are not read.
const MAX_PAGES: usize = 20;
/// The property that holds a record's owner.
pub(super) const OWNER: &str = "hubspot_owner_id";

/// Records by their id.
pub(super) type Records = BTreeMap<String, Record>;

/// Reads records, and remembers what readings of the same account have to know later.
#[derive(Default)]
pub(super) struct Readings {
    /// Records that are gone, by kind and id, until a reading of them comes through: one that
    /// ran out of time goes on where it stopped.
    gone: Mutex<BTreeSet<(String, String)>>,
    /// It was said already that companies are out of reach.
    warned: AtomicBool,
}

impl Readings {
    /// Reads records in the order asked.
    pub(super) async fn all(
        &self,
        errand: &Errand<'_>,
        connection: &ConnectionId,
        records: &[RecordRef],
        wanted: &Wanted,
    ) -> Result<Vec<Option<Reading>>, Failure> {
        let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for record in records.iter().filter(|record| is_id(&record.id)) {
            asked.entry(&record.object).or_default().insert(&record.id);
        }
        let names: Vec<&str> = wanted.properties.iter().map(String::as_str).chain([OWNER]).collect();
        let mut readings: BTreeMap<(&str, String), Reading> = BTreeMap::new();
        for (object, ids) in &asked {
            let mut found = batch(errand, object, ids, &names).await?;
            let missing: Vec<&str> = ids.iter().copied().filter(|id| !found.contains_key(*id)).collect();
            let mut merged: Vec<(&str, String)> = Vec::new();
            for (old, survivor) in self.survivors(errand, object, &missing, &names).await? {
                merged.push((old, survivor.id.clone()));
                found.insert(survivor.id.clone(), survivor);
            }
            let mut companies = match wanted.company && *object != "company" {
                true => companies(errand, connection, object, found.keys(), wanted)
                    .await
                    .or_else(|failure| self.without_companies(connection, failure))?,
                false => BTreeMap::new(),
            };
            for (id, record) in found {
                let company = companies.remove(&id);
                let owner = owner(&record.properties);
                let properties = only(record.properties, &wanted.properties);
                readings.insert((object, id), Reading { properties, owner, company });
            }
            for (old, survivor) in merged {
                let reading = readings.get(&(*object, survivor)).cloned();
                readings.extend(reading.map(|reading| ((*object, old.to_owned()), reading)));
            }
        }
        self.gone().retain(|(object, id)| !asked.get(object.as_str()).is_some_and(|ids| ids.contains(id.as_str())));
        Ok(records.iter().map(|record| readings.get(&(record.object.as_str(), record.id.clone())).cloned()).collect())
    }

    /// What a batch passed over, each asked for by itself, with the id that was asked for: so
    /// a record answers that another was merged into. Not more calls than a batch has records.
    async fn survivors<'i>(
        &self,
        errand: &Errand<'_>,
        object: &str,
        missing: &[&'i str],
        properties: &[&str],
    ) -> Result<Vec<(&'i str, Record)>, Failure> {
        let key = |id: &str| (object.to_owned(), id.to_owned());
        let unknown: Vec<&'i str> = missing.iter().copied().filter(|id| !self.gone().contains(&key(id))).collect();
        let mut survivors = Vec::new();
        for id in unknown.iter().take(BATCH) {
            match single(errand, object, id, properties).await {
                Ok(record) => survivors.push((*id, record)),
                Err(failure) if matches!(failure.error.trouble, Trouble::NotFound | Trouble::Forbidden) => {
                    self.gone().insert(key(id));
                }
                Err(failure) => return Err(failure),
            }
        }
        if unknown.len() > BATCH {
            let about = format!("reading {} missing {object} record(s)", unknown.len());
            let why = format!("no more than {BATCH} of them are looked for one by one at a time");
            return Err(Failure::lost(&about, Intent::Read, &why));
        }
        Ok(survivors)
    }

    /// No companies, where the token does not reach them; any other failure stays one.
    fn without_companies<T: Default>(&self, connection: &ConnectionId, failure: Failure) -> Result<T, Failure> {
        if !failure.denied {
            return Err(failure);
        }
        if !self.warned.swap(true, Ordering::Relaxed) {
            let why = &failure.error.detail;
            tracing::warn!(%connection, "companies are out of reach, so leads are decided without them: {why}");
        }
        Ok(T::default())
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this can be the id of a record: a single other one would fail a whole batch.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The owner among a record's properties.
pub(super) fn owner(properties: &Properties) -> Option<OwnerId> {
    let id = properties.get(OWNER)?.as_deref()?.trim();
    (!id.is_empty()).then(|| OwnerId::from(id))
}

/// Reads records of one kind; those that are missing are not there any more.
pub(super) async fn batch(
    errand: &Errand<'_>,
    object: &str,
    ids: &BTreeSet<&str>,
    properties: &[&str],
) -> Result<Records, Failure> {
    let mut found = BTreeMap::new();
    let ids: Vec<&str> = ids.iter().copied().collect();
    for part in ids.chunks(BATCH) {
        let about = format!("reading {} {object} record(s)", part.len());
        let inputs: Vec<_> = part.iter().map(|id| json!({ "id": id })).collect();
        let body = json!({"properties": properties, "inputs": inputs});
        let url = errand.object(object, &["batch", "read"]);
        let answer: Batch<Record> = errand.post(url, body, Intent::Read, &about).await?;
        refuse_other_errors(&answer.errors, &about)?;
        found.extend(answer.results.into_iter().map(|record| (record.id.clone(), record)));
    }
    Ok(found)
}

/// Reads one record, even by an id from before a merge.
pub(super) async fn single(
    errand: &Errand<'_>,
    object: &str,
    id: &str,
    properties: &[&str],
) -> Result<Record, Failure> {
    let mut url = errand.object(object, &[id]);
    url.query_pairs_mut().append_pair("properties", &properties.join(","));
    let about = format!("reading {object} {id}");
    errand.call(Call { method: Method::GET, url, body: None, intent: Intent::Read, about: &about }).await
}

/// Reads what records of one kind are associated with, in HubSpot's order.
pub(super) async fn associated(
    errand: &Errand<'_>,
    from: &str,
    to: &str,
    ids: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, Vec<Association>>, Failure> {
    let mut found: BTreeMap<String, Vec<Association>> = BTreeMap::new();
    let ids: Vec<_> = ids.map(|id| json!({ "id": id })).collect();
    for part in ids.chunks(ASSOCIATIONS_BATCH) {
        let about = format!("reading which {to} records {} {from} record(s) belong to", part.len());
        let mut inputs = part.to_vec();
        for _ in 0..MAX_PAGES {
            if inputs.is_empty() {
                break;
            }
            let url = errand.associations(from, to);
            let answer: Batch<Associated> = errand.post(url, json!({ "inputs": inputs }), Intent::Read, &about).await?;
            refuse_other_errors(&answer.errors, &about)?;
            inputs.clear();
            for Associated { from, to, paging } in answer.results {
                inputs.extend(Paging::after(paging).map(|after| json!({"id": from.id, "after": after})));
                found.entry(from.id).or_default().extend(to);
            }
        }
    }
    Ok(found)
}

/// The company of each record, by the record's id.
async fn companies(
    errand: &Errand<'_>,
    connection: &ConnectionId,
    object: &str,
    ids: impl Iterator<Item = &String>,
    wanted: &Wanted,
) -> Result<BTreeMap<String, Company>, Failure> {
    let associated = associated(errand, object, "company", ids.map(String::as_str)).await?;
    let chosen: BTreeMap<String, String> =
        associated.into_iter().filter_map(|(id, all)| Some((id, primary(object, &all)?.to.clone()))).collect();
    let ids: BTreeSet<&str> = chosen.values().map(String::as_str).collect();
    let mut names: BTreeSet<&str> = wanted.company_properties.iter().map(String::as_str).collect();
    names.extend(["name", "domain", OWNER]);
    let names: Vec<&str> = names.into_iter().collect();
    let found = batch(errand, "company", &ids, &names).await?;
    let company = |id: &String| {
        let properties = &found.get(id)?.properties;
        let value = |name: &str| properties.get(name).cloned().flatten();
        Some(Company {
            id: LeadId::of_record(connection, "company", id),
            domain: value("domain"),
            name: value("name"),
            owner: owner(properties).map(|owner| owner.to_string()),
            properties: only(properties.clone(), &wanted.company_properties),
            ..Company::default()
        })
    };
    Ok(chosen.iter().filter_map(|(record, id)| Some((record.clone(), company(id)?))).collect())
}

/// The association that HubSpot labels as primary, else the first.
fn primary<'a>(object: &str, all: &'a [Association]) -> Option<&'a Association> {
    let label = match object {
        "contact" => Some(1),
        "lead" => Some(580),
        _ => None,
    };
    let labelled = |association: &&Association| {
        let mut types = association.types.iter();
        types.any(|it| label.is_some() && it.id == label && it.category.as_deref() != Some("USER_DEFINED"))
    };
    all.iter().find(labelled).or(all.first())
}

fn only(mut properties: Properties, wanted: &BTreeSet<String>) -> Properties {
    properties.retain(|name, _| wanted.contains(name));
    properties
}

/// A batch says of what it did not find that it did not find it; any other error in it
/// means that something is missing which may well be there.
fn refuse_other_errors(errors: &[serde_json::Value], about: &str) -> Result<(), Failure> {
    let problems = errors.iter().map(Problem::of);
    let other =
        problems.into_iter().find(|it| it.category.as_deref().is_some_and(|category| category != "OBJECT_NOT_FOUND"));
    match other {
        Some(problem) => Err(Failure { blame: Blame::Call, ..Failure::entry(about, problem) }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use reqwest::header::HeaderMap;

    use super::*;

    fn associations(json: serde_json::Value) -> Vec<Association> {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_primary_company_is_the_labelled_one_else_the_first() {
        let labelled = associations(json!([
            {"toObjectId": 5, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 279}]},
            {"toObjectId": 6, "associationTypes": [{"typeId": 279}, {"category": "HUBSPOT_DEFINED", "typeId": 1}]},
        ]));
        assert_eq!(primary("contact", &labelled).unwrap().to, "6");
        let own_label = associations(json!([
            {"toObjectId": 5, "associationTypes": [{"typeId": 279}]},
            {"toObjectId": 6, "associationTypes": [{"category": "USER_DEFINED", "typeId": 1}]},
        ]));
        assert_eq!(primary("contact", &own_label).unwrap().to, "5");
        assert!(primary("contact", &[]).is_none());
    }

    #[test]
    fn an_error_other_than_not_found_fails_a_batch_read() {
        let missing = json!({"category": "OBJECT_NOT_FOUND", "context": {"ids": ["7"]}});
        assert!(refuse_other_errors(std::slice::from_ref(&missing), "x").is_ok());
        let limited = json!({"category": "RATE_LIMITS", "message": "slow down"});
        assert!(refuse_other_errors(&[missing, limited], "x").is_err());
    }

    /// Counts what is logged.
    #[derive(Clone, Default)]
    struct Count(Arc<AtomicUsize>);

    impl tracing::Subscriber for Count {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            if *event.metadata().level() == tracing::Level::WARN {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn companies_out_of_reach_are_warned_of_once() {
        let count = Count::default();
        let connection = ConnectionId::from("hs");
        let readings = Readings::default();
        let answered = |status| Failure::answered("x", status, &HeaderMap::new(), b"{}");
        tracing::subscriber::with_default(count.clone(), || {
            for status in [401, 429, 503] {
                assert!(readings.without_companies::<()>(&connection, answered(status)).is_err(), "{status}");
            }
            assert_eq!(count.0.load(Ordering::Relaxed), 0);
            for _ in 0..3 {
                assert!(readings.without_companies::<()>(&connection, answered(403)).is_ok());
            }
        });
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn only_numbers_are_ids() {
        assert!(is_id("267448862446"));
        for text in ["", "a@b.example", "-1", "1/2", "123456789012345678901"] {
            assert!(!is_id(text), "{text}");
        }
    }
}
