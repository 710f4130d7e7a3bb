//! Whose a workspace is that cannot be read as a whole: its first lines say it.

use std::path::Path;

use rota_domain::id::TenantId;

use super::{Directory, Files as _};

/// The most bytes that are looked at.
const MOST: u64 = 1 << 20;

/// The tenant whom the `workspace.toml` of this directory names before its first table; none
/// where it does not, or cannot be opened.
pub(crate) fn whose(directory: &Path) -> Option<TenantId> {
    let bytes = Directory::open(directory).ok()?.read("workspace.toml", MOST).ok()?;
    named(&String::from_utf8_lossy(&bytes))
}

fn named(text: &str) -> Option<TenantId> {
    let mut top = text.lines().map(str::trim_start).take_while(|line| !line.starts_with('['));
    let value = top.find_map(|line| line.strip_prefix("workspace")?.trim_start().strip_prefix('='))?;
    let value = value.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (name, _) = value[1..].split_once(quote)?;
    (!name.is_empty() && !name.contains('\\')).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_before_whatever_cannot_be_read() {
        let is_acme = |text: &str| named(text) == Some("acme".into());
        assert!(is_acme("# ours\n  workspace = \"acme\" # so\n[[reps]\nid ="));
        assert!(is_acme("time_zone = \nworkspace='acme'"));
        for nobody in ["", "workspace", "workspace = acme", "workspaces = \"acme\"", "[x]\nworkspace = \"acme\""] {
            assert_eq!(named(nobody), None, "{nobody}");
        }
    }
}
