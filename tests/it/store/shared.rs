//! Large texts that decisions share: nobody outside the store sees that they do.

use proptest::prelude::*;
use rota_domain::fairness::{Candidate, Policy, Rotation, Turn};
use rota_domain::id::{PoolId, RepId};
use rota_domain::transcript::shared::{LARGE, restore, share};

use super::Place;
use super::values::{acme, begin, decided, recall, record};

pub(crate) async fn a_decision_with_large_answers_and_many_candidates_comes_back_whole(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let reps: Vec<RepId> = (0..300).map(|n| RepId::from(format!("rep-{n}"))).collect();
    for (n, candidates) in [300, 5, 300, 299].into_iter().enumerate() {
        let candidates: Vec<Candidate> =
            reps[..candidates].iter().map(|rep| Candidate { rep: rep.clone(), weight: 3 }).collect();
        let members = serde_json::to_string(&vec![n % 2; candidates.len()]).unwrap();
        let mut recorded = decided(&format!("d{n}"), vec![]);
        recorded.private.transcript = format!(
            "[\"plugin\",[\"p\"],\"sha256:0\"]\n@\n[\"rep-pool.members\",[0],{members}]\n[\"lead.text\",[\"é\"],null"
        );
        let turn = Turn::new(PoolId::from("na"), candidates, reps[n].clone(), Policy::Quota);
        recorded.turn = Some((turn.clone(), Rotation::default()));
        let private = recorded.private.clone();
        record(&*store, 1, recorded).await;

        let recalled = recall(&*store, &format!("d{n}")).await;
        assert_eq!(recalled.private, Some(private));
        assert_eq!(recalled.stored.turn, Some(turn));
    }
    let log = store.log(&acme(), 0, 9).await.unwrap();
    let candidates = log.iter().map(|stored| stored.turn.as_ref().unwrap().candidates.len());
    assert_eq!(candidates.collect::<Vec<_>>(), [300, 5, 300, 299]);
}

/// A line that could be one of a transcript, whole or cut, or marked already, or anything.
fn line() -> impl Strategy<Value = String> {
    let call = (
        prop::sample::select(vec!["rep-pool.members", "tables.look-up", "rep-pool.", "lead.text", "plugin"]),
        prop::sample::select(vec!["[0]", "[]", "0", "[0,\"é,]\"]", "[0,[1,2]", ""]),
        prop::sample::select(vec!["1,", "\"a\",", "é", " ", "{}", "\\\"", "[", "9"]),
        (0..3 * LARGE, prop::sample::select(vec!["[", "\"", "", " [", "{"])),
        prop::sample::select(vec!["]", "1]]", "\"]", "],4]", "0],\"x\",null]", "0]]\r", ""]),
        0..3_usize,
    );
    prop_oneof![
        5 => call.prop_map(|(function, arguments, unit, (times, open), end, marks)| {
            let marks = "@".repeat(marks);
            format!("{marks}[\"{function}\",{arguments},{open}{}{end}", unit.repeat(times / unit.len()))
        }),
        1 => "@{0,3}.{0,40}",
        1 => Just(String::new()),
        1 => prop::collection::vec(any::<u32>(), 0..80)
            .prop_map(|answer| format!("[\"rep-pool.members\",[0],{answer:?}]")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shared_transcript_is_restored_byte_for_byte_whatever_it_was(
        lines in prop::collection::vec(line(), 0..6),
        end in prop::sample::select(vec!["", "\n", "\n\n"]),
    ) {
        let transcript = lines.join("\n") + end;
        let (shared, answers) = share(&transcript);
        for answer in answers.values() {
            prop_assert!(answer.len() >= LARGE);
        }
        let whole = restore(&shared, |digest| answers.get(digest).map(String::as_str));
        prop_assert_eq!(whole, Ok(transcript));
        // What is shared is text like any other.
        let (twice, more) = share(&shared);
        prop_assert_eq!(restore(&twice, |digest| more.get(digest).map(String::as_str)), Ok(shared));
    }
}
