//! What can be read off a component besides what it says of itself: who made it, the memory
//! that it begins with, and whether its functions still have names.

use std::collections::BTreeSet;

use rota_domain::rule::ErrorCode;
use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

use crate::intake::Refusal;

/// What a component is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// Languages and tools from the `producers` sections, such as `rustc 1.96.0`.
    pub made_with: BTreeSet<String>,
    /// Bytes of memory before anything runs, all memories together.
    pub memory: u64,
    /// Whether functions have names, which the trace of a panic shows.
    pub names: bool,
}

/// Looks through a component, nested modules included.
///
/// # Errors
/// If it is no WebAssembly.
pub fn anatomy(component: &[u8]) -> Result<Anatomy, Refusal> {
    let mut found = Anatomy::default();
    read(component, &mut found)
        .map_err(|error| Refusal::new(ErrorCode::Compile, format!("this is no WebAssembly component: {error}")))?;
    Ok(found)
}

fn read(component: &[u8], found: &mut Anatomy) -> wasmparser::Result<()> {
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::MemorySection(section) => {
                for memory in section {
                    found.memory = found.memory.saturating_add(memory?.initial.saturating_mul(64 << 10));
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Name(_) => found.names = true,
                KnownCustom::Producers(producers) => makers(producers, found)?,
                _ => {}
            },
            _ => {}
        }
    }
    Ok(())
}

fn makers(producers: ProducersSectionReader<'_>, found: &mut Anatomy) -> wasmparser::Result<()> {
    for field in producers {
        let field = field?;
        for value in field.values {
            let value = value?;
            let text = format!("{} {}", value.name, value.version);
            found.made_with.insert(text.trim_end().to_owned());
        }
    }
    Ok(())
}
