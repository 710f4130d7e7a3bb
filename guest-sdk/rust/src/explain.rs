//! Notes for whoever asks later why this lead went where it did (`rota why`).

use crate::host;

/// Says which branch the rule took: a short stable name such as `account-owner`, and what is
/// particular this time. Test coverage counts these names.
pub fn note(branch: &str, detail: &str) {
    host::explain(branch, detail);
}
