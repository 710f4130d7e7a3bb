//! What a rep reads who is asked to take a lead.

use rota::claims::Claim;
use rota::show::claim;

use super::fixtures::{ID, recalled};

fn asked(rep: &str) -> Claim {
    let until = "2026-03-02T14:17:07.250Z".parse().expect("a time");
    Claim { tenant: "acme".into(), lead: "hs:contact:101".into(), decision: ID.into(), rep: rep.into(), until }
}

#[test]
fn a_rep_reads_whom_a_lead_is_about_and_until_when_by_their_own_clock() {
    let mut recalled = recalled();
    recalled.workspace.reps[0].time_zone = Some("Asia/Tokyo".into());
    let told = [
        "Ana Ruiz, do you take the lead hs:contact:101?",
        "Joe Miller · Big Corp · US · inbound:demo-request",
        "You can until Monday, 2026-03-02 23:17:07 in Asia/Tokyo.",
    ];
    assert_eq!(claim(&asked("ana"), Some(&recalled)), told);
    assert_eq!(claim(&asked("bo"), Some(&recalled))[2], "You can until Monday, 2026-03-02 14:17:07 in UTC.");
}

#[test]
fn of_a_person_who_was_erased_a_rep_reads_nothing() {
    let mut recalled = recalled();
    recalled.private = None;
    let told = claim(&asked("ana"), Some(&recalled));
    assert_eq!((told.len(), told.concat().contains("Miller")), (2, false), "{told:?}");
    assert_eq!(claim(&asked("ana"), None)[0], "ana, do you take the lead hs:contact:101?");
}
