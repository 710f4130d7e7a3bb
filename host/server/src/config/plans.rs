//! Plans in `rota.toml`: no more than the engine can give, and every tenant's is there.

use super::document::Document;
use super::mend::nearest;
use super::{ConfigError, Server};

/// Checks `[plans]` and `[tenants]`.
pub(super) fn check(server: &Server, document: &Document<'_>) -> Result<(), ConfigError> {
    for (name, plan) in &server.plans {
        if plan.languages.is_empty() {
            let what = format!("the plan `{name}` grants no language; name some, as in languages = [\"rust\"]");
            return Err(document.error(&format!("/plans/{name}/languages"), what));
        }
        if let Some((key, value, least, most)) = plan.out_of_bounds() {
            let what = format!("`{key}` of the plan `{name}` cannot be {value}; write a number from {least} to {most}");
            return Err(document.error(&format!("/plans/{name}/{key}"), what));
        }
    }
    let known: Vec<&str> = server.plans.keys().map(String::as_str).collect();
    for (tenant, given) in &server.tenants {
        let Some(plan) = given.plan.as_deref() else { continue };
        if !known.contains(&plan) {
            let meant = nearest(plan, &known)
                .map_or_else(|| format!("add [plans.{plan}]"), |name| format!("did you mean `{name}`?"));
            let what = format!("`{tenant}` has the plan `{plan}`, which is not there; {meant}");
            return Err(document.error(&format!("/tenants/{tenant}/plan"), what));
        }
    }
    Ok(())
}
