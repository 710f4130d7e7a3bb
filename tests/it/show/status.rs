//! How a server stands, as it stands in a terminal.

use insta::assert_snapshot;
use jiff::Timestamp;
use rota::show::{Palette, status};
use rota::status::{DatabaseStatus, Status, TenantStatus};
use serde_json::{Value, json};

fn tenant(name: &str, more: &Value) -> TenantStatus {
    let mut tenant = json!({
        "tenant": name, "at_work": true, "suspended": false, "revision": 12,
        "plugins": ["next-in-line@0.1.0", "territory@0.2.0"], "leads_waiting": 0, "oldest_lead_seconds": 0,
        "decided_last_hour": 1840, "effects_waiting": 2, "oldest_effect_seconds": 1, "effects_dead": 0,
        "unassigned": 3, "oldest_unassigned_seconds": 5400, "overdue": 0, "circuits_open": [],
    });
    let known = tenant.as_object_mut().expect("an object");
    known.extend(more.as_object().expect("an object").clone());
    serde_json::from_value(tenant).expect("a tenant")
}

fn shown(answers: bool, tenants: Vec<TenantStatus>) -> String {
    let database = DatabaseStatus {
        kind: "sqlite".into(),
        bytes: 48_234_496,
        schema: 3,
        answers,
        writer_waiting: 1,
        commits_failed: 0,
    };
    let at = Timestamp::from_second(1_790_000_000).expect("a time");
    let found = Status { version: "1.2.3".into(), ..Status::new(at, database, tenants) };
    status(&found, Palette::PLAIN)
}

#[test]
fn a_server_that_is_well_fits_a_few_lines() {
    assert_snapshot!(shown(true, vec![tenant("acme", &json!({})), tenant("birch-and-sons", &json!({"unassigned": 0, "oldest_unassigned_seconds": 0}))]), @r"
    Rota 1.2.3, 2026-09-21 14:13:20 UTC
    database  sqlite, 47,104 KiB, schema 3, answers
    writer    1 write waiting, 0 commits failed

    acme            revision 12  next-in-line@0.1.0, territory@0.2.0
      leads    1,840 in the last hour, 0 waiting, 3 in a queue (90 min)
      effects  2 waiting (1 s), 0 dead; 0 circuits open
    birch-and-sons  revision 12  next-in-line@0.1.0, territory@0.2.0
      leads    1,840 in the last hour, 0 waiting, 0 in a queue
      effects  2 waiting (1 s), 0 dead; 0 circuits open

    Nothing is wrong.
    ");
}

#[test]
fn whatever_is_wrong_is_said_with_what_to_do() {
    let bad = json!({"leads_waiting": 1, "oldest_lead_seconds": 61, "oldest_effect_seconds": 7300, "effects_dead": 1,
        "overdue": 2, "circuits_open": ["hs"]});
    let idle = json!({"at_work": false, "revision": null, "plugins": []});
    let held = json!({"suspended": true, "leads_waiting": 9, "oldest_lead_seconds": 200_000});
    let tenants = vec![tenant("acme", &bad), tenant("birch", &idle), tenant("cobalt", &held)];
    assert_snapshot!(shown(false, tenants), @r"
    Rota 1.2.3, 2026-09-21 14:13:20 UTC
    database  sqlite, 47,104 KiB, schema 3, does not answer
    writer    1 write waiting, 0 commits failed

    acme    revision 12  next-in-line@0.1.0, territory@0.2.0
      leads    1,840 in the last hour, 1 waiting (61 s), 3 in a queue (90 min)
      effects  2 waiting (2 h), 1 dead; 1 circuit open
    birch   not at work
      leads    1,840 in the last hour, 0 waiting, 3 in a queue (90 min)
      effects  2 waiting (1 s), 0 dead; 0 circuits open
    cobalt  suspended
      leads    1,840 in the last hour, 9 waiting (2 days), 3 in a queue (90 min)
      effects  2 waiting (1 s), 0 dead; 0 circuits open

    server: The database does not answer.
      See the server's log for why; check the disk, its space, and the file's
      permissions.
    acme: 1 lead waits to be decided, the oldest for 61 s.
      See the server's log: records cannot be read, the plan's fuel is used up, or
      commits fail.
    acme: The connection `hs` is left alone: nobody answers, or it refuses.
      GET /v1/connections says why. Mend that, and resume it there; one effect
      probes `hs` meanwhile.
    acme: 2 effects wait to be delivered, the oldest for 2 h.
      `rota outbox list --tenant acme` says for whom they wait and why.
    acme: 1 effect is dead.
      `rota outbox list --dead --tenant acme` says why; mend that, then `rota outbox
      retry` or `drop`.
    acme: 2 leads are past the response target, and no owner is confirmed.
      Their owners wait in the outbox, or died there: deliver them, or call these
      leads by hand.
    birch: It is not at work here.
      Give it a workspace with `rota apply`; if it has one, the server's log says
      why it did not start.
    ");
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let long = tenant("acme", &json!({"effects_dead": 123_456, "circuits_open": ["a-connection-with-a-long-name"]}));
    let text = shown(false, vec![long]);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
