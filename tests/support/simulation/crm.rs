//! A CRM that holds its state. What reaches it is done, whether or not whoever sent it lives to
//! hear so. Like the real one, it knows no condition on a write and no key that makes one safe
//! to repeat: only its records can be looked at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::delivery::Trouble;
use rota_domain::effect::{Act, Effect};
use rota_domain::id::{EffectId, OwnerId};
use rota_flow::ports::{
    AccountInfo, Carrier, Crm, CrmError, Delivered, Directory, DirectoryOwner, PropertyInfo, Reading, RecordRef, Wanted,
};

use super::life::Life;
use super::rule::{REPS, STRANGER};
use super::world::World;

/// How long a host waits for an answer: half of its lease at most.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is in the CRM.
pub(super) struct CrmState {
    pub(super) records: BTreeMap<String, CrmRecord>,
    /// Owners, and whether they have left.
    pub(super) owners: BTreeMap<String, bool>,
}

/// A contact.
#[derive(Default)]
pub(super) struct CrmRecord {
    properties: BTreeMap<&'static str, String>,
    /// Who was made its owner, in order, and by which effect; without one, by a person.
    pub(super) owners: Vec<(String, Option<EffectId>)>,
    /// What was created beside it, by the mark of the effect.
    pub(super) beside: Vec<EffectId>,
}

impl CrmState {
    /// So many contacts of all sorts, and everybody who can own them.
    pub(super) fn of(records: u64) -> Self {
        const SHAPES: [&str; 5] = ["all", "tasks", "message", "none", "fails"];
        let record = |n: u64| {
            let shape = SHAPES[usize::try_from(n % 5).unwrap_or(0)];
            let kind = if n.is_multiple_of(2) { "keep" } else { "overwrite" };
            let pool = if n.is_multiple_of(3) { "a" } else { "b" };
            let email = format!("joe{n}@big.example");
            let values = [("kind", kind), ("pool", pool), ("shape", shape), ("email", &email)];
            let properties = values.map(|(name, value)| (name, value.to_owned())).into();
            (n.to_string(), CrmRecord { properties, ..CrmRecord::default() })
        };
        let owners = REPS.iter().map(|(_, owner)| *owner).chain([STRANGER]);
        Self {
            records: (0..records).map(record).collect(),
            owners: owners.map(|owner| (owner.to_owned(), false)).collect(),
        }
    }

    fn is_active(&self, owner: &str) -> bool {
        self.owners.get(owner).is_some_and(|left| !left)
    }

    /// Carries an effect out. From the second attempt on, it is looked for first.
    fn carry(&mut self, effect: &Effect, attempt: u32) -> Result<Delivered, Trouble> {
        let refused = match &effect.act {
            Act::Owner { owner, .. } => !self.is_active(owner.as_str()),
            _ => false,
        };
        let active: Vec<String> = self.owners.iter().filter(|(_, left)| !**left).map(|(id, _)| id.clone()).collect();
        let record = self.records.get_mut(&effect.record).ok_or(Trouble::NotFound)?;
        match &effect.act {
            Act::Owner { .. } if refused => return Err(Trouble::Rejected),
            Act::Owner { owner, keep, .. } => {
                let now = record.owners.last().map(|(owner, _)| owner.clone());
                match now {
                    Some(now) if now == owner.as_str() => {}
                    Some(now) if *keep && active.contains(&now) => return Ok(Delivered::OwnedBy(now.into())),
                    _ => record.owners.push((owner.to_string(), Some(effect.id.clone()))),
                }
            }
            Act::Task { .. } | Act::Note { .. } => {
                if attempt == 1 || !record.beside.contains(&effect.id) {
                    record.beside.push(effect.id.clone());
                }
            }
            Act::Property { .. } => {}
            Act::Notify { .. } => return Err(Trouble::Rejected),
        }
        Ok(Delivered::Done)
    }
}

/// One host's way to the CRM.
pub(super) struct CrmLine {
    pub(super) world: Arc<World>,
    pub(super) host: usize,
    pub(super) life: Life,
}

fn error(trouble: Trouble) -> CrmError {
    CrmError { detail: trouble.code().into(), trouble }
}

/// What happens to a whole request before it reaches anybody.
pub(super) fn refusal(world: &World) -> Option<CrmError> {
    if world.befalls(world.plan.crm_fails) {
        let refused = world.draw(8) == 0;
        return Some(error(if refused { Trouble::Unauthorized } else { Trouble::Unavailable }));
    }
    let limited = world.befalls(world.plan.crm_limits);
    let retry_after_ms = (world.draw(2) == 0).then(|| world.draw(3_000));
    limited.then(|| error(Trouble::RateLimited { retry_after_ms }))
}

/// How long a request takes until it is carried out, and its answer afterwards.
pub(super) fn way(world: &World) -> (Duration, Duration) {
    let slow = if world.befalls(world.plan.crm_slow) { 7_000 } else { 40 };
    (Duration::from_millis(world.draw(slow)), Duration::from_millis(world.draw(slow)))
}

impl CrmLine {
    /// A question, which may come to nothing.
    async fn ask<T>(&self, answer: impl FnOnce(&CrmState) -> T) -> Result<T, CrmError> {
        self.life.gate().await;
        let (there, _) = way(&self.world);
        tokio::time::sleep(there).await;
        self.life.gate().await;
        match refusal(&self.world) {
            Some(refusal) => Err(refusal),
            None => Ok(answer(&self.world.crm())),
        }
    }
}

#[async_trait]
impl Carrier for CrmLine {
    async fn deliver(&self, effects: &[(Effect, u32)]) -> Vec<(EffectId, Result<Delivered, CrmError>)> {
        self.life.gate().await;
        if let Some(refusal) = refusal(&self.world) {
            self.world.note(format_args!("host {} is refused by the CRM: {refusal}", self.host));
            return effects.iter().map(|(effect, _)| (effect.id.clone(), Err(refusal.clone()))).collect();
        }
        let (there, back) = way(&self.world);
        let (world, sent, host) = (self.world.clone(), effects.to_vec(), self.host);
        // What was sent arrives, whatever becomes of who sent it.
        let request = tokio::spawn(async move {
            tokio::time::sleep(there).await;
            let answers: Vec<_> =
                sent.iter().map(|(effect, attempt)| carried(&world, host, effect, *attempt)).collect();
            tokio::time::sleep(back).await;
            answers
        });
        let answers = tokio::time::timeout(PATIENCE, request).await;
        self.life.gate().await;
        let lost = self.world.befalls(self.world.plan.crm_lost);
        match answers {
            Ok(Ok(answers)) if !lost => answers,
            _ => effects.iter().map(|(effect, _)| (effect.id.clone(), Err(error(Trouble::Unknown)))).collect(),
        }
    }
}

fn carried(world: &World, host: usize, effect: &Effect, attempt: u32) -> (EffectId, Result<Delivered, CrmError>) {
    let done = if world.befalls(world.plan.crm_limits / 2) {
        Err(Trouble::Deferred)
    } else {
        world.crm().carry(effect, attempt)
    };
    let kind = effect.act.kind();
    world.note(format_args!("the CRM: {kind} {} of host {host}, attempt {attempt}: {done:?}", effect.id));
    (effect.id.clone(), done.map_err(error))
}

#[async_trait]
impl Crm for CrmLine {
    async fn read(&self, records: &[RecordRef], wanted: &Wanted) -> Result<Vec<Option<Reading>>, CrmError> {
        let reading = |state: &CrmState, record: &RecordRef| {
            let known = state.records.get(&record.id)?;
            let value = |name: &String| Some((name.clone(), known.properties.get(name.as_str()).cloned()));
            Some(Reading {
                properties: wanted.properties.iter().filter_map(value).collect(),
                owner: known.owners.last().map(|(owner, _)| OwnerId::from(owner.as_str())),
                company: None,
            })
        };
        self.ask(|state| records.iter().map(|record| reading(state, record)).collect()).await
    }

    async fn directory(&self) -> Result<Directory, CrmError> {
        let owner = |(id, left): (&String, &bool)| DirectoryOwner {
            id: OwnerId::from(id.as_str()),
            email: None,
            name: id.clone(),
            archived: *left,
        };
        self.ask(|state| Directory { owners: state.owners.iter().map(owner).collect() }).await
    }

    async fn properties(&self, _: &str) -> Result<Vec<PropertyInfo>, CrmError> {
        Ok(Vec::new())
    }

    async fn account(&self) -> Result<AccountInfo, CrmError> {
        Ok(AccountInfo { portal: 4_711 })
    }
}

impl World {
    /// A person gives a record to somebody in the CRM itself.
    pub(super) fn gives(&self, record: &str, owner: &str) {
        self.note(format_args!("a person gives record {record} to {owner}"));
        if let Some(record) = self.crm().records.get_mut(record) {
            record.owners.push((owner.to_owned(), None));
        }
    }

    /// An owner leaves the CRM, or comes back.
    pub(super) fn leaves(&self, owner: &str, left: bool, now: Timestamp) {
        self.note(format_args!("owner {owner} has left: {left}, at {now}"));
        self.crm().owners.insert(owner.to_owned(), left);
    }
}
