//! Small changes to a workspace's own files, which leave every other byte as its author
//! wrote it.

use std::sync::Arc;

use rota_domain::id::Digest;

use super::{Bundle, Refusal};
use crate::config::{plugin_span, plugins};

const WORKSPACE: &str = "workspace.toml";

/// The same bundle with another plugin in a flow.
pub(super) fn with_plugin(mut bundle: Bundle, flow: &str, plugin: &Digest) -> Result<Bundle, Refusal> {
    let missing = || Refusal::Missing(format!("flow `{flow}` in workspace.toml"));
    let text = bundle.files.get(WORKSPACE).ok_or_else(missing)?;
    let mut text = String::from_utf8_lossy(text).into_owned();
    let span = plugin_span(&text, flow).ok_or_else(missing)?;
    text.replace_range(span, &format!("\"{plugin}\""));
    bundle.files.insert(WORKSPACE.into(), text.as_bytes().into());
    // A component that no flow names any more is no part of the workspace.
    let named = plugins(&text);
    bundle.components.retain(|path, _| named.contains(path));
    Ok(bundle)
}

/// The same bundle with another file in this place.
pub(super) fn with_file(mut bundle: Bundle, path: &str, bytes: Arc<[u8]>) -> Bundle {
    bundle.files.insert(path.trim_start_matches("./").to_owned(), bytes);
    bundle
}
