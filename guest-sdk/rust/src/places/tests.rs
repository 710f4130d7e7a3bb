//! Spellings that people use, and the tables themselves.

use super::*;

fn read(raw: &str) -> Place {
    country(Ok(raw.to_owned()))
}

fn known(code: &str) -> Place {
    Place::Known(code.to_owned())
}

#[test]
fn both_tables_are_sorted_without_repeats_and_in_plain_spelling() {
    for table in [COUNTRIES, STATES] {
        let spellings: Vec<&str> = table.lines().map(|line| line.split_once('\t').unwrap().0).collect();
        for pair in spellings.windows(2) {
            assert!(pair[0] < pair[1], "`{}` must come after `{}`", pair[0], pair[1]);
        }
        for spelling in spellings {
            assert_eq!(plain(spelling), spelling);
        }
    }
}

#[test]
fn every_line_of_both_tables_is_found() {
    for table in [COUNTRIES, STATES] {
        for line in table.lines() {
            let (spelling, code) = line.split_once('\t').unwrap();
            assert_eq!(look_up(table, spelling), Some(code), "{spelling}");
            assert_eq!(code.len(), 2, "{spelling}");
        }
    }
}

#[test]
fn people_write_countries_in_many_ways() {
    for spelling in ["US", "usa", "U.S.", "u.s.a.", "United States", " the united  states of America"] {
        assert_eq!(read(spelling), known("US"), "{spelling}");
    }
    for spelling in ["Deutschland", "germany", "DE", "DEU", "Federal Republic of Germany"] {
        assert_eq!(read(spelling), known("DE"), "{spelling}");
    }
    for (spelling, code) in [
        ("Österreich", "AT"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("Côte d'Ivoire", "CI"),
        ("Trinidad & Tobago", "TT"),
        ("Korea, Republic of", "KR"),
        ("The Netherlands", "NL"),
        ("México", "MX"),
        ("日本", "JP"),
    ] {
        assert_eq!(read(spelling), known(code), "{spelling}");
    }
}

#[test]
fn absent_malformed_and_unknown_countries_are_told_apart() {
    assert_eq!(country(Err(Absence::Absent)), Place::Absent);
    assert_eq!(read("94107"), Place::Malformed("94107".to_owned()));
    assert_eq!(read("Atlantis"), Place::Unknown("Atlantis".to_owned()));
}

#[test]
fn states_have_names_and_codes_in_the_united_states_and_canada_alone() {
    let state = |raw: &str, country| state(Ok(raw.to_owned()), Some(country));
    assert_eq!(state("California", "US"), known("CA"));
    assert_eq!(state("ca", "US"), known("CA"));
    assert_eq!(state("Québec", "CA"), known("QC"));
    assert_eq!(state("Ontario", "US"), Place::Unknown("Ontario".to_owned()));
    assert_eq!(state("Bayern", "DE"), known("bayern"));
}

#[test]
fn settings_may_name_states_by_code_or_name() {
    assert!(is_state("CA", "CA", Some("US")));
    assert!(is_state("California", "CA", Some("US")));
    assert!(is_state("Bayern", "bayern", Some("DE")));
    assert!(!is_state("Nevada", "CA", Some("US")));
}
