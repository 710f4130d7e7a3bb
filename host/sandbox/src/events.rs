//! From a change to the webhook events it causes, one for each subscription that it meets.

use jiff::Timestamp;
use serde::Serialize;

use crate::chance::Chance;
use crate::seed::{Seed, Subscription};
use crate::writes::{Actor, Change, What};

/// Subscription ids count up from here, in the order of the seed.
const FIRST_SUBSCRIPTION_ID: u64 = 4_578_255;

/// Properties whose changes nobody can subscribe to.
const NOT_SUBSCRIBABLE: [&str; 2] = ["num_unique_conversion_events", "hs_lastmodifieddate"];

/// Refuses a subscription that could never be met, and says what to do.
pub(crate) fn check(subscription: &Subscription) -> Result<(), String> {
    let Subscription { subscription_type: named, property_name, object_type_id } = subscription;
    let (object, event) = named.split_once('.').unwrap_or_default();
    let objects = ["contact", "company", "deal", "object"];
    if !objects.contains(&object) || !["creation", "deletion", "propertyChange"].contains(&event) {
        return Err(format!(
            "`{named}` is no type; use creation, deletion or propertyChange of contact, company, deal or object"
        ));
    }
    if (event == "propertyChange") != property_name.is_some() {
        return Err(format!("`{named}`: property_name belongs to propertyChange, which needs it; add or drop it"));
    }
    if property_name.as_deref().is_some_and(|name| NOT_SUBSCRIBABLE.contains(&name)) {
        return Err(format!("`{named}`: nobody can subscribe to this property; choose another"));
    }
    if (object == "object") != object_type_id.is_some() {
        return Err(format!("`{named}`: object_type_id belongs to object, which needs it; add or drop it"));
    }
    Ok(())
}

/// An event as it travels; the keys are in the order of a captured delivery.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    event_id: u64,
    subscription_id: u64,
    portal_id: u64,
    app_id: u64,
    occurred_at: i64,
    subscription_type: String,
    pub(crate) attempt_number: u32,
    object_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_type_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_flag: Option<&'static str>,
    change_source: &'static str,
    source_id: String,
}

/// The events that these changes cause.
pub(crate) fn of(changes: &[Change], actor: &Actor, at: Timestamp, seed: &Seed, chance: &Chance) -> Vec<Event> {
    let subscriptions = || (FIRST_SUBSCRIPTION_ID..).zip(&seed.subscriptions);
    let met = changes.iter().flat_map(|change| {
        subscriptions().filter(|(_, subscription)| meets(change, subscription, seed)).map(move |found| (change, found))
    });
    met.map(|(change, (subscription_id, subscription))| {
        let (property_name, property_value) = match &change.what {
            What::Set { name, value, .. } => (Some(name.clone()), Some(value.clone())),
            What::Created | What::Deleted => (None, None),
        };
        Event {
            event_id: chance.event_id(),
            subscription_id,
            portal_id: seed.portal_id,
            app_id: seed.app_id,
            occurred_at: at.as_millisecond(),
            subscription_type: subscription.subscription_type.clone(),
            attempt_number: 0,
            object_id: change.id.0,
            object_type_id: is_generic(subscription).then(|| change.kind.type_id()),
            property_name,
            property_value,
            change_flag: match change.what {
                What::Created => Some("CREATED"),
                What::Deleted => Some("DELETED"),
                What::Set { .. } => None,
            },
            change_source: actor.source,
            source_id: actor.source_id.clone(),
        }
    })
    .collect()
}

fn is_generic(subscription: &Subscription) -> bool {
    subscription.subscription_type.starts_with("object.")
}

fn meets(change: &Change, subscription: &Subscription, seed: &Seed) -> bool {
    let Some((object, event)) = subscription.subscription_type.split_once('.') else {
        return false;
    };
    let object_met = match object {
        "object" => subscription.object_type_id.as_deref() == Some(change.kind.type_id()),
        named => named == change.kind.singular(),
    };
    object_met
        && match &change.what {
            What::Created => event == "creation",
            What::Deleted => event == "deletion",
            What::Set { name, at_creation, .. } => {
                event == "propertyChange"
                    && subscription.property_name.as_deref() == Some(name)
                    && (seed.webhooks.property_change_on_create || !at_creation)
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use crate::kind::Kind;

    fn events(seed: &Seed, what: What, actor: &Actor) -> serde_json::Value {
        let change = Change { kind: Kind::Contact, id: Id(267_448_862_446), what };
        let at = Timestamp::from_millisecond(1_769_081_993_375).expect("a timestamp");
        let mut events =
            serde_json::to_value(of(&[change], actor, at, seed, &Chance::new(1))).expect("events are JSON");
        for event in events.as_array_mut().expect("a list") {
            event["eventId"] = 1_030_198_139.into();
        }
        events
    }

    #[test]
    fn a_creation_has_the_keys_of_the_captured_delivery_in_their_order() {
        let seed = Seed { portal_id: 242_711_451, app_id: 19_635_961, ..Seed::default() };
        let event = events(&seed, What::Created, &Actor::person(52_530_071)).to_string();
        let captured = r#"[{"eventId":1030198139,"subscriptionId":4578255,"portalId":242711451,"appId":19635961,"occurredAt":1769081993375,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":267448862446,"changeFlag":"CREATED","changeSource":"CRM_UI","sourceId":"userId:52530071"}]"#;
        assert_eq!(event, captured);
    }

    #[test]
    fn a_change_by_the_api_carries_the_bare_app_id() {
        let set = What::Set { name: "lifecyclestage".into(), value: "lead".into(), at_creation: false };
        let event = &events(&Seed::default(), set, &Actor::integration(1_234_567))[0];
        assert_eq!((&event["changeSource"], &event["sourceId"]), (&"INTEGRATION".into(), &"1234567".into()));
        assert_eq!((&event["propertyName"], &event["propertyValue"]), (&"lifecyclestage".into(), &"lead".into()));
    }

    #[test]
    fn a_property_without_a_subscription_causes_no_event() {
        let set = What::Set { name: "city".into(), value: "Bern".into(), at_creation: false };
        assert_eq!(events(&Seed::default(), set, &Actor::person(1)), serde_json::json!([]));
    }

    #[test]
    fn a_subscription_that_could_never_be_met_is_refused() {
        for (named, property_name, object_type_id) in [
            ("contact.created", None, None),
            ("lead.creation", None, None),
            ("contact.propertyChange", None, None),
            ("contact.propertyChange", Some("hs_lastmodifieddate"), None),
            ("contact.creation", Some("city"), None),
            ("object.creation", None, None),
        ] {
            let subscription = Subscription {
                subscription_type: named.into(),
                property_name: property_name.map(str::to_owned),
                object_type_id,
            };
            assert!(check(&subscription).is_err(), "{named}");
        }
    }

    #[test]
    fn a_generic_subscription_names_the_object_type() {
        let generic = Subscription {
            subscription_type: "object.deletion".into(),
            property_name: None,
            object_type_id: Some("0-1".into()),
        };
        let seed = Seed { subscriptions: vec![generic], ..Seed::default() };
        let event = &events(&seed, What::Deleted, &Actor::person(1))[0];
        assert_eq!((&event["objectTypeId"], &event["changeFlag"]), (&"0-1".into(), &"DELETED".into()));
    }
}
