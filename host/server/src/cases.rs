//! A plugin's cases: each is a lead with settings, decided by the compiled component the
//! whole way that a live lead goes, and compared with what its author expects.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rota_domain::event::{Event, Happening};
use rota_domain::id::{OwnerId, Seed};
use rota_domain::workspace::{
    Condition, Connection, ConnectionKind, Enrol, Fallback, Flow, Minutes, Owned, Settings, Source, Workspace,
};
use rota_flow::ports::Recorded;
use rota_rules::Catalogue;
use serde_json::{Value, json};

use crate::bind::bind;
use crate::config::{Case, Directory, Expect, Loaded, load_workspace};
use crate::replay::unlike;
use crate::simulate::Simulation;

/// The queue of the flow that cases run in.
const FALLBACK: &str = "fallback";

/// What became of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The file's name.
    pub name: String,
    /// What it is to show.
    pub about: String,
    /// What came otherwise than expected; empty for a case that holds.
    pub differences: Vec<String>,
}

/// Runs all cases of a plugin's folder against a component.
///
/// # Errors
/// When a case or the workspace of the cases cannot be read, or the component is refused.
pub fn run(plugin: &Path, component: &[u8]) -> anyhow::Result<Vec<Outcome>> {
    let folder = plugin.join("cases");
    let loaded = load_workspace(&Directory::open(&folder)?)?;
    let catalogue = Arc::new(Catalogue::new()?);
    catalogue.take_in(component).context("the component is refused")?;
    let mut files: Vec<_> = std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    anyhow::ensure!(
        !files.is_empty(),
        "there are no cases in {}: add one, as `rota schema case` describes",
        folder.display()
    );
    files.iter().map(|path| one(path, &loaded, component, &catalogue)).collect()
}

fn one(path: &Path, loaded: &Loaded, component: &[u8], catalogue: &Arc<Catalogue>) -> anyhow::Result<Outcome> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let case: Case = serde_json::from_str(&text).with_context(|| format!("{shown} is no case"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let at = case.at.unwrap_or(Timestamp::UNIX_EPOCH);
    let bound = bind(stage(&case, loaded, component), catalogue)?;
    let settings = bound.bindings.flows.values().next().map(|binding| binding.settings.clone());
    let settings = settings.context("a case has one flow")?;
    let mut simulation = Simulation::new(bound, catalogue.clone(), Seed::from_number(1), at);
    let lead = || Event { at, what: Happening::Lead { lead: Box::new(case.lead.clone()), flow: Some("case".into()) } };
    let results: Vec<Recorded> = (0..case.repeat.max(1)).filter_map(|_| simulation.happen(lead())).collect();
    let mut differences = differences(&case.expect, &results);
    let again = results.iter().filter_map(|result| unlike(catalogue, result, &settings));
    differences.extend(again.map(|first| format!("replay: recorded {}, came {}", first.recorded, first.replayed)));
    Ok(Outcome { name, about: case.about.clone(), differences })
}

/// The workspace of the cases with one flow, which asks the plugin and nothing else: owned
/// records too, and the same person again and again. Every rep is known to the lead's CRM.
fn stage(case: &Case, loaded: &Loaded, component: &[u8]) -> Loaded {
    let mut workspace: Workspace = loaded.workspace.clone();
    if let Some((connection, _, _)) = case.lead.id.parts() {
        for rep in &mut workspace.reps {
            rep.crm.entry(connection.clone()).or_insert_with(|| OwnerId::from(rep.id.as_str()));
        }
        workspace.connections = vec![Connection {
            id: connection,
            kind: ConnectionKind::HubSpot,
            app: None,
            portal_id: None,
            token: None,
            base_url: None,
        }];
    }
    if let Some(class) = &case.class {
        workspace.sources = vec![Source { class: class.clone(), when: Condition::All(Vec::new()) }];
    }
    let settings = match &case.settings {
        Some(settings) => Value::Object(settings.clone()).to_string().into(),
        None => loaded.settings.values().next().cloned().unwrap_or_else(|| "{}".into()),
    };
    let flow = Flow {
        id: "case".into(),
        enrol: Enrol::default(),
        plugin: "./case.wasm".into(),
        digest: None,
        settings: Settings::default(),
        owned: Owned::Overwrite,
        fallback: Fallback::Queue(FALLBACK.into()),
        coalesce: Minutes(0),
    };
    workspace.flows = vec![flow];
    Loaded {
        workspace,
        settings: BTreeMap::from([("case".into(), settings)]),
        components: BTreeMap::from([("case".into(), component.to_vec())]),
        tables: loaded.tables.clone(),
        warnings: Vec::new(),
    }
}

fn differences(expect: &Expect, results: &[Recorded]) -> Vec<String> {
    let mut found = Vec::new();
    let Some(last) = results.last() else {
        return vec!["nothing was decided".into()];
    };
    let mut compare = |what: &str, expected: Value, came: Value| {
        if !expected.is_null() && !covers(&expected, &came) {
            found.push(format!("{what}: expected {expected}, came {came}"));
        }
    };
    let decision = &last.decision;
    for result in results {
        compare("outcome", json!(expect.outcome), json!(result.decision.outcome));
    }
    compare("rep", json!(expect.rep), json!(decision.rep));
    let reps: Vec<_> = results.iter().map(|result| &result.decision.rep).collect();
    compare("reps", json!(expect.reps), json!(reps));
    compare("reason", json!(expect.reason), json!(decision.reason.code));
    compare("queue", json!(expect.queue), json!(decision.queue));
    compare("nurture", json!(expect.nurture), json!(decision.nurture));
    compare("error", json!(expect.error), json!(decision.error));
    let notes: Vec<_> = last.private.notes.iter().map(|note| &note.branch).collect();
    compare("notes", json!(expect.notes), json!(notes));
    let beside = last.effects.iter().filter(|effect| effect.act.kind() != "owner");
    let beside: Vec<_> = beside.map(|effect| json!(effect.act)).collect();
    compare("effects", json!(expect.effects), json!(beside));
    let minutes = decision.response_due.map(|due| due.duration_since(decision.at));
    compare("response_minutes", json!(expect.response_minutes), json!(minutes.as_ref().map(SignedDuration::as_mins)));
    if expect.error.is_none() && decision.error.is_some() {
        found.push(format!("error: none expected, came {}", decision.error_detail.as_deref().unwrap_or("one")));
    }
    found
}

/// Whether what came is as expected: objects in lists need only the keys that are given.
fn covers(expected: &Value, came: &Value) -> bool {
    match (expected, came) {
        (Value::Array(expected), Value::Array(came)) => {
            expected.len() == came.len() && expected.iter().zip(came).all(|(expected, came)| covers(expected, came))
        }
        (Value::Object(expected), Value::Object(came)) => {
            expected.iter().all(|(key, expected)| came.get(key).is_some_and(|came| covers(expected, came)))
        }
        _ => expected == came,
    }
}
