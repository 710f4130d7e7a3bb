//! The whole state as JSON, for tests that read the truth from the double.

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::double::Double;
use crate::kind::Kind;
use crate::state::{Record, State};

/// Everything the double remembers; archived records are among the others and say so.
pub(crate) fn state(double: &Double) -> Value {
    let now = rfc3339(double.clock.now());
    let state = double.state();
    let owners: Vec<_> = state.owners.values().collect();
    json!({
        "now": now,
        "portal_id": double.seed.portal_id,
        "app_id": double.seed.app_id,
        "contacts": records(&state, Kind::Contact),
        "companies": records(&state, Kind::Company),
        "deals": records(&state, Kind::Deal),
        "tasks": records(&state, Kind::Task),
        "notes": records(&state, Kind::Note),
        "owners": owners,
        "associations": associations(&state),
        "target": double.webhooks.target(),
        "webhooks": double.webhooks.counts(),
        "faults": double.faults.list(),
    })
}

fn records(state: &State, kind: Kind) -> Vec<Value> {
    let one = |record: &Record| {
        let mut json = json!({
            "id": record.id,
            "properties": record.properties,
            "created_at": rfc3339(record.created_at),
            "updated_at": rfc3339(record.updated_at),
            "archived": record.archived_at.is_some(),
        });
        if kind == Kind::Contact {
            json["company"] = json!(state.associations.primary_company(record.id));
        }
        json
    };
    state.all(kind).map(one).collect()
}

fn associations(state: &State) -> Vec<Value> {
    let all = state.associations.iter();
    all.map(|(from, to, types)| {
        json!({"from_type": from.0.singular(), "from_id": from.1, "to_type": to.0.singular(), "to_id": to.1, "type_ids": types})
    })
    .collect()
}
