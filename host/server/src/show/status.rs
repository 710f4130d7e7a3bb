//! How a server stands, on one screen: the server and its database, a line or two a tenant,
//! and below them what is wrong with what to do.

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, clean, counted, cut, day_and_clock, fit, grouped, widest, wrap};
use crate::status::{Finding, Status, TenantStatus, long};

/// The screen.
#[must_use]
pub fn status(status: &Status, palette: Palette) -> String {
    let database = &status.database;
    let (tone, answers) = if database.answers { (Tone::Good, "answers") } else { (Tone::Bad, "does not answer") };
    let mut lines = vec![
        format!("{} {}, {} UTC", palette.heading("Rota"), clean(&status.version), day_and_clock(status.at)),
        format!(
            "database  {}, {} KiB, schema {}, {}",
            clean(&database.kind),
            grouped(database.bytes.div_ceil(1024)),
            database.schema,
            palette.paint(tone, answers),
        ),
        format!(
            "writer    {} waiting, {} failed",
            counted(database.writer_waiting, "write", "writes"),
            counted(database.commits_failed, "commit", "commits"),
        ),
        String::new(),
    ];
    let column = widest(status.tenants.iter().map(|tenant| tenant.tenant.as_str()), 24);
    for tenant in &status.tenants {
        lines.extend(tenant_lines(tenant, column, palette));
    }
    if status.tenants.is_empty() {
        lines.push("There is no tenant yet: `rota tenant new` makes one.".into());
    }
    lines.push(String::new());
    if status.ok {
        lines.push(palette.paint(Tone::Good, "Nothing is wrong."));
    }
    for finding in &status.findings {
        lines.extend(finding_lines(finding, palette));
    }
    lines.join("\n") + "\n"
}

fn tenant_lines(tenant: &TenantStatus, column: usize, palette: Palette) -> Vec<String> {
    let state = match (tenant.at_work, tenant.suspended) {
        (_, true) => palette.paint(Tone::Warn, "suspended"),
        (false, false) => palette.paint(Tone::Bad, "not at work"),
        (true, false) => {
            let revision = tenant.revision.map(|number| format!("revision {number}")).unwrap_or_default();
            let plugins = clean(&tenant.plugins.join(", "));
            palette.paint(Tone::Quiet, &cut(&format!("{revision}  {plugins}"), COLUMNS - column - 2))
        }
    };
    let indent = "  ";
    let since = |seconds: u64| if seconds > 0 { format!(" ({})", long(seconds)) } else { String::new() };
    vec![
        format!("{}  {state}", fit(&tenant.tenant, column)),
        format!(
            "{indent}leads    {} in the last hour, {} waiting{}, {} in a queue{}",
            grouped(tenant.decided_last_hour),
            grouped(tenant.leads_waiting),
            since(tenant.oldest_lead_seconds),
            grouped(tenant.unassigned),
            since(tenant.oldest_unassigned_seconds),
        ),
        format!(
            "{indent}effects  {} waiting{}, {} dead; {} open",
            grouped(tenant.effects_waiting),
            since(tenant.oldest_effect_seconds),
            grouped(tenant.effects_dead),
            counted(tenant.circuits_open.len() as u64, "circuit", "circuits"),
        ),
    ]
}

fn finding_lines(finding: &Finding, palette: Palette) -> Vec<String> {
    let whose = finding.tenant.as_deref().unwrap_or("server");
    let mut lines = wrap(&format!("{whose}: {}", finding.what), COLUMNS);
    if let Some(first) = lines.first_mut() {
        *first = palette.paint(Tone::Bad, first);
    }
    lines.extend(wrap(&finding.mend, COLUMNS - 2).into_iter().map(|line| format!("  {line}")));
    lines
}
