//! Whose rotation a pool's turns are of: the pool's, the flow's, a group's or the tenant's.

use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::desk::{Ask, Desk};
use rota_domain::fairness::{Turn, report};
use rota_domain::id::{DecisionId, FlowId, PoolId};
use rota_domain::workspace::Workspace;

/// Four leads: the flow of each, and the pool that its rule asks.
const LEADS: [(&str, &str); 4] = [("inbound", "one"), ("partner", "one"), ("outbound", "two"), ("outbound", "three")];

fn workspace(scopes: [&str; 3]) -> Workspace {
    let members = r#"[{ rep = "a" }, { rep = "b" }, { rep = "c" }, { rep = "d" }]"#;
    let mut text = String::from("workspace = \"acme\"\n");
    for rep in ["a", "b", "c", "d"] {
        text += &format!("[[reps]]\nid = \"{rep}\"\n");
    }
    for (pool, scope) in ["one", "two", "three"].into_iter().zip(scopes) {
        text += &format!("[[pools]]\nid = \"{pool}\"\nmembers = {members}\nscope = {scope}\n");
    }
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    workspace
}

fn take(desk: &mut Desk, (flow, pool): (&str, &str)) -> Turn {
    let (flow, pool) = (FlowId::from(flow), PoolId::from(pool));
    let turn = desk.turn(&Ask { flow: Some(&flow), ..Ask::of(&pool, Timestamp::UNIX_EPOCH) }).expect("a turn");
    desk.take(&turn);
    turn
}

fn order(scopes: [&str; 3]) -> String {
    let mut desk = Desk::new(1, Arc::new(workspace(scopes)));
    LEADS.map(|lead| take(&mut desk, lead).rep.to_string()).concat()
}

#[test]
fn four_leads_over_three_flows_go_by_the_rotation_of_their_scope() {
    assert_eq!(order([r#""pool""#; 3]), "abaa", "a and b of the first pool, and each other pool begins anew");
    assert_eq!(order([r#""flow""#; 3]), "aaaa", "no flow asked the same pool twice");
    let group = r#"{ group = "west" }"#;
    assert_eq!(order([group, group, r#""pool""#]), "abca", "two pools are one group");
    assert_eq!(order([r#""tenant""#; 3]), "abcd");
}

#[test]
fn each_flow_goes_on_where_it_was() {
    let mut desk = Desk::new(1, Arc::new(workspace([r#""flow""#; 3])));
    let leads = [("inbound", "one"), ("partner", "one"), ("inbound", "one"), ("partner", "one"), ("inbound", "one")];
    let order: String = leads.map(|lead| take(&mut desk, lead).rep.to_string()).concat();
    assert_eq!(order, "aabbc");
    let ids: Vec<&str> = desk.rotations().keys().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["one/inbound", "one/partner"]);
}

#[test]
fn the_proof_is_of_each_rotation() {
    let group = r#"{ group = "west" }"#;
    let mut desk = Desk::new(1, Arc::new(workspace([group, group, r#""flow""#])));
    let turns: Vec<(DecisionId, Turn)> =
        (0..12).map(|n| (DecisionId::from(format!("d{n}")), take(&mut desk, LEADS[n % 4]))).collect();
    let pools = report(turns.iter().map(|(id, turn)| (id, Timestamp::UNIX_EPOCH, turn)));
    let told: Vec<(&str, u64)> = pools.iter().map(|pool| (pool.pool.as_str(), pool.picks)).collect();
    assert_eq!(told, [("group:west", 9), ("three/outbound", 3)]);
    assert!(pools.iter().all(|pool| pool.holds()));
}

#[test]
fn a_shared_rotation_keeps_what_members_of_any_of_its_pools_are_owed() {
    let group = r#"{ group = "west" }"#;
    let mut desk = Desk::new(1, Arc::new(workspace([group, group, r#""pool""#])));
    for lead in [LEADS[0], LEADS[1], LEADS[2]] {
        take(&mut desk, lead);
    }
    let mut next = workspace([group, group, r#""pool""#]);
    next.pools[0].members.retain(|member| member.rep.as_str() != "d");
    let desk = desk.revise(2, Arc::new(next.clone()));
    let id = "group:west".into();
    assert_eq!(desk.rotation(&id).expect("it is there").credits().len(), 4, "d is in the other pool");
    next.pools[1].members.retain(|member| member.rep.as_str() != "d");
    let desk = desk.revise(3, Arc::new(next));
    let credits = desk.rotation(&id).expect("it is there").credits();
    assert_eq!(credits.len(), 3);
    assert_eq!(credits.iter().map(|credit| credit.units).sum::<i64>(), 0);
}
