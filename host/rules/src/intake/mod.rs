//! What is taken in as a plugin, judged before anything is compiled or run: the shape, the
//! manifest, the size, the world, and that the code is valid; each refusal in one sentence
//! that says what to do.

mod manifest;
mod shape;
mod valid;
mod world;

use rota_domain::library::Makeup;
use rota_domain::limits::Limits;
use rota_domain::manifest::Manifest;
use rota_domain::rule::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::anatomy::{Anatomy, anatomy};
use crate::settings::Schema;
use crate::words::plain;

/// The custom section that holds `plugin.toml`.
const MANIFEST: &str = "rota:manifest";
/// The custom section that holds the settings' JSON Schema.
const SCHEMA: &str = "rota:settings-schema";
/// So many of the tools that made a component are told, and so many bytes of each one's name.
const MAKERS_MOST: usize = 32;
const MAKER_MAX: usize = 120;

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intake {
    /// Its manifest.
    pub manifest: Manifest,
    /// The JSON Schema of its settings.
    pub settings_schema: Option<String>,
    /// What it is made of.
    #[serde(default)]
    pub makeup: Makeup,
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

/// Reads what a component says of itself, without compiling it.
///
/// # Errors
/// Why it cannot be a plugin here.
pub fn inspect(component: &[u8]) -> Result<Intake, Refusal> {
    let found = shape::read(component)?;
    let manifest = manifest::read(found.manifest.as_deref())?;
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
    found.check_beginnings(&manifest)?;
    for import in &found.imports {
        world::check_import(import)?;
    }
    world::check_export(&found.exports)?;
    valid::check(component, &manifest.name)?;
    let settings_schema = found.schema.map(String::from_utf8).transpose().map_err(|_| {
        Refusal::new(
            ErrorCode::Manifest,
            format!("the section {SCHEMA} is not UTF-8: embed the schema again with `rota embed`"),
        )
    })?;
    if let Some(schema) = &settings_schema {
        Schema::compile(schema).map_err(|why| {
            Refusal::new(
                ErrorCode::Manifest,
                format!("the settings schema of `{}` cannot be used: {why}", manifest.name),
            )
        })?;
    }
    Ok(Intake { makeup: makeup(found.imports, anatomy(component)?), manifest, settings_schema })
}

/// What a component is made of, with its makers' names cut to what people can use.
fn makeup(imports: Vec<String>, anatomy: Anatomy) -> Makeup {
    let maker = |maker: String| {
        let mut text = plain(&maker);
        text.truncate(text.floor_char_boundary(MAKER_MAX));
        text
    };
    Makeup {
        imports,
        made_with: anatomy.made_with.into_iter().take(MAKERS_MOST).map(maker).collect(),
        memory: anatomy.memory,
        function_names: anatomy.names,
    }
}

/// Whether an intake that another process worked out, about a component of so many bytes, is
/// one that could have been worked out here.
pub(crate) fn within_caps(intake: &Intake, size: usize) -> bool {
    let Intake { manifest, settings_schema, makeup } = intake;
    let schema = settings_schema.as_ref().map_or(0, String::len);
    let written = toml::to_string(manifest).map_or(usize::MAX, |text| text.len());
    manifest::sound(&manifest.name)
        && world::check_release(&manifest.contract).is_ok()
        && size <= Limits::of(manifest.language).component
        && written <= 2 * shape::SECTIONS_MAX
        && schema <= shape::SECTIONS_MAX
        && makeup.imports.len() <= world::IMPORTS_MOST
        && makeup.imports.iter().all(|import| world::check_import(import).is_ok())
        && makeup.made_with.len() <= MAKERS_MOST
        && makeup.made_with.iter().all(|maker| maker.len() <= MAKER_MAX && plain(maker) == *maker)
}

/// The engine would not compile what looked sound here.
pub(crate) fn not_compiled(name: &str, error: &wasmtime::Error) -> Refusal {
    let said = error.root_cause().to_string();
    // Where an instance would not fit into the pool, the engine speaks of its configuration.
    if let Some((needs, _)) = said.split_once("which exceeds") {
        let needs = needs.trim().trim_end_matches(',');
        let detail =
            format!("`{name}` is larger than an instance may be: {needs}; use fewer globals, tables and modules");
        return Refusal::new(ErrorCode::Size, detail);
    }
    Refusal::new(ErrorCode::Compile, format!("`{name}` does not compile: {said}"))
}
