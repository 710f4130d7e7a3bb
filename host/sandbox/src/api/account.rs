//! The account itself. Every token may ask for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::double::Double;

pub(super) async fn details(State(double): State<Arc<Double>>) -> Json<Value> {
    Json(json!({
        "portalId": double.seed.portal_id, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "USD",
        "additionalCurrencies": [], "utcOffset": "-05:00", "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
    }))
}
