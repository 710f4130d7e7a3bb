//! Some seconds of random strangers; `cargo bench --bench fuzz -- --minutes 30` is the same
//! for as long as one likes.

use proptest::prelude::*;
use rota_tests::calm::Neighbour;
use rota_tests::fuzz::attempt;

use super::guest::CATALOGUE;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_stranger_makes_the_host_fail_or_answer_twice_differently(seed in any::<u64>()) {
        let came = attempt(&CATALOGUE, seed);
        prop_assert!(came.is_ok(), "seed {seed}: {came:?}");
    }
}

#[test]
fn the_neighbour_answers_the_same_after_all_strangers() {
    let neighbour = Neighbour::on(&CATALOGUE);
    for seed in 0..50 {
        attempt(&CATALOGUE, seed).unwrap_or_else(|finding| panic!("seed {seed}: {finding}"));
        neighbour.decide(&CATALOGUE);
    }
}
