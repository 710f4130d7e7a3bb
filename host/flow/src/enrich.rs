//! Everything that a rule may see of a lead, fetched before it is asked: exactly the
//! properties that the plugins declare and the workspace's conditions look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::decision::Apply;
use rota_domain::delivery::Trouble;
use rota_domain::id::{ConnectionId, FlowId, LeadId, OwnerId, RepId, TenantId};
use rota_domain::lead::{Company, Lead};
use rota_domain::stages::Stages;
use rota_domain::workspace::Workspace;

use crate::bindings::Bindings;
use crate::ports::{Clock, Crm, CrmError, Directory, Payload, Reading, RecordRef, Settles, Store, Waiting, Wanted};

/// A lead with all that the rules may see of it.
#[derive(Clone, Debug)]
pub struct EnrichedLead {
    /// The lead. A record that could not be read has an id and nothing else.
    pub lead: Arc<Lead>,
    /// Whether the CRM gave the record.
    pub facts: Facts,
    /// Ask this flow only.
    pub flow: Option<FlowId>,
    /// 1, or more when an earlier decision came to nothing.
    pub attempt: u32,
    /// Where its question stands in the inbox.
    pub inbox: Option<Settles>,
    /// Who carries the effects out.
    pub apply: Apply,
    /// Its times so far.
    pub stages: Stages,
}

/// A question before its record was read: an arrival, or a call.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Where it stands in the inbox; a call that cannot be repeated stands nowhere.
    pub inbox: Option<Settles>,
    /// Ask this flow only.
    pub flow: Option<FlowId>,
    /// Who carries the effects out.
    pub apply: Apply,
    /// When it happened.
    pub occurred: Timestamp,
    /// When it came.
    pub received: Timestamp,
    /// What it is about.
    pub payload: Payload,
}

impl From<Waiting> for Arrived {
    fn from(row: Waiting) -> Self {
        let Waiting { id, occurred, received, payload } = row;
        let (payload, flow, apply) = match payload {
            Payload::Call { about, flow, apply } => (*about, flow, apply),
            payload => (payload, None, Apply::Host),
        };
        Self { inbox: Some(Settles::Row(id)), flow, apply, occurred, received, payload }
    }
}

impl Arrived {
    /// The kind of record that has to be read, if one has to be.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match &self.payload {
            Payload::Record { connection, object, .. } => Some((connection.clone(), object.clone())),
            Payload::Lead { .. } | Payload::Call { .. } | Payload::Closed { .. } | Payload::Erasure { .. } => None,
        }
    }

    /// Whether a record has to be read.
    #[must_use]
    pub fn is_to_read(&self, reads: &Reads) -> bool {
        self.kind().is_some_and(|(_, object)| !self.is_passed_over(&object, reads))
    }

    /// The row of the inbox where it waits.
    #[must_use]
    pub fn row(&self) -> Option<i64> {
        row(self.inbox.as_ref())
    }

    /// Whether conditions and rules look at nothing of a record of this kind.
    fn is_passed_over(&self, object: &str, reads: &Reads) -> bool {
        self.flow.is_none() && !reads.objects.contains(object)
    }

    /// Whether it came by a connection that the workspace has no more, so that nobody would
    /// ever read it. A call is told so instead, and is recorded nowhere.
    fn is_cut_off(&self, connection: &ConnectionId, accounts: &Accounts) -> bool {
        self.row().is_some() && !accounts.contains_key(connection)
    }
}

impl EnrichedLead {
    /// The same without anything that tells of the person.
    #[must_use]
    pub fn erased(self) -> Self {
        let Lead { id, object, trigger, .. } = (*self.lead).clone();
        let lead = Lead { object, trigger, ..Lead::unknown(id) };
        Self { lead: Arc::new(lead), facts: Facts::Erased, ..self }
    }

    /// The row of the inbox where it waits.
    #[must_use]
    pub fn row(&self) -> Option<i64> {
        row(self.inbox.as_ref())
    }
}

fn row(settles: Option<&Settles>) -> Option<i64> {
    match settles {
        Some(Settles::Row(row)) => Some(*row),
        Some(Settles::Call(_)) | None => None,
    }
}

/// How much is known of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// All that was wanted.
    Known,
    /// The CRM does not have it any more.
    Gone,
    /// The CRM will not give it, for this reason, and waiting would not help.
    Refused(String),
    /// The workspace has let go of this connection, by which it came.
    Disconnected(ConnectionId),
    /// Nothing is to be decided: it is closed.
    Closed,
    /// The person was erased meanwhile, and nothing of them may be looked at or kept.
    Erased,
}

/// What has to be read so that sources, conditions and plugins can work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Of each record.
    pub wanted: Wanted,
    /// Kinds of records that some flow enrols; others need not be read to be passed over.
    pub objects: BTreeSet<String>,
}

/// What has to be read under this workspace.
#[must_use]
pub fn reads(workspace: &Workspace, bindings: &Bindings) -> Reads {
    // The e-mail address says who is the same person, the names are for people to read.
    let mut properties: BTreeSet<String> = ["email", "firstname", "lastname"].map(String::from).into();
    let mut company_properties = BTreeSet::new();
    for source in &workspace.sources {
        source.when.collect_properties(&mut properties);
    }
    if let Some(closed) = &workspace.closed {
        closed.collect_properties(&mut properties);
    }
    for flow in &workspace.flows {
        if let Some(condition) = &flow.enrol.condition {
            condition.collect_properties(&mut properties);
        }
        if let Some(binding) = bindings.flows.get(&flow.id) {
            properties.extend(binding.plugin.manifest.reads.keys().cloned());
            company_properties.extend(binding.plugin.manifest.company.reads.keys().cloned());
        }
    }
    let objects = workspace.flows.iter().map(|flow| flow.enrol.object.clone()).collect();
    Reads { wanted: Wanted { properties, company: true, company_properties }, objects }
}

/// One CRM account with the directory of its owners, as it was read last.
#[derive(Clone)]
pub struct Account {
    /// The account.
    pub crm: Arc<dyn Crm>,
    /// Its owners; none until they were read once. Without them nobody can say who has left.
    pub directory: Option<Arc<Directory>>,
}

/// The CRM accounts of a tenant.
pub type Accounts = BTreeMap<ConnectionId, Account>;

/// A kind of records in an account.
pub type Kind = (ConnectionId, String);

/// Reads what arrived; answers for each, in order. There is nothing of records that cannot be
/// read now: arrivals stay in the inbox. `down` collects their kinds with the reason, and
/// spares them.
pub async fn enrich(
    waiting: Vec<Arrived>,
    accounts: &Accounts,
    reads: &Reads,
    down: &mut BTreeMap<Kind, String>,
    (store, tenant): (&dyn Store, &TenantId),
    clock: &dyn Clock,
) -> Vec<Option<EnrichedLead>> {
    let mut readings = Readings::new();
    for (kind, records) in to_read(&waiting, accounts, reads) {
        if down.contains_key(&kind) {
            continue;
        }
        // Asked before the record is read: an owner that the CRM is told meanwhile is in the record.
        let coming = store.owners_on_their_way(tenant, &kind.0, &records).await.map_err(|error| error.to_string());
        let known = match coming {
            Ok(coming) => read(&kind.0, &records, accounts, &reads.wanted).await.map(|read| (coming, read)),
            Err(reason) => Err(reason),
        };
        match known {
            Ok((coming, read)) => {
                let keys = records.into_iter().map(|record| (kind.0.clone(), record));
                let known = read.into_iter().zip(coming).map(|(known, coming)| known.with_owner(coming));
                readings.extend(keys.zip(known));
            }
            Err(reason) => {
                down.insert(kind, reason);
            }
        }
    }
    let enriched = clock.now();
    waiting.into_iter().map(|row| lead_of(row, accounts, reads, &readings, enriched)).collect()
}

/// The lead of something of which nothing has to be read; none where that is not so.
#[must_use]
pub fn at_once(arrived: Arrived, accounts: &Accounts, reads: &Reads, now: Timestamp) -> Option<EnrichedLead> {
    lead_of(arrived, accounts, reads, &Readings::new(), now)
}

/// What is known of each record that was asked for.
type Readings = BTreeMap<(ConnectionId, RecordRef), Known>;

#[derive(Clone)]
enum Known {
    /// What the CRM says, and whom it will name as owner where it names nobody.
    Reading(Reading, Option<RepId>),
    Gone,
    Refused(String),
}

impl Known {
    fn with_owner(self, coming: Option<RepId>) -> Self {
        match self {
            Self::Reading(reading, _) => Self::Reading(reading, coming),
            other => other,
        }
    }
}

/// The records of each account and kind, each once.
fn to_read(waiting: &[Arrived], accounts: &Accounts, reads: &Reads) -> BTreeMap<Kind, Vec<RecordRef>> {
    let mut groups: BTreeMap<Kind, Vec<RecordRef>> = BTreeMap::new();
    for row in waiting {
        let Payload::Record { connection, object, id, .. } = &row.payload else { continue };
        if row.is_passed_over(object, reads) || row.is_cut_off(connection, accounts) {
            continue;
        }
        let record = RecordRef { object: object.clone(), id: id.clone() };
        let records = groups.entry((connection.clone(), object.clone())).or_default();
        if !records.contains(&record) {
            records.push(record);
        }
    }
    groups
}

/// Reads records of one kind; the error says why they have to wait.
async fn read(
    connection: &ConnectionId,
    records: &[RecordRef],
    accounts: &Accounts,
    wanted: &Wanted,
) -> Result<Vec<Known>, String> {
    let account = accounts.get(connection).ok_or("the workspace has no such connection any more")?;
    if account.directory.is_none() {
        return Err("the CRM's owners could not be read yet".into());
    }
    match account.crm.read(records, wanted).await {
        Ok(read) => Ok(read
            .into_iter()
            .map(|reading| reading.map_or(Known::Gone, |reading| Known::Reading(reading, None)))
            .collect()),
        Err(error) if is_final(&error) => Ok(vec![Known::Refused(error.detail); records.len()]),
        Err(error) => Err(error.detail),
    }
}

/// Whether asking again would be answered the same.
fn is_final(error: &CrmError) -> bool {
    matches!(error.trouble, Trouble::Forbidden | Trouble::NotFound | Trouble::Rejected)
}

fn lead_of(
    row: Arrived,
    accounts: &Accounts,
    reads: &Reads,
    readings: &Readings,
    now: Timestamp,
) -> Option<EnrichedLead> {
    let stages =
        Stages { occurred: Some(row.occurred), received: Some(row.received), enriched: Some(now), ..Stages::default() };
    let kind = row.kind();
    let passed_over = kind.as_ref().is_some_and(|(_, object)| row.is_passed_over(object, reads));
    let cut_off = kind.as_ref().is_some_and(|(connection, _)| row.is_cut_off(connection, accounts));
    let (lead, facts, flow, attempt) = match row.payload {
        // Those are carried out before anything is read; of a call, only what it asks comes here.
        Payload::Erasure { .. } | Payload::Call { .. } => return None,
        Payload::Lead { lead, flow } => (*lead, Facts::Known, row.flow.or(flow), 1),
        Payload::Closed { lead } => (Lead::unknown(lead), Facts::Closed, None, 1),
        Payload::Record { connection, object, id, trigger, attempt } => {
            let record = RecordRef { object, id };
            let (reading, coming, facts) = match readings.get(&(connection.clone(), record.clone())) {
                Some(Known::Reading(reading, coming)) => (Some(reading.clone()), coming.as_ref(), Facts::Known),
                Some(Known::Gone) => (None, None, Facts::Gone),
                Some(Known::Refused(why)) => (None, None, Facts::Refused(why.clone())),
                None if passed_over => (None, None, Facts::Known),
                None if cut_off => (None, None, Facts::Disconnected(connection.clone())),
                None => return None,
            };
            let directory = accounts.get(&connection).and_then(|account| account.directory.as_deref());
            let mut lead = from_reading(&connection, record, reading, trigger, directory);
            // The record as it will be: what is decided holds, though the CRM does not know it yet.
            lead.owner = lead.owner.or_else(|| coming.map(ToString::to_string));
            (lead, facts, row.flow, attempt)
        }
    };
    Some(EnrichedLead { lead: Arc::new(lead), facts, flow, attempt, inbox: row.inbox, apply: row.apply, stages })
}

fn from_reading(
    connection: &ConnectionId,
    record: RecordRef,
    reading: Option<Reading>,
    trigger: String,
    directory: Option<&Directory>,
) -> Lead {
    let reading = reading.unwrap_or(Reading { properties: BTreeMap::new(), owner: None, company: None });
    let written = |owner: &OwnerId| format!("{connection}:{owner}");
    // Somebody whom the directory does not know is newer than it, and has not left.
    let left =
        |owner: &OwnerId| directory.and_then(|directory| directory.owner(owner)).is_some_and(|known| known.archived);
    let company = reading.company.map(|company| {
        let owner = company.owner.as_deref().map(OwnerId::from);
        Company { owner: owner.as_ref().map(written), owner_left: owner.as_ref().is_some_and(left), ..company }
    });
    Lead {
        id: LeadId::of_record(connection, &record.object, &record.id),
        object: record.object,
        properties: reading.properties,
        owner: reading.owner.as_ref().map(written),
        owner_left: reading.owner.as_ref().is_some_and(left),
        company,
        history: Vec::new(),
        trigger,
    }
}
