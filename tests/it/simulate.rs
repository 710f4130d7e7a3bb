//! `rota simulate`: a file of leads against a workspace, without a CRM.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::rota;

const WORKSPACE: &str = r#"
workspace = "acme"

[[reps]]
id = "manager"
[[reps]]
id = "ana"
crm = { hs = "71" }
[[reps]]
id = "bo"
[[reps]]
id = "cy"
active = true

[[pools]]
id = "all"
members = [
  { rep = "manager", weight = 10 },
  { rep = "ana", weight = 30 },
  { rep = "bo", weight = 30 },
  { rep = "cy", weight = 30 },
]

[[sources]]
class = "inbound:demo-request"
when = { property = "hs_form", is = "demo" }

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "all" }
fallback = { queue = "triage" }
"#;

fn workspace(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("workspace.toml"), text).expect("workspace.toml");
    folder
}

fn lead(n: usize, rest: &str) -> String {
    format!(
        r#"{{"at":"2026-03-02T09:{:02}:{:02}Z","kind":"lead","lead":{{"id":"hs:contact:{n}"{rest}}}}}"#,
        n / 60,
        n % 60
    )
}

fn events(folder: &TempDir, lines: impl IntoIterator<Item = String>) {
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{line}").expect("a line");
    }
    fs::write(folder.path().join("leads.jsonl"), text).expect("leads.jsonl");
}

fn simulate(folder: &TempDir) -> crate::command::Ran {
    rota(folder.path(), &["simulate", "--workspace", ".", "--leads", "leads.jsonl", "--json"])
}

fn reps(decisions: &[Value]) -> Vec<&str> {
    decisions.iter().map(|decision| decision["rep"].as_str().unwrap_or("nobody")).collect()
}

#[test]
fn weights_10_30_30_30_give_1_3_3_3_in_every_ten() {
    let folder = workspace(WORKSPACE);
    events(&folder, (0..100).map(|n| lead(n, "")));
    let ran = simulate(&folder);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let decisions = ran.lines();
    assert_eq!(decisions.len(), 100);
    for ten in decisions.chunks(10) {
        let reps = reps(ten);
        let count = |rep: &str| reps.iter().filter(|got| **got == rep).count();
        assert_eq!([count("manager"), count("ana"), count("bo"), count("cy")], [1, 3, 3, 3], "{reps:?}");
    }
}

#[test]
fn a_lead_goes_to_who_is_on_shift_when_it_comes() {
    let shifts = WORKSPACE.replace("id = \"cy\"\n", "id = \"cy\"\ncalendar = \"late\"\n").replace(
        "[[sources]]",
        "[[calendars]]\nid = \"late\"\ntime_zone = \"UTC\"\nhours = { mon = [\"09:02-17:00\"] }\n[[sources]]",
    );
    let folder = workspace(&shifts);
    events(&folder, (0..240).map(|n| lead(n, "")));
    let decisions = simulate(&folder).lines();
    let got: Vec<usize> = (0..240).filter(|n| decisions[*n]["rep"] == "cy").collect();
    assert!((120..125).contains(&got[0]), "second 120 is 09:02: {got:?}");
    assert!((35..=37).contains(&got.len()), "three in ten of 120, and no burst: {got:?}");
}

#[test]
fn a_pool_gives_turns_by_its_policy() {
    let of = |policy: &str, members: &str| {
        let start = WORKSPACE.find("members = [").expect("members");
        let end = start + WORKSPACE[start..].find("]\n").expect("their end") + 2;
        let pool = format!("policy = \"{policy}\"\nmembers = [{members}]\n");
        let folder = workspace(&format!("{}{pool}{}", &WORKSPACE[..start], &WORKSPACE[end..]));
        events(&folder, (0..6).map(|n| lead(n, "")));
        reps(&simulate(&folder).lines()).join(" ")
    };
    let plain = r#"{ rep = "bo" }, { rep = "manager" }, { rep = "ana" }, { rep = "cy", weight = 0 }"#;
    assert_eq!(of("in-turn", plain), "ana bo manager ana bo manager");
    assert_eq!(of("least-recent", plain), "ana bo manager ana bo manager");
    let scores =
        r#"{ rep = "bo", score = 5 }, { rep = "manager" }, { rep = "ana", score = 5 }, { rep = "cy", score = -1 }"#;
    assert_eq!(of("pecking-order", scores), "ana bo ana bo ana bo");
}

#[test]
fn two_runs_are_equal_byte_for_byte() {
    let folder = workspace(WORKSPACE);
    events(&folder, (0..30).map(|n| lead(n, "")));
    assert_eq!(simulate(&folder).out, simulate(&folder).out);
}

#[test]
fn another_seed_gives_other_ids_and_the_same_reps() {
    let folder = workspace(WORKSPACE);
    events(&folder, (0..10).map(|n| lead(n, "")));
    let one = simulate(&folder).lines();
    let ran = rota(folder.path(), &["simulate", "--leads", "leads.jsonl", "--seed", "2", "--json"]);
    let two = ran.lines();
    assert_ne!(one[0]["decision"], two[0]["decision"]);
    assert_eq!(reps(&one), reps(&two));
}

#[test]
fn a_decision_has_every_key_of_the_format() {
    let folder = workspace(WORKSPACE);
    events(&folder, [lead(0, r#","properties":{"hs_form":"demo"},"trigger":"created""#)]);
    let decision = simulate(&folder).lines().remove(0);
    for key in [
        "decision",
        "lead",
        "at",
        "flow",
        "trigger",
        "class",
        "outcome",
        "rep",
        "owner",
        "pool",
        "queue",
        "reason",
        "fallback",
        "error",
        "response_due",
        "effects",
        "plugin",
        "revision",
        "fuel",
        "repeated",
    ] {
        assert!(decision.get(key).is_some(), "no {key} in {decision}");
    }
    assert_eq!(decision["rep"], "ana");
    assert_eq!(decision["owner"], "71");
    assert_eq!(decision["pool"], "all");
    assert_eq!(decision["class"], "inbound:demo-request");
    assert_eq!(decision["plugin"]["name"], "next-in-line");
}

#[test]
fn who_is_away_gets_nothing_until_they_are_back() {
    let folder = workspace(WORKSPACE);
    let status = |at: &str, status: &str| format!(r#"{{"at":"{at}","kind":"rep","rep":"ana","status":"{status}"}}"#);
    let before = (0..20).map(|n| lead(n, ""));
    let after = (60..80).map(|n| lead(n, ""));
    let away = std::iter::once(status("2026-03-02T09:00:00Z", "away"));
    let back = std::iter::once(status("2026-03-02T09:00:59Z", "back"));
    events(&folder, away.chain(before).chain(back).chain(after));
    let decisions = simulate(&folder).lines();
    assert!(!reps(&decisions[..20]).contains(&"ana"));
    let later = reps(&decisions[20..]).iter().filter(|rep| **rep == "ana").count();
    assert!((5..=7).contains(&later), "ana got {later} of 20: her share is 6, without a burst");
}

#[test]
fn copies_of_a_person_make_one_decision_and_one_turn() {
    let folder = workspace(WORKSPACE);
    let copy = |n: usize, email: &str| lead(n, &format!(r#","properties":{{"email":"{email}"}}"#));
    events(&folder, [copy(0, "Joe@Big.example"), copy(1, "joe@big.example"), copy(2, "JOE@big.example"), lead(3, "")]);
    let decisions = simulate(&folder).lines();
    assert_eq!(reps(&decisions), ["ana", "ana", "ana", "bo"]);
    assert_eq!(decisions[0]["outcome"], "assign");
    assert_eq!(decisions[1]["outcome"], "coalesced");
    assert_eq!(decisions[2]["of"], decisions[0]["decision"]);
}

#[test]
fn a_full_rep_gets_the_next_lead_once_one_is_closed() {
    let folder = workspace(&WORKSPACE.replace("id = \"ana\"", "id = \"ana\"\ncapacity = 1"));
    let closed = r#"{"at":"2026-03-02T09:00:30Z","kind":"closed","lead":"web:0"}"#.to_owned();
    let id = serde_json::from_str::<serde_json::Value>(&lead(0, "")).expect("JSON")["lead"]["id"].clone();
    let closed = closed.replace("\"web:0\"", &id.to_string());
    events(&folder, (0..6).map(|n| lead(n, "")).chain([closed]).chain((60..70).map(|n| lead(n, ""))));
    let decisions = simulate(&folder).lines();
    let got = |part: &[serde_json::Value]| reps(part).iter().filter(|rep| **rep == "ana").count();
    assert_eq!((got(&decisions[..6]), got(&decisions[6..])), (1, 1));
}

#[test]
fn a_pool_that_stops_its_leader_leaves_leads_to_the_fallback() {
    let members = r#"[{ rep = "ana", percent = 50 }, { rep = "bo", percent = 50 }]"#;
    let start = WORKSPACE.find("members = [").expect("members");
    let end = start + WORKSPACE[start..].find("]\n").expect("their end") + 2;
    let pool = format!("stop = 3\nmembers = {members}\n");
    let folder = workspace(&format!("{}{pool}{}", &WORKSPACE[..start], &WORKSPACE[end..]));
    let status = |at: &str, status: &str| format!(r#"{{"at":"{at}","kind":"rep","rep":"bo","status":"{status}"}}"#);
    let away = std::iter::once(status("2026-03-02T09:00:00Z", "away"));
    let back = std::iter::once(status("2026-03-02T09:00:30Z", "back"));
    events(&folder, away.chain((0..6).map(|n| lead(n, ""))).chain(back).chain([lead(60, "")]));
    let decisions = simulate(&folder).lines();
    assert_eq!(reps(&decisions), ["ana", "ana", "ana", "ana", "nobody", "nobody", "bo"]);
    assert_eq!((&decisions[5]["outcome"], &decisions[5]["queue"]), (&"pass".into(), &"triage".into()));
}

#[test]
fn flows_with_rotations_of_their_own_do_not_see_each_other() {
    let flow = |id: &str| {
        format!(
            "[[flows]]\nid = \"{id}\"\nplugin = \"next-in-line\"\nsettings = {{ pool = \"all\" }}\n\
             fallback = {{ queue = \"triage\" }}\nenrol = {{ where = {{ property = \"flow\", is = \"{id}\" }} }}\n"
        )
    };
    let text = WORKSPACE.replace("id = \"all\"\n", "id = \"all\"\nscope = \"flow\"\n");
    let flows = text.find("[[flows]]").expect("flows");
    let folder = workspace(&format!("{}{}{}", &text[..flows], flow("one"), flow("two")));
    let to = |n: usize, flow: &str| lead(n, &format!(r#","properties":{{"flow":"{flow}"}}"#));
    events(&folder, [to(0, "one"), to(1, "two"), to(2, "one"), to(3, "one"), to(4, "two")]);
    assert_eq!(reps(&simulate(&folder).lines()), ["ana", "ana", "bo", "cy", "bo"]);
}

#[test]
fn a_record_with_an_active_owner_is_kept() {
    let folder = workspace(WORKSPACE);
    events(&folder, [lead(0, r#","owner":"bo""#), lead(1, "")]);
    let decisions = simulate(&folder).lines();
    assert_eq!(decisions[0]["outcome"], "kept");
    assert_eq!(reps(&decisions), ["bo", "ana"]);
}

#[test]
fn a_rule_that_cannot_use_its_settings_leaves_the_lead_to_the_fallback() {
    let folder = workspace(&WORKSPACE.replace(r#"{ pool = "all" }"#, r#"{ pool = "nowhere" }"#));
    events(&folder, [lead(0, "")]);
    let decision = simulate(&folder).lines().remove(0);
    assert_eq!(decision["error"], "settings");
    assert_eq!(decision["fallback"], true);
    assert_eq!(decision["outcome"], "queue");
    assert_eq!(decision["queue"], "triage");
    assert!(decision["error_detail"].as_str().is_some_and(|detail| detail.contains("nowhere")), "{decision}");
}

#[test]
fn a_metric_is_heeded_from_its_event_on() {
    let members = r#"members = [{ rep = "ana" }, { rep = "bo" }]"#;
    let start = WORKSPACE.find("members = [").expect("members");
    let end = start + WORKSPACE[start..].find("]\n").expect("their end") + 1;
    let weights = r#"weights = { metric = "won", days = 30, floor = 0 }"#;
    let table = "[[tables]]\nid = \"won\"\nfile = \"won.csv\"\nmatch = \"dated\"\n";
    let folder = workspace(&format!("{}{members}\n{weights}\n{table}{}", &WORKSPACE[..start], &WORKSPACE[end..]));
    fs::write(folder.path().join("won.csv"), "key,at,value\nana,2026-03-01,100\n").expect("won.csv");
    let metric = r#"{"at":"2026-03-02T09:00:30Z","kind":"metric","name":"won","values":{"bo":300.5}}"#.to_owned();
    events(&folder, (0..4).map(|n| lead(n, "")).chain([metric]).chain((60..68).map(|n| lead(n, ""))));
    let ran = simulate(&folder);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let decisions = ran.lines();
    assert_eq!(reps(&decisions[..4]), ["ana"; 4], "bo has won nothing");
    let later = reps(&decisions[4..]).iter().filter(|rep| **rep == "bo").count();
    assert_eq!(later, 6, "three of four: {:?}", reps(&decisions[4..]));
}

#[test]
fn a_record_that_somebody_gave_to_a_rep_by_hand_is_theirs_when_it_is_seen_again() {
    let folder = workspace(&WORKSPACE.replace("id = \"cy\"\n", "id = \"cy\"\ncapacity = 1\n"));
    let owner = |id: usize, rep: &str| {
        format!(r#"{{"at":"2026-03-02T09:00:30Z","kind":"owner","lead":"hs:contact:{id}","rep":"{rep}","by":"crm"}}"#)
    };
    events(&folder, (0..3).map(|n| lead(n, "")).chain([owner(2, "manager"), owner(9, "bo")]).chain([lead(62, "")]));
    let decisions = simulate(&folder).lines();
    assert_eq!(reps(&decisions), ["ana", "bo", "cy", "manager"], "by itself it leads to no decision");
    let again = lead(2, "").replace("09:00:02", "09:20:00");
    let new = lead(9, "").replace("09:00:09", "09:20:01");
    let next = (3..9).map(|n| lead(n, "").replace("09:00:", "09:21:"));
    let before = (0..3).map(|n| lead(n, "")).chain([owner(2, "manager"), owner(9, "bo")]);
    events(&folder, before.chain([again, new]).chain(next));
    let decisions = simulate(&folder).lines();
    assert_eq!(reps(&decisions)[3..5], ["manager", "bo"]);
    assert!(reps(&decisions)[5..].contains(&"cy"), "who has a place again: {:?}", reps(&decisions));
    assert_eq!([&decisions[3]["outcome"], &decisions[4]["outcome"]], ["kept", "kept"]);
}

#[test]
fn what_people_give_by_hand_counts_where_the_pool_says_so_and_once() {
    let order = |manual: &str| {
        let start = WORKSPACE.find("members = [").expect("members");
        let end = start + WORKSPACE[start..].find("]\n").expect("their end") + 2;
        let members = r#"members = [{ rep = "ana" }, { rep = "bo" }, { rep = "cy" }]"#;
        let pool = format!("policy = \"least-recent\"\n{manual}\n{members}\n");
        let text = format!("{}{pool}{}coalesce = \"0\"\n", &WORKSPACE[..start], &WORKSPACE[end..]);
        let folder = workspace(&text);
        // Of contact 50, bo is the owner from the start; it is seen twice.
        let owned = |n: usize| lead(n, r#","owner":"bo""#).replace(&format!("contact:{n}\""), "contact:50\"");
        events(&folder, (0..3).map(|n| lead(n, "")).chain([owned(3), lead(4, ""), owned(5), lead(6, ""), lead(7, "")]));
        let decisions = simulate(&folder).lines();
        assert_eq!([&decisions[3]["outcome"], &decisions[5]["outcome"]], ["kept", "kept"]);
        [0, 1, 2, 4, 6, 7].map(|n| reps(&decisions)[n].to_owned()).join(" ")
    };
    assert_eq!(order(""), "ana bo cy ana bo cy");
    assert_eq!(order("manual = \"ignore\""), "ana bo cy ana bo cy");
    assert_eq!(order("manual = \"count\""), "ana bo cy ana cy bo", "bo was served after cy, once");
}

#[test]
fn a_member_who_joins_gets_no_burst() {
    let folder = workspace(&WORKSPACE.replace("  { rep = \"cy\", weight = 30 },\n", ""));
    let joins = r#"{"at":"2026-03-02T09:00:45Z","kind":"member","pool":"all","rep":"cy","weight":30}"#.to_owned();
    events(&folder, (0..40).map(|n| lead(n, "")).chain([joins]).chain((60..80).map(|n| lead(n, ""))));
    let decisions = simulate(&folder).lines();
    let cy = reps(&decisions[40..]).iter().filter(|rep| **rep == "cy").count();
    assert!((5..=7).contains(&cy), "cy got {cy} of 20: the share is 6");
}

#[test]
fn a_wrong_key_is_refused_with_file_line_and_the_nearest_key() {
    let folder = workspace(&WORKSPACE.replace("fallback =", "falback ="));
    events(&folder, [lead(0, "")]);
    let ran = simulate(&folder);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("workspace.toml:32: unknown key `falback`"), "{}", ran.err);
    assert!(ran.err.contains("`fallback`"), "{}", ran.err);
    assert_eq!(ran.out, "");
}
