//! Records of a CRM that are rows of a dated table.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Condition, Contradiction, Match, Table, Workspace};
use crate::id::ConnectionId;
use crate::lead::Lead;
use crate::property;
use crate::table::DatedRow;

/// Records of a CRM that are rows of a dated table, such as the deals that were won: each counts for its
/// owner as long as it meets the condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// The CRM.
    pub connection: ConnectionId,
    /// What kind of record: `deal`, …
    pub object: String,
    /// The property with the number.
    pub value: String,
    /// The property that says when: a day or a time.
    pub at: String,
    /// Which of them count, where not all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

impl Records {
    /// Adds the properties that it looks at.
    pub fn collect_properties(&self, into: &mut BTreeSet<String>) {
        into.extend([self.value.clone(), self.at.clone()]);
        self.when.iter().for_each(|when| when.collect_properties(into));
    }

    /// Whether a record is one of these, whatever it says.
    #[must_use]
    pub fn are(&self, record: &Lead) -> bool {
        record.id.parts().is_some_and(|(connection, object, _)| connection == self.connection && object == self.object)
    }

    /// The row that such a record is: none where it does not count, or has no owner, number or time.
    ///
    /// # Errors
    /// What does not read of a record that counts, and what to do.
    pub fn row(&self, record: &Lead) -> Result<Option<DatedRow>, String> {
        let counts = self.when.as_ref().is_none_or(|when| when.holds(record));
        let parts = (record.owner.clone(), record.property(&self.at), record.property(&self.value));
        let (Some(key), Some(at), Some(value)) = parts else { return Ok(None) };
        // Time comes in milliseconds, too.
        let at = property::time(at.trim()).map_or_else(|_| at.trim().to_owned(), |at: Timestamp| at.to_string());
        let row = DatedRow { key, at, value: value.trim().to_owned() };
        if counts { row.check().map(|()| Some(row)) } else { Ok(None) }
    }
}

/// Whether a table's rows can come from where it says.
pub(super) fn check(table: &Table, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let id = &table.id;
    let wrong = |key: &str, message: String| Err(Contradiction::new(format!("/tables/{place}/{key}"), message));
    let Some(records) = &table.records else {
        return match table.file {
            Some(_) => Ok(()),
            None => wrong("id", format!("table `{id}` has no rows; say which `file` has them")),
        };
    };
    if table.matching != Match::Dated {
        return wrong("records", format!("table `{id}` has records for rows, which are dated; say match = \"dated\""));
    }
    if table.file.is_some() {
        let message = format!(
            "table `{id}` has a file and records, and who is in both would count twice; leave one of them out, and send past numbers to PUT /v1/tables/{id}/rows"
        );
        return wrong("records", message);
    }
    if workspace.connection(&records.connection).is_none() {
        let message = format!(
            "the records of table `{id}` are of `{}`, which is not among [[connections]]; name one of those",
            records.connection
        );
        return wrong("records/connection", message);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LeadId;

    fn records() -> Records {
        serde_json::from_value(serde_json::json!({
            "connection": "hs", "object": "deal", "value": "amount", "at": "closedate",
            "when": { "property": "dealstage", "is": "closedwon" },
        }))
        .unwrap()
    }

    fn deal(owner: Option<&str>, properties: &[(&str, &str)]) -> Lead {
        let properties = properties.iter().map(|(name, value)| ((*name).into(), Some((*value).into()))).collect();
        Lead { owner: owner.map(Into::into), properties, ..Lead::unknown(LeadId::from("hs:deal:7")) }
    }

    const WON: [(&str, &str); 3] =
        [("dealstage", "closedwon"), ("amount", "1200.50"), ("closedate", "2026-03-02T09:00:00Z")];

    fn with(name: &str, value: &str) -> Vec<(&'static str, String)> {
        WON.map(|(known, usual)| (known, if known == name { value.to_owned() } else { usual.to_owned() })).into()
    }

    fn row_of(properties: &[(&'static str, String)]) -> Result<Option<DatedRow>, String> {
        let properties: Vec<_> = properties.iter().map(|(name, value)| (*name, value.as_str())).collect();
        records().row(&deal(Some("hs:11"), &properties))
    }

    #[test]
    fn a_record_that_counts_is_a_row_of_its_owner() {
        let row = DatedRow { key: "hs:11".into(), at: "2026-03-02T09:00:00Z".into(), value: "1200.50".into() };
        assert_eq!(records().row(&deal(Some("hs:11"), &WON)), Ok(Some(row)));
    }

    #[test]
    fn it_is_dated_by_a_day_a_time_or_milliseconds() {
        let at = |text: &str| row_of(&with("closedate", text)).unwrap().map(|row| row.at);
        assert_eq!(at("2026-03-02").as_deref(), Some("2026-03-02"));
        assert_eq!(at("1772442000000").as_deref(), Some("2026-03-02T09:00:00Z"));
        assert_eq!(at("2026-03-02T09:00:00.000Z").as_deref(), Some("2026-03-02T09:00:00Z"));
    }

    #[test]
    fn what_does_not_count_or_is_missing_is_no_row_and_what_does_not_read_is_told() {
        assert_eq!(records().row(&deal(None, &WON)), Ok(None), "no owner");
        assert_eq!(records().row(&deal(Some("hs:11"), &WON[..2])), Ok(None), "no time");
        for (name, value) in [("dealstage", "lost"), ("amount", ""), ("closedate", " ")] {
            assert_eq!(row_of(&with(name, value)), Ok(None), "{name} = {value}");
        }
        let told = |name: &str, value: &str| row_of(&with(name, value)).unwrap_err();
        assert!(told("amount", "much").starts_with("`much` is no number"), "{}", told("amount", "much"));
        assert!(told("closedate", "soon").starts_with("`soon` is neither a day nor a time"));
        let lost = [("dealstage", "lost".to_owned()), ("amount", "much".to_owned()), ("closedate", "soon".to_owned())];
        assert_eq!(row_of(&lost), Ok(None), "nobody asks for the number of one that does not count");
    }

    #[test]
    fn records_of_another_kind_or_account_are_not_meant() {
        let is = |id: &str| records().are(&Lead::unknown(LeadId::from(id)));
        assert_eq!(["hs:deal:7", "hs:contact:7", "other:deal:7", "deal-7"].map(is), [true, false, false, false]);
    }
}
