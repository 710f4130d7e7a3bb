//! What the processes of one database tell each other, and the claims of those that died.

use rota_flow::ports::{LaneState, Settle, Whose};

use super::Place;
use super::values::{acme, at, begin, claim, decided, decided_about, ids, owner, record, settle, states, task};

pub(crate) async fn a_note_takes_the_place_of_the_one_that_its_writer_knew_and_of_no_other(place: impl Place) {
    let (one, other) = (place.host().await, place.host().await);
    assert_ne!(one.host(), other.host());
    assert!(one.swap("a", None, Some("1")).await.unwrap());
    assert!(!other.swap("a", None, Some("2")).await.unwrap(), "somebody was first");
    assert!(!other.swap("a", Some("0"), Some("2")).await.unwrap());
    assert!(other.swap("a", Some("1"), Some("2")).await.unwrap());
    assert!(!one.swap("a", Some("1"), None).await.unwrap());
    assert!(one.swap("b", None, None).await.unwrap());
    let notes = one.notes().await.unwrap();
    assert_eq!(notes.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "2".to_owned())]);
    assert!(one.swap("a", Some("2"), None).await.unwrap());
    assert!(other.notes().await.unwrap().is_empty());
}

pub(crate) async fn claims_of_a_process_that_died_are_free_before_their_lease_runs_out(place: impl Place) {
    let (one, other) = (place.host().await, place.host().await);
    begin(&*one, &acme()).await;
    record(&*one, 0, decided("d1", vec![task("one")])).await;
    let killed = claim(&*one, 0).await;
    record(&*one, 0, decided_about("2", "d2", vec![owner("71")])).await;
    let alive = claim(&*other, 0).await;
    assert_eq!((ids(&killed), ids(&alive)), (vec!["d1/0"], vec!["d2/0"]));

    assert_eq!(other.free(&Whose::Of(one.host().clone()), at(5)).await.unwrap(), 1);
    assert!(claim(&*other, 4).await.is_empty());
    let again = claim(&*other, 5).await;
    assert_eq!((ids(&again), again[0].attempt), (vec!["d1/0"], 2), "it may have come through");
    assert!(!settle(&*one, 6, killed[0].clone(), Settle::Done).await, "it lives after all, and changes nothing");
    assert!(settle(&*other, 6, again[0].clone(), Settle::Done).await);
    assert!(settle(&*other, 6, alive[0].clone(), Settle::Done).await);
    assert_eq!(states(&*one, "d1").await, [LaneState::Done]);
}

pub(crate) async fn claims_of_all_other_processes_are_freed_at_once_and_ones_own_stay(place: impl Place) {
    let (one, other) = (place.host().await, place.host().await);
    begin(&*one, &acme()).await;
    record(&*one, 0, decided("d1", vec![owner("71")])).await;
    assert_eq!(claim(&*one, 0).await.len(), 1);
    record(&*one, 0, decided_about("2", "d2", vec![owner("71")])).await;
    assert_eq!(claim(&*other, 0).await.len(), 1);
    assert_eq!(other.free(&Whose::Others, at(3)).await.unwrap(), 1);
    assert_eq!(other.free(&Whose::Others, at(9)).await.unwrap(), 0, "a claim is not made longer");
    assert_eq!(ids(&claim(&*other, 3).await), ["d1/0"]);
}
