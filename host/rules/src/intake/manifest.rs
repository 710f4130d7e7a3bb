//! The manifest that a component carries.

use rota_domain::manifest::Manifest;
use rota_domain::rule::ErrorCode;

use super::{Refusal, world};

/// Reads the manifest, and checks what the host relies on.
pub(super) fn read(section: Option<&[u8]>) -> Result<Manifest, Refusal> {
    let refuse = |detail: String| Refusal::new(ErrorCode::Manifest, detail);
    let Some(bytes) = section else {
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
    world::check_release(&manifest.contract)?;
    Ok(manifest)
}

/// Whether a plugin may be called so.
pub(super) fn sound(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
