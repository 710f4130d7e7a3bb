//! What HubSpot's webhooks say. Nothing of a record comes with them but its id; they come in
//! any order, and more than once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rota_domain::id::ConnectionId;
use rota_flow::ports::{Arrival, Payload};
use serde_json::Value;

use super::wire::as_text;

/// A request's events, sorted by account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Events that call for a decision, by the account's number.
    pub portals: BTreeMap<u64, Vec<Event>>,
    /// How many events of which type call for none.
    pub ignored: BTreeMap<String, usize>,
    /// What was wrong with those that could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// What an event is called that tells of a person's erasure.
const ERASED: &str = "erased";

/// A record was created, a property of it has another value, or its person is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The account.
    pub portal: u64,
    /// What makes it a repeat of another: never the number of HubSpot's attempt.
    pub dedupe_key: String,
    /// The kind of record, such as `contact`; the type id where it has no name here.
    pub object: String,
    /// The record.
    pub record: String,
    /// `created`, `changed`, or `erased`.
    pub trigger: &'static str,
    /// The property that changed.
    pub property: Option<String>,
    /// When.
    pub occurred: Timestamp,
}

/// Why a body, or one event in it, could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is no array; nothing was taken.
    #[error("the body is no JSON array of events ({0}); nothing of it was taken")]
    Body(String),
    /// This event lacks something; the others were taken.
    #[error("event {at} of the array has no {field} that reads; the others were taken")]
    Event {
        /// Its place, from 0.
        at: usize,
        /// The field.
        field: &'static str,
    },
}

/// Reads the events in a webhook's body.
///
/// # Errors
/// When the body is no array. What is wrong with single events is in the result.
pub fn parse(body: &[u8]) -> Result<Received, Unreadable> {
    let events: Vec<Value> = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events,
        Ok(other) => return Err(Unreadable::Body(format!("it is {}", kind(&other)))),
        Err(wrong) => return Err(Unreadable::Body(wrong.to_string())),
    };
    let mut received = Received::default();
    for (at, event) in events.iter().enumerate() {
        match read(event) {
            Ok(Told::Event(event)) => received.portals.entry(event.portal).or_default().push(event),
            Ok(Told::Ignored(why)) => *received.ignored.entry(why).or_default() += 1,
            Err(field) => received.unreadable.push(Unreadable::Event { at, field }),
        }
    }
    Ok(received)
}

impl Event {
    /// What waits to be decided because of it, on the connection that leads to its account.
    #[must_use]
    pub fn arrival(&self, connection: &ConnectionId) -> Arrival {
        Arrival {
            dedupe_key: self.dedupe_key.clone(),
            occurred: self.occurred,
            payload: self.payload(connection.clone()),
        }
    }

    fn payload(&self, connection: ConnectionId) -> Payload {
        let (object, id) = (self.object.clone(), self.record.clone());
        if self.trigger == ERASED {
            return Payload::Erasure { connection, object, id };
        }
        Payload::Record { connection, object, id, trigger: self.trigger.to_owned(), attempt: 1 }
    }
}

enum Told {
    Event(Event),
    Ignored(String),
}

/// Reads one event, or names the field that it lacks.
fn read(event: &Value) -> Result<Told, &'static str> {
    let text = |field: &str| as_text(&event[field]);
    let number = |field: &str| text(field).filter(|text| is_digits(text));
    let subscription = text("subscriptionType").ok_or("subscriptionType")?;
    let Some((family, change)) = subscription.split_once('.') else { return Err("subscriptionType") };
    let trigger = match change {
        "creation" => "created",
        "propertyChange" => "changed",
        // Deleted for good, at the person's wish: then we may keep nothing either.
        "privacyDeletion" => ERASED,
        _ => return Ok(Told::Ignored(subscription)),
    };
    if matches!(family, "conversation" | "event") {
        return Ok(Told::Ignored(subscription));
    }
    let portal = number("portalId").and_then(|id| id.parse().ok()).ok_or("portalId")?;
    let record = number("objectId").ok_or("objectId")?;
    let occurred_ms = number("occurredAt").ok_or("occurredAt")?;
    let occurred = occurred_ms.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).ok_or("occurredAt")?;
    let object = match family {
        "object" => named(&text("objectTypeId").ok_or("objectTypeId")?),
        family => family.to_owned(),
    };
    let property = text("propertyName");
    if trigger == "changed" && by_this_app(event) {
        return Ok(Told::Ignored(format!("{subscription} by this app")));
    }
    let event_id = text("eventId").unwrap_or_default();
    let dedupe_key = format!("hs:{portal}:{subscription}:{record}:{event_id}:{occurred_ms}");
    Ok(Told::Event(Event { portal, dedupe_key, object, record, trigger, property, occurred }))
}

/// Our own writes come back as changes; to decide about them could go on for ever.
fn by_this_app(event: &Value) -> bool {
    let (app, source) = (as_text(&event["appId"]), as_text(&event["sourceId"]));
    app.is_some() && app == source
}

/// The name of a type id; custom objects keep theirs.
fn named(type_id: &str) -> String {
    let name = match type_id {
        "0-1" => "contact",
        "0-2" => "company",
        "0-3" => "deal",
        "0-5" => "ticket",
        "0-136" => "lead",
        other => other,
    };
    name.to_owned()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::String(_) => "text",
        Value::Number(_) => "a number",
        _ => "null, true or false",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(changes: &Value) -> Value {
        let mut event = json!({
            "eventId": 1_030_198_139, "subscriptionId": 4_578_255, "portalId": 242_711_451, "appId": 19_635_961,
            "occurredAt": 1_769_081_993_375_u64, "subscriptionType": "contact.creation", "attemptNumber": 0,
            "objectId": 267_448_862_446_u64, "changeFlag": "CREATED", "changeSource": "CRM_UI", "sourceId": "userId:52530071"
        });
        for (field, value) in changes.as_object().unwrap() {
            event[field] = value.clone();
        }
        event
    }

    fn received(events: &[Value]) -> Received {
        parse(json!(events).to_string().as_bytes()).unwrap()
    }

    fn only(changes: &Value) -> Event {
        let received = received(&[event(changes)]);
        assert!(received.unreadable.is_empty(), "{received:?}");
        received.portals.into_values().flatten().next().unwrap()
    }

    #[test]
    fn a_creation_becomes_an_arrival() {
        let arrival = only(&json!({})).arrival(&ConnectionId::from("hs"));
        assert_eq!(arrival.dedupe_key, "hs:242711451:contact.creation:267448862446:1030198139:1769081993375");
        assert_eq!(arrival.occurred.as_millisecond(), 1_769_081_993_375);
        let expected = Payload::Record {
            connection: ConnectionId::from("hs"),
            object: "contact".into(),
            id: "267448862446".into(),
            trigger: "created".into(),
            attempt: 1,
        };
        assert_eq!(arrival.payload, expected);
    }

    #[test]
    fn a_retry_of_hubspot_has_the_same_key() {
        assert_eq!(only(&json!({})).dedupe_key, only(&json!({"attemptNumber": 7})).dedupe_key);
        assert_ne!(only(&json!({})).dedupe_key, only(&json!({"occurredAt": 1})).dedupe_key);
    }

    #[test]
    fn numbers_may_come_as_text() {
        let text = only(&json!({"objectId": "267448862446", "portalId": "242711451", "occurredAt": "1769081993375"}));
        assert_eq!(text, only(&json!({})));
    }

    #[test]
    fn generic_subscriptions_name_their_object_by_type_id() {
        for (type_id, object) in [("0-1", "contact"), ("0-2", "company"), ("0-136", "lead"), ("2-1234567", "2-1234567")]
        {
            let event = only(&json!({
                "subscriptionType": "object.propertyChange", "objectTypeId": type_id, "propertyName": "city"
            }));
            assert_eq!((event.object.as_str(), event.trigger), (object, "changed"));
        }
    }

    #[test]
    fn deletions_merges_and_associations_are_counted_and_left_alone() {
        let types = ["contact.deletion", "contact.merge", "contact.associationChange", "contact.merge"];
        let received = received(&types.map(|kind| event(&json!({"subscriptionType": kind}))));
        assert!(received.portals.is_empty() && received.unreadable.is_empty());
        assert_eq!(received.ignored["contact.merge"], 2);
        assert_eq!(received.ignored.len(), 3);
    }

    #[test]
    fn a_privacy_deletion_asks_for_an_erasure() {
        let arrival = only(&json!({"subscriptionType": "contact.privacyDeletion"})).arrival(&ConnectionId::from("hs"));
        let (connection, object) = (ConnectionId::from("hs"), "contact".into());
        assert_eq!(arrival.payload, Payload::Erasure { connection, object, id: "267448862446".into() });
    }

    #[test]
    fn what_this_app_wrote_starts_nothing() {
        let change = |property: &str, source: &Value| {
            let change = "contact.propertyChange";
            event(&json!({"subscriptionType": change, "propertyName": property, "sourceId": source}))
        };
        for property in ["hubspot_owner_id", "lifecyclestage", "rota_last_reason"] {
            let ours = [change(property, &json!("19635961")), change(property, &json!(19_635_961))];
            let received = received(&[&ours[..], &[change(property, &json!("userId:52530071"))]].concat());
            assert_eq!(received.portals[&242_711_451].len(), 1, "{property}");
            assert_eq!(received.ignored["contact.propertyChange by this app"], 2, "{property}");
        }
        let created = received(&[event(&json!({"sourceId": "19635961"}))]);
        assert_eq!(created.portals.len(), 1, "a record that this app created is a lead all the same");
    }

    #[test]
    fn one_bad_event_loses_none_of_the_others() {
        let mut without = event(&json!({}));
        without.as_object_mut().unwrap().remove("objectId");
        let received = received(&[event(&json!({})), without, json!(7), event(&json!({"portalId": 8, "objectId": 9}))]);
        assert_eq!(received.portals.keys().copied().collect::<Vec<_>>(), [8, 242_711_451]);
        let said: Vec<String> = received.unreadable.iter().map(ToString::to_string).collect();
        assert_eq!(said[0], "event 1 of the array has no objectId that reads; the others were taken");
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn a_body_that_is_no_array_is_refused() {
        for body in ["{}", "", "null", "[1", "\"[]\""] {
            assert!(matches!(parse(body.as_bytes()), Err(Unreadable::Body(_))), "{body}");
        }
    }
}
