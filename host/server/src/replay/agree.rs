//! Whether the log says of a decision what its plugins gave back: the rep, the place, the
//! reason, the error, the fuel.

use rota_domain::decision::{Decision, Outcome};
use rota_domain::rule::ErrorCode;
use rota_domain::transcript::{Difference, End, Section};
use rota_flow::ports::Recalled;
use serde_json::{Value, json};

/// Where the log and the end of the last section part. `sections` are all of the decision's.
pub(super) fn difference(recalled: &Recalled, sections: &[Section<'_>], last: &Section<'_>) -> Option<Difference> {
    let end = last.end.as_ref()?;
    let decision = &recalled.stored.decision;
    let fuel: u64 = sections.iter().filter_map(|section| section.end.as_ref()).map(|end| end.fuel).sum();
    let differs = |said: Value, given: Value| {
        let (recorded, replayed) = (format!("the log says {said}"), format!("the plugin gave {given}"));
        (said != given).then_some(Difference { step: last.last(), recorded, replayed })
    };
    differs(json!({ "fuel": decision.fuel }), json!({ "fuel": fuel })).or_else(|| {
        let given = given(end, decision, recalled)?;
        differs(said(decision, &given), given)
    })
}

/// What the plugin gave, in the words of a decision; none where the host judged it otherwise,
/// or where the flow's fallback decides.
fn given(end: &End<'_>, decision: &Decision, recalled: &Recalled) -> Option<Value> {
    if let Some(failure) = &end.failure {
        // What was not declared comes before what ended the guest, which the log has behind it.
        let judged = matches!(decision.error, Some(ErrorCode::UndeclaredRead | ErrorCode::UndeclaredWrite));
        let behind =
            decision.error_detail.as_ref().is_some_and(|told| told.ends_with(&format!("; then {}", failure.detail)));
        if judged && behind {
            return None;
        }
        return Some(json!({ "error": failure.code, "error_detail": failure.detail }));
    }
    if decision.error.is_some() {
        return None;
    }
    let (kind, choice) = end.returned.as_ref()?.get("Ok")?.as_object()?.iter().next()?;
    let reason = |reason: &Value| json!({ "code": plain(&reason["code"]), "detail": plain(&reason["detail"]) });
    Some(match kind.as_str() {
        "Assign" => {
            let place = usize::try_from(choice["rep"].as_u64()?).ok()?;
            let rep = recalled.workspace.reps.get(place).map(|rep| &rep.id);
            json!({ "outcome": "assign", "rep": rep, "reason": reason(&choice["reason"]) })
        }
        "Queue" => {
            json!({ "outcome": "queue", "queue": name(&choice["name"]), "reason": reason(&choice["reason"]) })
        }
        "Nurture" => {
            json!({ "outcome": "nurture", "nurture": name(&choice["name"]), "reason": reason(&choice["reason"]) })
        }
        "Reject" => json!({ "outcome": "reject", "reason": reason(choice) }),
        "PassOn" => json!({ "outcome": Outcome::Pass }),
        _ => return None,
    })
}

/// The same keys of the decision in the log.
fn said(decision: &Decision, given: &Value) -> Value {
    let all = serde_json::to_value(decision).unwrap_or_default();
    let keys = given.as_object().into_iter().flatten();
    keys.map(|(key, _)| (key.clone(), all.get(key).cloned().unwrap_or_default()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A guest's words as the host keeps them: one plain line.
fn plain(text: &Value) -> String {
    text.as_str().unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The name of a place, as the host keeps it.
fn name(text: &Value) -> String {
    plain(&text.as_str().unwrap_or_default().trim().into())
}
