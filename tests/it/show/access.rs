//! Tokens and changes, as they stand in a terminal.

use insta::assert_snapshot;
use jiff::Timestamp;
use rota::show::{Palette, changes, grants};
use rota_domain::access::{Change, Grant};
use serde_json::{Value, json};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time")
}

fn grant(more: &Value) -> Grant {
    let mut grant = json!({"id": "tok_0123456789abcdef", "tenant": "acme", "role": "admin", "name": "CI of the website",
        "made": at(0), "made_by": "command line"});
    let known = grant.as_object_mut().expect("an object");
    known.extend(more.as_object().expect("an object").clone());
    serde_json::from_value(grant).expect("a grant")
}

#[test]
fn a_list_of_tokens_says_which_are_used_and_which_hold_no_more() {
    let list = [
        grant(&json!({})),
        grant(&json!({"role": "viewer", "used": at(60)})),
        grant(&json!({"role": "operator", "expires": at(10)})),
        grant(&json!({"revoked": at(20), "name": "a name that is longer than its column is"})),
    ];
    assert_snapshot!(grants(&list, at(100), Palette::PLAIN), @r"
    tok_0123456789abcdef admin    CI of the website       never used
    tok_0123456789abcdef viewer   CI of the website       used 2026-09-21 14:14:20
    tok_0123456789abcdef operator CI of the website       ended
    tok_0123456789abcdef admin    a name that is longer…  revoked
    ");
}

#[test]
fn a_change_says_when_what_and_who() {
    let change = |action: &str, detail: Option<&str>| Change {
        at: at(0),
        who: "CI (tok_0123456789abcdef)".into(),
        action: action.into(),
        thing: "tok_fedcba9876543210".into(),
        detail: detail.map(Into::into),
    };
    let list = [(1, change("token.made", Some("viewer, dashboards"))), (12, change("token.revoked", None))];
    assert_snapshot!(changes(&list, Palette::PLAIN), @r"
         1 2026-09-21 14:13:20  token.made tok_fedcba9876543210 (viewer, dashboards)
           by CI (tok_0123456789abcdef)
        12 2026-09-21 14:13:20  token.revoked tok_fedcba9876543210
           by CI (tok_0123456789abcdef)
    ");
}
