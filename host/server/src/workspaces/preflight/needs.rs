//! What a workspace needs of a CRM's records, by kind of record.

use std::collections::BTreeMap;

use rota_domain::property::Kind;
use rota_domain::workspace::{Condition, Test, Workspace};
use rota_flow::bindings::Bindings;

/// The kind of record that a lead's company is.
const COMPANY: &str = "company";

/// A property that somebody counts on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need {
    /// Who does what with it, such as ``flow `inbound` reads``.
    pub(super) who: String,
    /// Its name.
    pub(super) name: String,
    /// For what.
    pub(super) purpose: Purpose,
}

/// What a property is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purpose {
    /// A plugin reads it as this.
    Read(Kind),
    /// A plugin writes it as this.
    Write(Kind),
    /// It is compared with these texts; none where it is tested otherwise.
    Test(Vec<String>),
    /// It is compared with a number.
    Compare,
}

/// What a workspace needs, by kind of record.
pub(super) fn needs(workspace: &Workspace, bindings: &Bindings) -> BTreeMap<String, Vec<Need>> {
    let mut all: BTreeMap<String, Vec<Need>> = BTreeMap::new();
    for flow in &workspace.flows {
        let object = &flow.enrol.object;
        let mut own = Vec::new();
        if let Some(condition) = &flow.enrol.condition {
            tests(condition, &format!("flow `{}` asks in its condition for", flow.id), &mut own);
        }
        // Where there are several kinds of records, each may have its own properties for that.
        let alike = workspace.flows.iter().all(|other| other.enrol.object == *object);
        for (key, said) in [("closed", &workspace.closed), ("responded", &workspace.responded)] {
            if let Some(condition) = said.as_ref().filter(|_| alike) {
                tests(condition, &format!("`{key}` asks for"), &mut own);
            }
        }
        for source in &workspace.sources {
            tests(&source.when, &format!("the source `{}` asks for", source.class), &mut own);
        }
        if let Some(binding) = bindings.flows.get(&flow.id) {
            let manifest = &binding.plugin.manifest;
            let who = |does: &str| format!("the plugin `{}` of flow `{}` {does}", manifest.name, flow.id);
            let each = |reads: &BTreeMap<String, Kind>, purpose: fn(Kind) -> Purpose, does: &str| {
                let need = |(name, kind): (&String, &Kind)| Need {
                    who: who(does),
                    name: name.clone(),
                    purpose: purpose(*kind),
                };
                reads.iter().map(need).collect::<Vec<_>>()
            };
            own.extend(each(&manifest.reads, Purpose::Read, "reads"));
            own.extend(each(&manifest.writes, Purpose::Write, "writes"));
            let company = each(&manifest.company.reads, Purpose::Read, "reads");
            if !company.is_empty() {
                add(&mut all, COMPANY, company);
            }
        }
        add(&mut all, object, own);
    }
    for table in &workspace.tables {
        let Some(records) = &table.records else { continue };
        let who = format!("the table `{}` takes", table.id);
        let need = |name: &String, kind| Need { who: who.clone(), name: name.clone(), purpose: Purpose::Read(kind) };
        let mut own = vec![need(&records.value, Kind::Number), need(&records.at, Kind::Time)];
        if let Some(when) = &records.when {
            tests(when, &format!("the table `{}` asks of its rows for", table.id), &mut own);
        }
        add(&mut all, &records.object, own);
    }
    all
}

/// Adds needs; what is needed twice by the same one is needed once.
fn add(all: &mut BTreeMap<String, Vec<Need>>, object: &str, needs: Vec<Need>) {
    let known = all.entry(object.to_owned()).or_default();
    for need in needs {
        if !known.contains(&need) {
            known.push(need);
        }
    }
}

fn tests(condition: &Condition, who: &str, needs: &mut Vec<Need>) {
    match condition {
        Condition::Property { name, test } => {
            let purpose = match test {
                Test::Is(text) => Purpose::Test(vec![text.clone()]),
                Test::In(texts) => Purpose::Test(texts.clone()),
                Test::StartsWith(_) | Test::Known(_) => Purpose::Test(Vec::new()),
                Test::AtLeast(_) | Test::AtMost(_) => Purpose::Compare,
                Test::SinceGiven => Purpose::Read(Kind::Time),
            };
            needs.push(Need { who: who.to_owned(), name: name.clone(), purpose });
        }
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| tests(part, who, needs)),
        Condition::Not(part) => tests(part, who, needs),
    }
}
