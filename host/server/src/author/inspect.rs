//! What a component is, and what it can do: read from its manifest, its imports and its
//! sections, without running it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rota_domain::id::Digest;
use rota_domain::limits::Limits;
use rota_domain::manifest::{Language, Manifest};
use rota_domain::property::Kind;
use serde::Serialize;
use wit_component::DecodedWasm;

/// What is known of a component.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does, in its own words.
    pub summary: String,
    /// The release of the contract that it was written for.
    pub contract: String,
    /// Its language class, which decides its limits.
    pub language: Language,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes, and the most that its class grants.
    pub size: usize,
    /// The most bytes that its class grants.
    pub size_granted: usize,
    /// Bytes of memory before it runs.
    pub memory: u64,
    /// The most bytes of memory that its class grants.
    pub memory_granted: usize,
    /// The most fuel that a decision may use.
    pub fuel_granted: u64,
    /// Properties of the lead that it can read.
    pub reads: BTreeMap<String, Kind>,
    /// Properties of the lead's company that it can read, besides name and domain.
    pub company_reads: BTreeMap<String, Kind>,
    /// Properties of the lead that it can write.
    pub writes: BTreeMap<String, Kind>,
    /// Pools that it opens by a fixed name.
    pub pools: Vec<String>,
    /// Tables that it opens by a fixed name.
    pub tables: Vec<String>,
    /// The functions of the host that it can call, by interface.
    pub calls: BTreeMap<String, Vec<String>>,
    /// Languages and tools that made it.
    pub made_with: Vec<String>,
    /// Whether functions have names, which the trace of a panic shows.
    pub function_names: bool,
    /// The JSON Schema of its settings, if it has one.
    pub settings_schema: Option<serde_json::Value>,
}

/// Reads a component.
///
/// # Errors
/// If a host would refuse it, and why.
pub fn inspect(component: &[u8]) -> Result<Inspected> {
    let intake = rota_rules::inspect(component).context("a host would refuse this component")?;
    let anatomy = rota_rules::anatomy(component)?;
    let Manifest { name, version, summary, contract, language, reads, writes, company, pools, tables, .. } =
        intake.manifest;
    let limits = Limits::of(language);
    Ok(Inspected {
        name,
        version,
        summary,
        contract,
        language,
        digest: Digest::of(component),
        size: component.len(),
        size_granted: limits.component,
        memory: anatomy.memory,
        memory_granted: limits.memory,
        fuel_granted: limits.fuel,
        reads,
        company_reads: company.reads,
        writes,
        pools,
        tables,
        calls: calls(component)?,
        made_with: anatomy.made_with.into_iter().collect(),
        function_names: anatomy.names,
        settings_schema: intake.settings_schema.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

/// The functions of the contract that the component imports: toolchains leave out what a rule
/// does not use.
fn calls(component: &[u8]) -> Result<BTreeMap<String, Vec<String>>> {
    let decoded = wit_component::decode(component).context("reading what the component imports")?;
    let resolve = match &decoded {
        DecodedWasm::Component(resolve, _) | DecodedWasm::WitPackage(resolve, _) => resolve,
    };
    let mut calls = BTreeMap::new();
    for (_, interface) in &resolve.interfaces {
        let functions: Vec<String> = interface.functions.keys().cloned().collect();
        let Some(name) = interface.name.as_ref().filter(|name| *name != "rule") else { continue };
        if !functions.is_empty() {
            calls.insert(name.clone(), functions);
        }
    }
    Ok(calls)
}
