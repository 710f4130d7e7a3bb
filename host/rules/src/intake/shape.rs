//! How a component is put together: what it carries, and how much of everything there is.
//! All of it is counted here, before anything is spent on it.

use rota_domain::limits::Limits;
use rota_domain::manifest::Manifest;
use rota_domain::rule::ErrorCode;
use wasmparser::{CanonicalFunction, CanonicalOption, Encoding, Instance, Parser, Payload};

use super::valid::not_wasm;
use super::{MANIFEST, Refusal, SCHEMA};
use crate::limits::{MEMORIES, MODULES, TABLE_MAX, TABLES};

/// Manifest and schema together.
pub(super) const SECTIONS_MAX: usize = 512 << 10;
/// Components and modules inside one another; toolchains make two.
const DEPTH_MAX: usize = 8;
/// Functions, types and data segments in all modules together. An interpreter such as
/// CPython has some ten thousand functions.
const FUNCTIONS_MAX: u64 = 100_000;
const TYPES_MAX: u64 = 20_000;
const DATA_MAX: u64 = 20_000;
/// Bytes of one function's code: the time to compile one grows faster than it does.
/// CPython's largest, the loop of its interpreter, has some hundred KiB.
const FUNCTION_MAX: usize = 512 << 10;

/// What one module wants before anything runs: bytes of memory and elements of tables, and
/// how many memories and tables.
#[derive(Clone, Copy, Default)]
struct Wants {
    bytes: u64,
    elements: u64,
    memories: u64,
    tables: u64,
}

impl Wants {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.elements = self.elements.saturating_add(other.elements);
        self.memories += other.memories;
        self.tables += other.tables;
    }
}

/// What was found in a component.
#[derive(Default)]
pub(super) struct Found {
    pub(super) manifest: Option<Vec<u8>>,
    pub(super) schema: Option<Vec<u8>>,
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    /// What all modules want, each as often as there are instances of it.
    wants: Wants,
    instances: u64,
    /// What each module of the top level wants, and whether one instance was made of it.
    modules: Vec<(Wants, bool)>,
    functions: u64,
    types: u64,
    data: u64,
}

/// Walks over the component and everything inside it.
pub(super) fn read(component: &[u8]) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(not_wasm)?;
        match &payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                let detail = "this is a core module, not a component: make it one with `rota build`, or with your toolchain's component step";
                return Err(Refusal::new(ErrorCode::Compile, detail));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(too_many("components and modules inside one another", DEPTH_MAX as u64));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::Version { encoding: Encoding::Module, .. } if depth == 1 => {
                found.modules.push((Wants::default(), false));
            }
            _ => {}
        }
        if depth == 0 {
            found.note(&payload)?;
        }
        found.count(&payload)?;
    }
    Ok(found)
}

impl Found {
    /// What the component says of itself at its top level.
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::CustomSection(section) => self.keep(section.name(), section.data())?,
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    self.imports.push(import.map_err(not_wasm)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.exports.push(export.map_err(not_wasm)?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How much of everything there is, at any depth.
    fn count(&mut self, payload: &Payload<'_>) -> Result<(), Refusal> {
        let add = |sum: &mut u64, more: u32, what, most| {
            *sum += u64::from(more);
            if *sum > most { Err(too_many(what, most)) } else { Ok(()) }
        };
        match payload {
            Payload::TypeSection(section) => add(&mut self.types, section.count(), "types", TYPES_MAX)?,
            Payload::ComponentTypeSection(section) => add(&mut self.types, section.count(), "types", TYPES_MAX)?,
            Payload::CoreTypeSection(section) => add(&mut self.types, section.count(), "types", TYPES_MAX)?,
            Payload::FunctionSection(section) => {
                add(&mut self.functions, section.count(), "functions", FUNCTIONS_MAX)?;
            }
            Payload::DataSection(section) => add(&mut self.data, section.count(), "data segments", DATA_MAX)?,
            Payload::CodeSectionEntry(body) if body.as_bytes().len() > FUNCTION_MAX => {
                let detail = format!(
                    "one of its functions has {} KiB of code; {} KiB are granted: split it, or build with opt-level = \"s\"",
                    body.as_bytes().len() >> 10,
                    FUNCTION_MAX >> 10
                );
                return Err(Refusal::new(ErrorCode::Size, detail));
            }
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    let bytes = memory.map_err(not_wasm)?.initial.saturating_mul(64 << 10);
                    self.want(Wants { bytes, memories: 1, ..Wants::default() });
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    let elements = table.map_err(not_wasm)?.ty.initial;
                    self.want(Wants { elements, tables: 1, ..Wants::default() });
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { module_index, .. } = instance.map_err(not_wasm)? {
                        self.instances += 1;
                        self.instantiate(module_index);
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    check_text(&function.map_err(not_wasm)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A module wants something; that counts once for the module itself.
    fn want(&mut self, wants: Wants) {
        self.wants.add(wants);
        if let Some((module, _)) = self.modules.last_mut() {
            module.add(wants);
        }
    }

    /// An instance is made of a module of the top level: from the second on, it wants
    /// everything once more.
    fn instantiate(&mut self, module: u32) {
        let module = usize::try_from(module).ok().and_then(|place| self.modules.get_mut(place));
        if let Some((wants, made)) = module {
            if *made {
                self.wants.add(*wants);
            }
            *made = true;
        }
    }

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

    /// What modules want from the start, they would be refused at every decision.
    pub(super) fn check_beginnings(&self, manifest: &Manifest) -> Result<(), Refusal> {
        let name = &manifest.name;
        let granted = Limits::of(manifest.language).memory;
        let refuse = |code, detail| Err(Refusal::new(code, detail));
        if self.wants.bytes > granted as u64 {
            let detail = format!(
                "`{name}` wants {} KiB of memory from the start; its language class grants {} KiB: ask for less when linking",
                self.wants.bytes >> 10,
                granted >> 10
            );
            return refuse(ErrorCode::Memory, detail);
        }
        if self.wants.elements > TABLE_MAX as u64 {
            let detail = format!(
                "`{name}` wants tables of {} elements from the start; {TABLE_MAX} are granted: it has too many functions that are called through pointers",
                self.wants.elements
            );
            return refuse(ErrorCode::Table, detail);
        }
        let made_of = [
            (self.wants.memories, MEMORIES, ErrorCode::Memory, "memories"),
            (self.wants.tables, TABLES, ErrorCode::Table, "tables"),
            (self.instances, MODULES, ErrorCode::Size, "instances of modules"),
        ];
        for (has, granted, code, what) in made_of {
            if has > u64::from(granted) {
                let detail =
                    format!("`{name}` is made of {has} {what}; {granted} are granted: link it into fewer modules");
                return refuse(code, detail);
            }
        }
        Ok(())
    }
}

/// Text crosses the border as UTF-8, and nothing is asynchronous.
fn check_text(function: &CanonicalFunction) -> Result<(), Refusal> {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) = function else {
        return Ok(());
    };
    let wrong = options.iter().find_map(|option| match option {
        CanonicalOption::UTF16 => Some("hands text over as UTF-16: choose the string encoding UTF-8"),
        CanonicalOption::CompactUTF16 => Some("hands text over as Latin-1 or UTF-16: choose the string encoding UTF-8"),
        CanonicalOption::Async => Some("has asynchronous functions: choose synchronous ones"),
        _ => None,
    });
    match wrong {
        Some(wrong) => Err(Refusal::new(ErrorCode::Contract, format!("it {wrong} in your toolchain's component step"))),
        None => Ok(()),
    }
}

fn too_many(what: &str, most: u64) -> Refusal {
    let detail =
        format!("it has more than {most} {what}, the most that is granted: leave out what the rule does not use");
    Refusal::new(ErrorCode::Size, detail)
}
