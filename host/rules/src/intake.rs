//! What is taken in as a plugin, judged before anything is compiled or run: the size, the
//! manifest, the imports and the export, each refusal in one sentence that says what to do.

use rota_domain::limits::Limits;
use rota_domain::manifest::Manifest;
use rota_domain::rule::ErrorCode;
use serde::{Deserialize, Serialize};
use wasmparser::{Encoding, Parser, Payload};

use crate::limits::TABLE_MAX;

/// The custom section that holds `plugin.toml`.
const MANIFEST: &str = "rota:manifest";
/// The custom section that holds the settings' JSON Schema.
const SCHEMA: &str = "rota:settings-schema";
/// The package of the contract, and the releases of it that this host speaks.
const PACKAGE: &str = "rota:routing/";
const RELEASE: (&str, &str) = ("0.1.", "0.1.0");
/// Manifest and schema together.
const SECTIONS_MAX: usize = 512 << 10;

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intake {
    /// Its manifest.
    pub manifest: Manifest,
    /// The JSON Schema of its settings.
    pub settings_schema: Option<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
}

/// Why a component is not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{detail} [{code}]")]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// What is wrong, which thing, what to do.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

#[derive(Default)]
struct Found {
    manifest: Option<Vec<u8>>,
    schema: Option<Vec<u8>>,
    imports: Vec<String>,
    exports: Vec<String>,
    /// Bytes of the largest memory and elements of the largest table, before anything runs.
    memory: u64,
    table: u64,
}

/// Reads what a component says of itself, without compiling it.
///
/// # Errors
/// Why it cannot be a plugin here.
pub fn inspect(component: &[u8]) -> Result<Intake, Refusal> {
    let found = read(component)?;
    let manifest = manifest(&found)?;
    let limit = Limits::of(manifest.language).component;
    if component.len() > limit {
        let detail = format!(
            "`{}` has {} KiB; its language class grants {} KiB: build with opt-level = \"s\" and without debug information",
            manifest.name,
            component.len() >> 10,
            limit >> 10
        );
        return Err(Refusal::new(ErrorCode::Size, detail));
    }
    check_beginnings(&found, &manifest)?;
    for import in &found.imports {
        check_import(import)?;
    }
    check_export(&found.exports)?;
    let settings_schema = found.schema.map(String::from_utf8).transpose().map_err(|_| {
        Refusal::new(
            ErrorCode::Manifest,
            format!("the section {SCHEMA} is not UTF-8: embed the schema again with `rota embed`"),
        )
    })?;
    Ok(Intake { manifest, settings_schema, imports: found.imports })
}

/// Walks over the top level of the component; what is nested inside is the compiler's.
fn read(component: &[u8]) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(not_wasm)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                let detail = "this is a core module, not a component: make it one with `rota build`, or with your toolchain's component step";
                return Err(Refusal::new(ErrorCode::Compile, detail));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::MemorySection(section) => {
                for memory in section {
                    let pages = memory.map_err(not_wasm)?.initial;
                    found.memory = found.memory.max(pages.saturating_mul(64 << 10));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    found.table = found.table.max(table.map_err(not_wasm)?.ty.initial);
                }
            }
            Payload::CustomSection(section) if depth == 0 => found.keep(section.name(), section.data())?,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    found.imports.push(import.map_err(not_wasm)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    found.exports.push(export.map_err(not_wasm)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

impl Found {
    fn keep(&mut self, name: &str, data: &[u8]) -> Result<(), Refusal> {
        let (slot, other) = match name {
            MANIFEST => (&mut self.manifest, &self.schema),
            SCHEMA => (&mut self.schema, &self.manifest),
            _ => return Ok(()),
        };
        let size = data.len() + other.as_ref().map_or(0, Vec::len);
        if size > SECTIONS_MAX {
            let detail = format!("manifest and settings schema have {} KiB together; 512 KiB are granted", size >> 10);
            return Err(Refusal::new(ErrorCode::Manifest, detail));
        }
        if slot.replace(data.to_vec()).is_some() {
            let detail = format!("there are two sections {name}: embed the manifest once, with `rota embed`");
            return Err(Refusal::new(ErrorCode::Manifest, detail));
        }
        Ok(())
    }
}

fn manifest(found: &Found) -> Result<Manifest, Refusal> {
    let refuse = |detail: String| Refusal::new(ErrorCode::Manifest, detail);
    let Some(bytes) = &found.manifest else {
        return Err(refuse("it carries no manifest: add one with `rota embed component.wasm plugin.toml`".into()));
    };
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("its manifest is not UTF-8: embed it again".into()))?;
    let manifest: Manifest = toml::from_str(text)
        .map_err(|error| refuse(format!("its manifest cannot be read: {}", error.to_string().trim())))?;
    if !sound(&manifest.name) {
        return Err(refuse(format!(
            "`{}` is no plugin name: use lower-case letters, digits and hyphens",
            manifest.name
        )));
    }
    Ok(manifest)
}

fn sound(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether an intake that another process worked out, about a component of so many bytes, is
/// one that could have been worked out here.
pub(crate) fn within_caps(intake: &Intake, size: usize) -> bool {
    let Intake { manifest, settings_schema, imports } = intake;
    let schema = settings_schema.as_ref().map_or(0, String::len);
    let written = toml::to_string(manifest).map_or(usize::MAX, |text| text.len());
    sound(&manifest.name)
        && size <= Limits::of(manifest.language).component
        && written <= 2 * SECTIONS_MAX
        && schema <= SECTIONS_MAX
        && imports.iter().all(|import| check_import(import).is_ok())
}

/// What a module wants from the start, it would be refused at every decision.
fn check_beginnings(found: &Found, manifest: &Manifest) -> Result<(), Refusal> {
    let granted = Limits::of(manifest.language).memory;
    if found.memory > granted as u64 {
        let detail = format!(
            "`{}` wants {} KiB of memory from the start; its language class grants {} KiB: ask for less when linking",
            manifest.name,
            found.memory >> 10,
            granted >> 10
        );
        return Err(Refusal::new(ErrorCode::Memory, detail));
    }
    if found.table > TABLE_MAX as u64 {
        let detail = format!(
            "`{}` wants a table of {} elements from the start; {TABLE_MAX} are granted",
            manifest.name, found.table
        );
        return Err(Refusal::new(ErrorCode::Table, detail));
    }
    Ok(())
}

fn check_import(name: &str) -> Result<(), Refusal> {
    let Some(rest) = name.strip_prefix(PACKAGE) else {
        let wasi = if name.starts_with("wasi:") {
            "; build for wasm32-unknown-unknown, or stub WASI out with your toolchain's option"
        } else {
            ""
        };
        let detail =
            format!("it imports `{name}`, which no rule may have: only the interfaces of rota:routing are there{wasi}");
        return Err(Refusal::new(ErrorCode::Import, detail));
    };
    let (interface, release) = rest.split_once('@').unwrap_or((rest, ""));
    if !release.starts_with(RELEASE.0) {
        return Err(other_release(release));
    }
    let known = ["types", "lead", "rep-pool", "tables", "calendar", "state", "effects", "explain", "log"];
    if !known.contains(&interface) {
        let detail = format!(
            "it imports `{name}`, which this host's rota:routing {} does not have: update the host, or build against that release",
            RELEASE.1
        );
        return Err(Refusal::new(ErrorCode::Contract, detail));
    }
    Ok(())
}

fn check_export(exports: &[String]) -> Result<(), Refusal> {
    let rule = exports.iter().find_map(|name| name.strip_prefix("rota:routing/rule@"));
    match rule {
        Some(release) if release.starts_with(RELEASE.0) => Ok(()),
        Some(release) => Err(other_release(release)),
        None => {
            let detail =
                "it does not export `rota:routing/rule`: the component must target the world `router` of rota:routing";
            Err(Refusal::new(ErrorCode::Export, detail))
        }
    }
}

fn other_release(release: &str) -> Refusal {
    let detail = format!(
        "it was built for rota:routing {release}, and this host speaks {}: update the host, or build against that release",
        RELEASE.1
    );
    Refusal::new(ErrorCode::Contract, detail)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn not_wasm(error: wasmparser::BinaryReaderError) -> Refusal {
    let said = error.message().lines().next().unwrap_or_default().split(": bad magic").next().unwrap_or_default();
    let detail = format!("this is no WebAssembly component: {said} (at byte {})", error.offset());
    Refusal::new(ErrorCode::Compile, detail)
}
