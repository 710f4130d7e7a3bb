//! Everything that a rule may see of a lead, fetched before it is asked: exactly the
//! properties that the plugins declare and the workspace's conditions look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rota_domain::id::{ConnectionId, FlowId, LeadId, OwnerId};
use rota_domain::lead::{Company, Lead};
use rota_domain::stages::Stages;
use rota_domain::workspace::Workspace;

use crate::bindings::Bindings;
use crate::ports::{Clock, Crm, CrmError, Directory, Payload, Reading, RecordRef, Waiting, Wanted};

/// A lead with all that the rules may see of it.
#[derive(Clone, Debug)]
pub struct EnrichedLead {
    /// The lead; `gone` records have an id and nothing else.
    pub lead: Arc<Lead>,
    /// The CRM does not have the record any more.
    pub gone: bool,
    /// Ask this flow only.
    pub flow: Option<FlowId>,
    /// 1, or more when an earlier decision came to nothing.
    pub attempt: u32,
    /// The inbox row that the decision will settle.
    pub inbox: Option<i64>,
    /// Its times so far.
    pub stages: Stages,
}

/// What has to be read of each record so that sources, conditions and plugins can work.
#[must_use]
pub fn wanted(workspace: &Workspace, bindings: &Bindings) -> Wanted {
    // The e-mail address says who is the same person, the names are for people to read.
    let mut properties: BTreeSet<String> = ["email", "firstname", "lastname"].map(String::from).into();
    let mut company_properties = BTreeSet::new();
    for source in &workspace.sources {
        source.when.collect_properties(&mut properties);
    }
    for flow in &workspace.flows {
        if let Some(condition) = &flow.enrol.condition {
            condition.collect_properties(&mut properties);
        }
        if let Some(binding) = bindings.get(&flow.id) {
            properties.extend(binding.plugin.manifest.reads.keys().cloned());
            company_properties.extend(binding.plugin.manifest.company.reads.keys().cloned());
        }
    }
    Wanted { properties, company: true, company_properties }
}

/// One CRM account with the directory of its owners, as it was read last.
pub struct Account {
    /// The account.
    pub crm: Arc<dyn Crm>,
    /// Its owners.
    pub directory: Directory,
}

/// Reads what waits. Records of an account that cannot be read now are left out, with the
/// reason: they stay in the inbox.
pub async fn enrich(
    waiting: Vec<Waiting>,
    accounts: &BTreeMap<ConnectionId, Account>,
    wanted: &Wanted,
    clock: &dyn Clock,
) -> (Vec<EnrichedLead>, Vec<CrmError>) {
    let mut by_account: BTreeMap<ConnectionId, Vec<RecordRef>> = BTreeMap::new();
    for row in &waiting {
        if let Payload::Record { connection, object, id, .. } = &row.payload {
            let record = RecordRef { object: object.clone(), id: id.clone() };
            let records = by_account.entry(connection.clone()).or_default();
            if !records.contains(&record) {
                records.push(record);
            }
        }
    }
    let mut readings = BTreeMap::new();
    let mut errors = Vec::new();
    for (connection, records) in by_account {
        let Some(account) = accounts.get(&connection) else {
            // The workspace has no such connection any more: its records are gone to us.
            readings.extend(records.into_iter().map(|record| ((connection.clone(), record), None)));
            continue;
        };
        match account.crm.read(&records, wanted).await {
            Ok(read) => {
                readings
                    .extend(records.into_iter().zip(read).map(|(record, read)| ((connection.clone(), record), read)));
            }
            Err(error) => errors.push(error),
        }
    }
    let enriched = clock.now();
    let leads = waiting.into_iter().filter_map(|row| {
        let mut lead = lead_of(row, accounts, &readings)?;
        lead.stages.enriched = Some(enriched);
        Some(lead)
    });
    (leads.collect(), errors)
}

type Readings = BTreeMap<(ConnectionId, RecordRef), Option<Reading>>;

fn lead_of(row: Waiting, accounts: &BTreeMap<ConnectionId, Account>, readings: &Readings) -> Option<EnrichedLead> {
    let stages = Stages { occurred: Some(row.occurred), received: Some(row.received), ..Stages::default() };
    let (lead, gone, flow, attempt) = match row.payload {
        Payload::Lead { lead, flow } => (*lead, false, flow, 1),
        Payload::Record { connection, object, id, trigger, attempt } => {
            let record = RecordRef { object, id };
            let reading = readings.get(&(connection.clone(), record.clone()))?;
            let directory = accounts.get(&connection).map(|account| &account.directory);
            (from_reading(&connection, record, reading.clone(), trigger, directory), reading.is_none(), None, attempt)
        }
    };
    Some(EnrichedLead { lead: Arc::new(lead), gone, flow, attempt, inbox: Some(row.id), stages })
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
    let left = |owner: &OwnerId| {
        directory.is_some_and(|directory| {
            !directory.owners.is_empty() && directory.owner(owner).is_none_or(|known| known.archived)
        })
    };
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
