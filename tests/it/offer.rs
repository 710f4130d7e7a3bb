//! An offer, moment by moment: who is asked, until when, and what comes then.

use jiff::Timestamp;
use rota_domain::agenda::{For, Line, Offer, OfferOrder, Wait};
use rota_domain::decision::Offered;
use rota_domain::id::RepId;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_460_000 + second).expect("a time")
}

fn reps(names: &str) -> Vec<RepId> {
    names.split_whitespace().map(RepId::from).collect()
}

/// An offer of ten seconds for each, of which nobody was asked yet.
fn offer(order: OfferOrder, stagger: u32, rest: &str) -> Offer {
    let otherwise = "triage".to_owned();
    Offer { order, within: 10, stagger, otherwise, asked: Vec::new(), rest: reps(rest), declined: None }
}

fn asked(offer: &Offer) -> String {
    let said = |asked: &Offered| format!("{}:{}", asked.rep, asked.until.as_second() - second(0).as_second());
    offer.asked.iter().map(said).collect::<Vec<_>>().join(" ")
}

/// Who is asked no more and who is from now on, and who is then.
fn go_on(offer: &mut Offer, now: i64, unable: &str) -> (String, String, String) {
    let unable = reps(unable);
    let (over, new) = offer.go_on(second(now), |rep| !unable.contains(rep));
    let names = |reps: Vec<RepId>| reps.iter().map(RepId::as_str).collect::<Vec<_>>().join(" ");
    (names(over), names(new), asked(offer))
}

fn told(over: &str, new: &str, asked: &str) -> (String, String, String) {
    (over.into(), new.into(), asked.into())
}

fn wait(what: For) -> Wait {
    Wait::first(1, "d1".into(), second(0), "inbound".into(), what)
}

fn until(offer: &Offer) -> Option<i64> {
    let until = wait(For::Answer(offer.clone())).until()?;
    Some(until.as_second() - second(0).as_second())
}

#[test]
fn in_turn_the_next_is_asked_when_the_time_of_one_is_over_and_not_before() {
    let mut offer = offer(OfferOrder::InTurn, 0, "a b c");
    assert_eq!(go_on(&mut offer, 0, ""), told("", "a", "a:10"));
    assert_eq!(until(&offer), Some(10));
    assert_eq!(go_on(&mut offer, 9, ""), told("", "", "a:10"));
    assert_eq!(go_on(&mut offer, 10, ""), told("a", "b", "b:20"));
    assert_eq!(go_on(&mut offer, 25, ""), told("b", "c", "c:35"), "from when they are asked");
    assert_eq!(go_on(&mut offer, 35, ""), told("c", "", ""), "nobody is left");
    assert_eq!(until(&offer), None);
}

#[test]
fn who_cannot_take_it_now_is_passed_over() {
    let mut one = offer(OfferOrder::InTurn, 0, "a b c");
    assert_eq!(go_on(&mut one, 0, "a b"), told("", "c", "c:10"));
    assert_eq!(one.rest, []);
    let mut all = offer(OfferOrder::AtOnce, 0, "a b c");
    assert_eq!(go_on(&mut all, 0, "b"), told("", "a c", "a:10 c:10"));
    let mut nobody = offer(OfferOrder::AtOnce, 3, "a b");
    assert_eq!(go_on(&mut nobody, 0, "a b"), told("", "", ""));
}

#[test]
fn at_once_all_are_asked_together_and_their_time_is_over_together() {
    let mut offer = offer(OfferOrder::AtOnce, 0, "a b c");
    assert_eq!(go_on(&mut offer, 0, ""), told("", "a b c", "a:10 b:10 c:10"));
    assert_eq!(until(&offer), Some(10));
    assert_eq!(go_on(&mut offer, 10, ""), told("a b c", "", ""));
}

#[test]
fn staggered_one_more_is_asked_after_each_pause_and_those_before_keep_their_time() {
    let mut offer = offer(OfferOrder::AtOnce, 3, "a b c d e");
    assert_eq!(go_on(&mut offer, 0, ""), told("", "a", "a:10"));
    assert_eq!(until(&offer), Some(3));
    assert_eq!(go_on(&mut offer, 2, ""), told("", "", "a:10"));
    assert_eq!(go_on(&mut offer, 3, ""), told("", "b", "a:10 b:13"));
    assert_eq!(go_on(&mut offer, 9, ""), told("", "c", "a:10 b:13 c:19"), "one, however late");
    assert_eq!(until(&offer), Some(10), "a's time is over before d is asked");
    assert_eq!(go_on(&mut offer, 10, ""), told("a", "", "b:13 c:19"));
    assert_eq!(go_on(&mut offer, 12, ""), told("", "d", "b:13 c:19 d:22"));
    assert_eq!(go_on(&mut offer, 40, ""), told("b c d", "e", "e:50"));
    assert_eq!(until(&offer), Some(50), "nobody is left to be asked besides");
}

#[test]
fn who_declines_is_asked_no_more_and_the_last_to_decline_ends_the_wait() {
    let mut offer = offer(OfferOrder::AtOnce, 0, "a b");
    go_on(&mut offer, 0, "");
    offer.decline(&"a".into(), second(4));
    assert_eq!((asked(&offer).as_str(), offer.declined), ("b:10", None), "b may still accept");
    offer.decline(&"b".into(), second(5));
    assert_eq!((asked(&offer).as_str(), offer.declined, until(&offer)), ("", Some(second(5)), Some(5)));
    offer.rest = reps("c");
    assert_eq!(go_on(&mut offer, 5, ""), told("", "c", "c:15"));
    assert_eq!(offer.declined, None, "it goes on");
}

#[test]
fn only_who_was_asked_can_accept_and_only_before_their_time_is_over() {
    let mut offer = offer(OfferOrder::InTurn, 0, "a b");
    go_on(&mut offer, 0, "");
    let asked = wait(For::Answer(offer));
    assert!(asked.is_open_to(&"a".into(), second(9)));
    assert!(!asked.is_open_to(&"a".into(), second(10)));
    assert!(!asked.is_open_to(&"b".into(), second(9)), "not asked yet");
    let theirs = wait(For::Response { rep: "a".into(), due: Some(second(60)) });
    assert!(!theirs.is_open_to(&"a".into(), second(0)), "it is theirs already");
}

#[test]
fn what_a_rule_is_told_says_why_it_is_asked_again() {
    let trigger = |what: For, now: i64| wait(what).trigger(second(now));
    assert_eq!(trigger(For::Response { rep: "a".into(), due: Some(second(5)) }, 5), "sla-breached");
    let line = Line { pool: "na".into(), among: Vec::new(), kinds: Vec::new() };
    assert_eq!(trigger(For::Turn { line, worth: 0 }, 5), "released");
    assert_eq!(trigger(For::Lead("hs:contact:1".into()), 5), "released");
    let mut offer = offer(OfferOrder::AtOnce, 3, "a b");
    go_on(&mut offer, 0, "");
    let of = |offer: &Offer| For::Answer(offer.clone());
    assert_eq!(trigger(of(&offer), 9), "offer-next");
    assert_eq!(trigger(of(&offer), 10), "offer-expired");
    offer.decline(&"a".into(), second(4));
    assert_eq!(trigger(of(&offer), 4), "offer-declined");
}
