//! `rota why` on one screen.

use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::decision::Outcome;
use rota_domain::desk::Desk;
use rota_domain::stages::Stages;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Recalled, Stored};

use super::super::decision::{reason, target, who};
use super::super::outbox::{act, tone};
use super::super::palette::{Palette, Tone};
use super::super::text::{COLUMNS, clock, counted, cut, day_and_clock, fit, grouped, span, widest, wrap};
use super::words::Words;
use super::{Considered, Why, WhyNot};

/// Longer lists are cut on a screen; `--json` has everything.
const STEPS_MOST: usize = 24;
const REPS_MOST: usize = 12;

pub(super) fn text(why: &Why, recalled: &Recalled, palette: Palette) -> String {
    let mut lines: Vec<String> = headline(why, recalled).into_iter().map(|line| palette.heading(&line)).collect();
    lines.extend(circumstances(why, recalled).into_iter().map(|line| palette.paint(Tone::Quiet, &line)));
    if let Some(detail) = &why.decision.error_detail {
        lines.extend(wrap(detail, COLUMNS - 2).into_iter().map(|line| palette.paint(Tone::Bad, &format!("  {line}"))));
    }
    section(&mut lines, palette, "When (UTC)", times(&why.stages, palette));
    if recalled.private.is_some() {
        section(&mut lines, palette, "What the rule asked", asked(why, &recalled.workspace, palette));
        let branch = widest(why.notes.iter().map(|note| note.branch.as_str()), 28);
        let note = |note: &rota_domain::rule::Note| {
            let detail = cut(&note.detail, COLUMNS - branch - 4);
            format!("  {}  {}", fit(&note.branch, branch), palette.paint(Tone::Quiet, &detail)).trim_end().to_owned()
        };
        section(&mut lines, palette, "What it noted", why.notes.iter().map(note).collect());
    } else {
        lines.push(String::new());
        let when = recalled.erased.as_ref().map(|erased| format!(" {} by {}", day_and_clock(erased.at), erased.who));
        let what = "the lead, what the rule read and what it noted, and what was to be sent";
        let said = match &when {
            Some(when) => format!("Personal data was erased{when}: {what}."),
            None => format!(
                "It is older than the tenant's plan keeps (keep_days), and only its facts are left; gone are {what}."
            ),
        };
        lines.extend(wrap(&said, COLUMNS).into_iter().map(|line| palette.paint(Tone::Warn, &line)));
    }
    section(&mut lines, palette, "Who was considered", reps(why, recalled, palette));
    section(&mut lines, palette, "What was done", effects(recalled, palette));
    let told = why.to_apply.iter().map(|told| format!("  {}", cut(&act(&told.act), COLUMNS - 2)));
    section(&mut lines, palette, "What the caller was told to do", told.collect());
    lines.join("\n") + "\n"
}

fn section(lines: &mut Vec<String>, palette: Palette, title: &str, rows: Vec<String>) {
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(palette.heading(title));
        lines.extend(rows);
    }
}

fn headline(why: &Why, recalled: &Recalled) -> Vec<String> {
    let decision = &why.decision;
    let lead = recalled.private.as_ref().and_then(|private| private.lead.as_ref());
    let lead = match lead {
        Some(lead) => format!("{} ({})", decision.lead, who(lead, COLUMNS)),
        None => decision.lead.to_string(),
    };
    let who = target(decision, Some(&recalled.workspace));
    let said = match decision.outcome {
        Outcome::Kept => format!("{who} keeps {lead}"),
        Outcome::Coalesced => {
            let of = decision.of.as_ref().map_or_else(String::new, |of| format!(" {of}"));
            format!("{lead} joined the earlier decision{of} and went to {who}")
        }
        Outcome::Offer => format!("{lead} is offered to {who}"),
        Outcome::Reject => format!("{lead} was rejected"),
        Outcome::Pass if !decision.fallback => format!("Nothing was done with {lead}"),
        _ if decision.rep.is_some() => format!("{who} got {lead}"),
        _ if decision.queue.is_some() => format!("{lead} waits in the {who}"),
        _ => format!("{lead} went to {who}"),
    };
    let fallback = if decision.fallback { ", the flow's fallback," } else { "" };
    wrap(&format!("{said}{fallback} because: {}.", reason(decision)), COLUMNS)
}

fn circumstances(why: &Why, recalled: &Recalled) -> Vec<String> {
    let decision = &why.decision;
    let flow = decision.flow.as_ref().map(|flow| format!("flow {flow}"));
    let plugin = decision.plugin.as_ref().map(|plugin| format!("{} {}", plugin.name, plugin.version));
    let by: Vec<String> =
        [flow, plugin, Some(decision.class.clone()), Some(decision.trigger.clone())].into_iter().flatten().collect();
    let pool = decision.pool.as_ref().map(|pool| format!("pool {pool}"));
    let fuel = (decision.fuel > 0).then(|| format!("fuel {}", grouped(decision.fuel)));
    let error = decision.error.map(|error| format!("error {error}"));
    let more: Vec<String> = [Some(format!("revision {}", decision.revision)), pool, fuel, error]
        .into_iter()
        .flatten()
        .chain(decision.marks.iter().cloned())
        .collect();
    [Some(decision.id.to_string()), Some(by.join(" · ")), Some(more.join(" · ")), due(recalled)]
        .iter()
        .flatten()
        .map(|line| format!("  {}", cut(line, COLUMNS - 2)))
        .collect()
}

/// By when the lead shall be answered, how long that is, and who said so.
fn due(recalled: &Recalled) -> Option<String> {
    let Recalled { stored: Stored { decision, .. }, workspace, calendar_files, .. } = recalled;
    let due = decision.response_due?;
    let desk = Desk::new(decision.revision, Arc::new(workspace.clone())).with_calendar_files(calendar_files.clone());
    let (class, pool) = (decision.class.as_str(), decision.pool.as_ref());
    let rep = decision.rep.as_ref();
    let hours = rep.and_then(|rep| desk.answer_hours(class, rep, pool));
    let target = rep.and_then(|rep| desk.deadline(class, rep, pool, decision.at)).filter(|target| target.due == due);
    let by = target.map_or_else(|| " by the rule".into(), |target| format!(", target {}", target.within));
    let time = match hours {
        Some((name, hours)) => format!("{} open in {name}", span(hours.elapsed(decision.at, due))),
        None => format!("{} from the decision", span(due.duration_since(decision.at))),
    };
    Some(format!("answer due {}{by}: {time}", day_and_clock(due)))
}

fn times(stages: &Stages, palette: Palette) -> Vec<String> {
    let stages = [
        ("occurred", stages.occurred),
        ("received", stages.received),
        ("enriched", stages.enriched),
        ("decided", stages.decided),
        ("owner confirmed", stages.owner_confirmed),
        ("notified", stages.notified),
    ];
    let mut before: Option<Timestamp> = None;
    stages
        .into_iter()
        .map(|(stage, at)| {
            let Some(at) = at else {
                return palette.paint(Tone::Quiet, &format!("  {} -", fit(stage, 16)));
            };
            let since = before.map_or_else(String::new, |before| format!("+ {}", span(at.duration_since(before))));
            let time = match before {
                None => day_and_clock(at),
                Some(_) => fit("", 11) + &clock(at),
            };
            before = Some(at);
            let millis = at.strftime("%3f");
            format!("  {} {time}.{millis}  {}", fit(stage, 16), palette.paint(Tone::Quiet, &since))
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// The steps but for notes and log lines, which are shown elsewhere.
fn asked(why: &Why, workspace: &Workspace, palette: Palette) -> Vec<String> {
    let mut words = Words::new(workspace);
    let told = ["explain.note", "log.line"];
    let steps: Vec<(usize, String, String)> = why
        .steps
        .iter()
        .filter(|step| !told.contains(&step.call.as_str()))
        .map(|step| {
            let (question, answer) = words.of(step);
            (step.n, question, answer)
        })
        .collect();
    let mut rows: Vec<String> = steps
        .iter()
        .take(STEPS_MOST)
        .map(|(n, question, answer)| {
            let answer = palette.paint(Tone::Quiet, &cut(answer, 30));
            format!("  {n:>3}  {} {answer}", fit(question, 42)).trim_end().to_owned()
        })
        .collect();
    rows.extend(more(steps.len(), STEPS_MOST, palette));
    rows
}

fn more(count: usize, most: usize, palette: Palette) -> Option<String> {
    let more = count.checked_sub(most).filter(|more| *more > 0)?;
    Some(palette.paint(Tone::Quiet, &format!("  and {more} more: --json has them all")))
}

fn reps(why: &Why, recalled: &Recalled, palette: Palette) -> Vec<String> {
    let name = |one: &Considered| {
        recalled.workspace.rep(&one.rep).map_or_else(|| one.rep.to_string(), |rep| rep.title().to_owned())
    };
    let names: Vec<String> = why.reps.iter().map(name).collect();
    let column = widest(names.iter().map(String::as_str), 30);
    let reason = widest(why.reps.iter().map(|one| one.why.words()), 33);
    let mut rows: Vec<String> = why
        .reps
        .iter()
        .zip(&names)
        .take(REPS_MOST)
        .map(|(one, name)| {
            let tone = match one.why {
                WhyNot::Taken => Tone::Good,
                _ => Tone::Quiet,
            };
            let mark = if one.taken { palette.sign("→", ">") } else { " " };
            let detail = cut(one.detail.as_deref().unwrap_or_default(), COLUMNS - column - reason - 6);
            let why = palette.paint(tone, &fit(one.why.words(), reason));
            format!("{mark} {}  {why}  {detail}", fit(name, column)).trim_end().to_owned()
        })
        .collect();
    rows.extend(more(why.reps.len(), REPS_MOST, palette));
    if let Some(unplaced) = recalled.stored.turn.as_ref().and_then(|turn| turn.besides.unplaced) {
        let said = format!("  {}: it is the turn of who was served longest ago", unplaced.words());
        rows.push(palette.paint(Tone::Quiet, &cut(&said, COLUMNS)));
    }
    rows
}

fn effects(recalled: &Recalled, palette: Palette) -> Vec<String> {
    let mut rows = Vec::new();
    for row in &recalled.effects {
        let attempts = match row.attempts {
            0 => String::new(),
            n => counted(n.into(), "attempt", "attempts"),
        };
        let state = palette.paint(tone(row.state), &fit(row.state.as_str(), 10));
        rows.push(format!("  {} {state} {attempts}", fit(&act(&row.effect.act), 40)).trim_end().to_owned());
        if let Some(cause) = &row.cause {
            rows.extend(
                wrap(cause, COLUMNS - 4).into_iter().map(|line| palette.paint(Tone::Quiet, &format!("    {line}"))),
            );
        }
    }
    rows
}
