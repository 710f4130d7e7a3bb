//! The manifest and the settings schema inside a component: two custom sections at its top
//! level, readable before anything is compiled.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rota_domain::manifest::Manifest;

use super::componentize::COMPONENT;

/// The section that holds the text of `plugin.toml`.
const MANIFEST: &str = "rota:manifest";
/// The section that holds the text of `settings.schema.json`.
const SCHEMA: &str = "rota:settings-schema";
/// Both texts together.
const TEXTS_MAX: usize = 512 << 10;
/// The kind of a custom section.
const CUSTOM: u8 = 0;

/// What travels with a component, read and found in order.
#[derive(Debug)]
pub(super) struct Papers {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) branches: Vec<String>,
    manifest: String,
    schema: Option<String>,
}

impl Papers {
    /// Reads `plugin.toml` and, if it is there, `settings.schema.json` of a plugin's folder.
    pub(super) fn read(plugin_dir: &Path) -> Result<Self> {
        let schema = plugin_dir.join("settings.schema.json");
        let schema = schema.exists().then_some(schema);
        Self::read_files(&plugin_dir.join("plugin.toml"), schema.as_deref())
    }

    fn read_files(manifest: &Path, schema: Option<&Path>) -> Result<Self> {
        let text = fs::read_to_string(manifest).with_context(|| {
            format!("{} cannot be read: every plugin has one beside its sources", manifest.display())
        })?;
        let schema_text = schema
            .map(|path| fs::read_to_string(path).with_context(|| format!("reading {}", path.display())))
            .transpose()?;
        Self::new(text, schema_text).with_context(|| match schema {
            None => manifest.display().to_string(),
            Some(schema) => format!("{} or {}", manifest.display(), schema.display()),
        })
    }

    fn new(manifest: String, schema: Option<String>) -> Result<Self> {
        let read: Manifest = toml::from_str(&manifest).context("the manifest does not fit")?;
        if let Some(schema) = &schema {
            let value: serde_json::Value = serde_json::from_str(schema).context("the settings schema is not JSON")?;
            ensure!(
                value.is_object() || value.is_boolean(),
                "the settings schema is no JSON Schema: it should be an object"
            );
        }
        let size = manifest.len() + schema.as_ref().map_or(0, String::len);
        ensure!(
            size <= TEXTS_MAX,
            "manifest and settings schema have {} KiB together; 512 KiB are granted: shorten \
             the schema's descriptions",
            size >> 10
        );
        Ok(Self { name: read.name, version: read.version, branches: read.branches, manifest, schema })
    }

    /// The component with these papers in the place of those that it had.
    pub(super) fn embed_in(&self, component: &[u8]) -> Result<Vec<u8>> {
        let mut papered = Vec::with_capacity(component.len() + self.manifest.len() + 64);
        papered.extend_from_slice(&COMPONENT);
        for section in sections(component)? {
            if !matches!(section.name, Some(MANIFEST | SCHEMA)) {
                papered.extend_from_slice(&component[section.whole]);
            }
        }
        append(&mut papered, MANIFEST, &self.manifest);
        if let Some(schema) = &self.schema {
            append(&mut papered, SCHEMA, schema);
        }
        Ok(papered)
    }
}

/// Puts a manifest and a settings schema into a component, in the place of those that it had.
///
/// # Errors
/// If the bytes are no component, or if one of the texts does not fit.
pub fn embed(component: &[u8], manifest: &str, schema: Option<&str>) -> Result<Vec<u8>> {
    Papers::new(manifest.to_owned(), schema.map(str::to_owned))?.embed_in(component)
}

/// The same for files: `component` is rewritten in place.
///
/// # Errors
/// As [`embed`], or if a file cannot be read or written.
pub fn embed_files(component: &Path, manifest: &Path, schema: Option<&Path>) -> Result<()> {
    let papers = Papers::read_files(manifest, schema)?;
    let bytes = fs::read(component).with_context(|| format!("reading {}", component.display()))?;
    let papered = papers.embed_in(&bytes).with_context(|| component.display().to_string())?;
    fs::write(component, papered).with_context(|| format!("writing {}", component.display()))
}

/// A section at the top level of a component.
struct Section<'a> {
    /// Kind, length and contents.
    whole: Range<usize>,
    /// The name, if it is a custom section.
    name: Option<&'a str>,
}

/// Sections have the same frame at every level, so that what is nested needs no reading.
fn sections(component: &[u8]) -> Result<Vec<Section<'_>>> {
    if component.starts_with(b"\0asm\x01\0\0\0") {
        bail!(
            "this is a core module, not a component: make it one with `rota build`, or with your toolchain's component step"
        );
    }
    ensure!(component.starts_with(&COMPONENT), "this is no WebAssembly component");
    let cut_short = "the component is cut short: build it again";
    let mut sections = Vec::new();
    let mut at = COMPONENT.len();
    while at < component.len() {
        let (length, begins) = number(component, at + 1).context(cut_short)?;
        let ends = begins.checked_add(length).filter(|&ends| ends <= component.len());
        let ends = ends.context(cut_short)?;
        let name = (component[at] == CUSTOM).then(|| name(component, begins..ends)).flatten();
        sections.push(Section { whole: at..ends, name });
        at = ends;
    }
    Ok(sections)
}

fn name(component: &[u8], contents: Range<usize>) -> Option<&str> {
    let (length, begins) = number(component, contents.start)?;
    let bytes = component.get(begins..begins.checked_add(length)?)?;
    std::str::from_utf8(bytes).ok()
}

/// An unsigned LEB128 number of at most 32 bits, and where the next byte is.
fn number(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for (place, &byte) in bytes.get(start..)?.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, start + place + 1));
        }
    }
    None
}

fn append(component: &mut Vec<u8>, name: &str, text: &str) {
    let mut contents = Vec::with_capacity(name.len() + text.len() + 2);
    push_number(&mut contents, name.len());
    contents.extend_from_slice(name.as_bytes());
    contents.extend_from_slice(text.as_bytes());
    component.push(CUSTOM);
    push_number(component, contents.len());
    component.extend_from_slice(&contents);
}

fn push_number(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests;
