//! Which properties exist, what they hold and which of them the API may write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::seed::Seed;

/// The property that holds a record's owner.
pub(crate) const OWNER: &str = "hubspot_owner_id";
/// The property that only moves forward.
pub(crate) const LIFECYCLE_STAGE: &str = "lifecyclestage";
/// The stages in their order.
pub(crate) const LIFECYCLE_STAGES: [&str; 8] = [
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];

/// A property's definition.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) name: String,
    label: String,
    /// `string`, `number`, `enumeration`, `bool`, `date` or `datetime`.
    pub(crate) kind: String,
    /// The values allowed; none means any.
    pub(crate) options: Vec<String>,
    pub(crate) read_only: bool,
    pub(crate) unique: bool,
    custom: bool,
}

/// All definitions, by object type and name.
pub(crate) struct Catalogue(BTreeMap<Kind, BTreeMap<String, Property>>);

const ADDRESS: &[&str] = &["phone", "website", "address", "city", "state", "zip", "country", "industry"];
const CONTACT: &[&str] = &[
    "email",
    "firstname",
    "lastname",
    "mobilephone",
    "company",
    "jobtitle",
    "message",
    "numemployees",
    "hs_language",
    "hs_timezone",
];
const COMPANY: &[&str] = &["name", "domain", "description", "timezone", "type"];
const LEAD_STATUSES: &[&str] =
    &["NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"];

/// The stages of the pipeline that every account begins with.
const DEAL_STAGES: &[&str] = &[
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
];

impl Catalogue {
    pub(crate) fn new(seed: &Seed) -> Self {
        let mut all = Self(BTreeMap::new());
        for kind in Kind::ALL {
            all.add_text(kind, "hs_object_id", kept_by_crm("number"));
            for name in [kind.created(), kind.modified()] {
                all.add_text(kind, name, kept_by_crm("datetime"));
            }
            // An enumeration without options: they live in the owners API.
            all.add_text(kind, OWNER, typed("enumeration"));
        }
        for (kind, names) in [(Kind::Contact, CONTACT), (Kind::Company, COMPANY)] {
            for name in names.iter().chain(ADDRESS) {
                all.add_text(kind, name, |_| ());
            }
            let revenue = if kind == Kind::Company { "number" } else { "string" };
            all.add_text(kind, "annualrevenue", typed(revenue));
            all.add_text(kind, "hs_lead_status", enumeration(LEAD_STATUSES));
            all.add_text(kind, LIFECYCLE_STAGE, enumeration(&LIFECYCLE_STAGES));
        }
        all.add_text(Kind::Contact, "email", |it| it.unique = true);
        all.add_text(Kind::Company, "numberofemployees", typed("number"));
        for name in ["dealname", "pipeline"] {
            all.add_text(Kind::Deal, name, |_| ());
        }
        all.add_text(Kind::Deal, "amount", typed("number"));
        all.add_text(Kind::Deal, "closedate", typed("datetime"));
        all.add_text(Kind::Deal, "dealstage", enumeration(DEAL_STAGES));
        for kind in [Kind::Task, Kind::Note] {
            all.add_text(kind, "hs_timestamp", typed("datetime"));
        }
        for name in ["hs_task_subject", "hs_task_body"] {
            all.add_text(Kind::Task, name, |_| ());
        }
        all.add_text(
            Kind::Task,
            "hs_task_status",
            enumeration(&["NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"]),
        );
        all.add_text(Kind::Task, "hs_task_priority", enumeration(&["NONE", "LOW", "MEDIUM", "HIGH"]));
        all.add_text(Kind::Task, "hs_task_type", enumeration(&["EMAIL", "CALL", "TODO"]));
        all.add_text(Kind::Note, "hs_note_body", |_| ());
        all.add_custom(seed);
        all
    }

    fn add_text(&mut self, kind: Kind, name: &str, shape: impl FnOnce(&mut Property)) {
        let mut property = Property {
            name: name.to_owned(),
            label: name.to_owned(),
            kind: "string".to_owned(),
            options: Vec::new(),
            read_only: false,
            unique: false,
            custom: false,
        };
        shape(&mut property);
        self.0.entry(kind).or_default().insert(name.to_owned(), property);
    }

    fn add_custom(&mut self, seed: &Seed) {
        for (kind, properties) in &seed.properties {
            // `State::from_seed` has refused unknown object types by now.
            let Some(kind) = Kind::parse(kind) else {
                continue;
            };
            for custom in properties {
                self.add_text(kind, &custom.name, |it| {
                    it.label = custom.label.clone().unwrap_or_else(|| custom.name.clone());
                    it.kind.clone_from(&custom.kind);
                    it.options.clone_from(&custom.options);
                    (it.read_only, it.unique, it.custom) = (custom.read_only, custom.unique, true);
                });
            }
        }
    }

    pub(crate) fn get(&self, kind: Kind, name: &str) -> Option<&Property> {
        self.0.get(&kind)?.get(name)
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Property> {
        self.0.get(&kind).into_iter().flat_map(BTreeMap::values)
    }
}

fn kept_by_crm(kind: &'static str) -> impl FnOnce(&mut Property) {
    move |it| (it.read_only, it.kind) = (true, kind.to_owned())
}

fn typed(kind: &'static str) -> impl FnOnce(&mut Property) {
    move |it| kind.clone_into(&mut it.kind)
}

fn enumeration(options: &'static [&'static str]) -> impl FnOnce(&mut Property) {
    move |it| {
        it.kind = "enumeration".to_owned();
        it.options = options.iter().map(|option| (*option).to_owned()).collect();
    }
}

impl Property {
    /// Why this property cannot hold a value, if it cannot.
    pub(crate) fn refuses(&self, value: &str) -> Option<(&'static str, String)> {
        let Self { kind, options, .. } = self;
        let fits = match kind.as_str() {
            "number" => value.parse::<f64>().is_ok_and(f64::is_finite),
            "bool" => ["true", "false"].contains(&value),
            "date" | "datetime" => {
                value.parse::<i64>().is_ok()
                    || value.parse::<jiff::Timestamp>().is_ok()
                    || (kind == "date" && value.parse::<jiff::civil::Date>().is_ok())
            }
            _ => true,
        };
        if !fits {
            return Some(("INVALID_VALUE", format!("{value} was not a valid {kind}.")));
        }
        if !options.is_empty() && !options.iter().any(|option| option == value) {
            let allowed = options.join(", ");
            return Some(("INVALID_OPTION", format!("{value} was not one of the allowed options: [{allowed}]")));
        }
        None
    }

    /// The definition as the properties API gives it.
    pub(crate) fn to_json(&self, kind: Kind) -> Value {
        let field_type = match self.kind.as_str() {
            "enumeration" => "select",
            "number" => "number",
            "bool" => "booleancheckbox",
            "date" | "datetime" => "date",
            _ => "text",
        };
        let options: Vec<Value> = (0..)
            .zip(&self.options)
            .map(|(order, value): (u32, _)| json!({"label": value, "value": value, "displayOrder": order, "hidden": false}))
            .collect();
        json!({
            "name": self.name, "label": self.label, "type": self.kind, "fieldType": field_type, "description": "",
            "groupName": format!("{}information", kind.singular()), "options": options, "displayOrder": -1,
            "calculated": false, "externalOptions": self.name == OWNER, "archived": false,
            "hasUniqueValue": self.unique, "hidden": false, "formField": !self.read_only, "hubspotDefined": !self.custom,
            "modificationMetadata": {"archivable": self.custom, "readOnlyDefinition": !self.custom, "readOnlyValue": self.read_only},
        })
    }
}
