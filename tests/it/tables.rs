//! Look-up tables: three ways to match, and every way in which a file can be wrong.

use std::fs;

use proptest::prelude::*;
use rota_domain::id::Digest;
use rota_domain::table::{BadRows, KEY_MAX, ROWS_MAX, Table, VALUE_MAX};
use rota_domain::workspace::Match;
use tempfile::TempDir;

use crate::command::rota;
use crate::tenant::{Tenant, bound};
use rota_tests::guest::Guest;

#[track_caller]
fn table(matching: Match, csv: &str) -> Table {
    Table::read(matching, csv.as_bytes()).unwrap_or_else(|bad| panic!("{bad}"))
}

#[track_caller]
fn looked_up(table: &Table, expected: &[(&str, Option<&str>)]) {
    for (key, value) in expected {
        assert_eq!(table.look_up(key), *value, "{key}");
    }
}

#[track_caller]
fn bad(matching: Match, csv: impl AsRef<[u8]>) -> BadRows {
    Table::read(matching, csv.as_ref()).expect_err("this should be refused")
}

#[test]
fn a_key_is_found_as_a_whole_without_regard_to_case_and_outer_space() {
    let table = table(Match::Exact, "key,value\nBig.example,ana\n K1A 0B1 ,bo\nSTRASSE,cy\nÄrzte,di\n");
    looked_up(
        &table,
        &[
            ("big.EXAMPLE", Some("ana")),
            ("\tbig.example ", Some("ana")),
            ("k1a 0b1", Some("bo")),
            ("K1A0B1", None),
            ("big", None),
            ("big.example.org", None),
            ("ärzte", Some("di")),
            ("", None),
            (" ", None),
        ],
    );
}

#[test]
fn the_longest_prefix_wins() {
    let table =
        table(Match::Prefix, "key,value\n1,one\n10,ten\n1011,city\n10119,street\n2,two\nsw,south\nsw1a,palace\n");
    looked_up(
        &table,
        &[
            ("10", Some("ten")),
            ("1012", Some("ten")),
            ("10115", Some("city")),
            ("10119", Some("street")),
            ("101199", Some("street")),
            ("1", Some("one")),
            ("19", Some("one")),
            ("3", None),
            ("SW1A 1AA", Some("palace")),
            ("SW19", Some("south")),
            ("s", None),
        ],
    );
}

#[test]
fn ranges_of_digits_hold_keys_as_numbers_do_and_keep_lengths_apart() {
    let table = table(Match::Range, "from,to,value\n1000,1999,north\n01000,01999,abroad\n1,49,small\n50,249,middle\n");
    looked_up(
        &table,
        &[
            ("1000", Some("north")),
            ("1999", Some("north")),
            ("2000", None),
            ("01500", Some("abroad")),
            ("0999", None),
            ("9", Some("small")),
            ("10", Some("small")),
            ("50", Some("middle")),
            ("100", Some("middle")),
            ("250", None),
            ("0", None),
            ("1500-1234", None),
        ],
    );
}

#[test]
fn ranges_of_letters_hold_what_begins_with_their_upper_end() {
    let table = table(Match::Range, "from,to,value\nK1A,K9Z,east\nA,F,first\nG,J,second\nm,m,third\n");
    looked_up(
        &table,
        &[
            ("K1A 0B1", Some("east")),
            ("k9z 1b3", Some("east")),
            ("K0Z", None),
            ("L1A", None),
            ("Adams", Some("first")),
            ("Fuller", Some("first")),
            ("gates", Some("second")),
            ("Miller", Some("third")),
            ("Nash", None),
            ("7", None),
        ],
    );
}

#[test]
fn a_file_is_read_whatever_wrote_it() {
    for csv in [
        "key,value\na,1\nb,\"2, or so\"\n",
        "\u{feff}Key, Value\r\na,1\r\n\r\n\"b\",\"2, or so\"\r\n",
        "key,value\ra,1\rb,\"2, or so\"",
        "\n\nkey,value\n\na,1\n\n\nb,\"2, or so\"\n\n",
    ] {
        looked_up(&table(Match::Exact, csv), &[("a", Some("1")), ("b", Some("2, or so")), ("c", None)]);
    }
}

#[test]
fn a_table_may_be_empty_and_a_value_may_be() {
    assert!(table(Match::Range, "from,to,value\n").is_empty());
    looked_up(&table(Match::Exact, "key,value\na,\n"), &[("a", Some(""))]);
}

#[test]
fn all_bad_rows_are_told_each_by_its_line() {
    let long = "x".repeat(KEY_MAX + 1);
    let wide = "y".repeat(VALUE_MAX + 1);
    let csv = format!(
        "key,value\r\na,1\r\n\r\nb\r\nc,1,2\r\n,1\r\n{long},1\r\nd,{wide}\r\nA,2\r\ne,1\r\na ,3\r\nf,\"1\r\n2\"\r\ng,\u{1b}[31m\r\n"
    );
    insta::assert_snapshot!(bad(Match::Exact, csv), @r"
    line 4: this row has 1 field in place of 2; put a field that holds commas in quotes
    line 5: this row has 3 fields in place of 2; put a field that holds commas in quotes
    line 6: `key` is empty; write one, or take the row out
    line 7: `key` has 257 bytes; 256 are the most
    line 8: `value` has 1025 bytes; 1024 are the most
    line 9: the key `a` stands in line 2 already; keep one
    line 11: the key `a` stands in line 2 already; keep one
    line 12: a field goes over the end of the line or holds a control character; is a quote not closed?
    line 14: a field goes over the end of the line or holds a control character; is a quote not closed?
    ");
}

#[test]
fn ranges_that_cannot_be_meant_are_told_with_both_lines() {
    let csv = "from,to,value\n1000,1999,a\n3000,2000,b\n1500,1600,c\n1999,2500,d\n1,K,e\nA,F,f\nFuller,Fz,g\n,9,h\n9,,i\n4,4,j\n4,4,k\n";
    insta::assert_snapshot!(bad(Match::Range, csv), @r"
    line 3: the range `3000` to `2000` ends before it begins; swap its ends
    line 4: the range `1500` to `1600` overlaps `1000` to `1999` in line 2; keep them apart
    line 5: the range `1999` to `2500` overlaps `1000` to `1999` in line 2; keep them apart
    line 6: one end of `1` to `k` is a number and the other is not; write both alike
    line 8: the range `fuller` to `fz` overlaps `a` to `f` in line 7; keep them apart
    line 9: `from` is empty; write one, or take the row out
    line 10: `to` is empty; write one, or take the row out
    line 12: the range `4` to `4` overlaps `4` to `4` in line 11; keep them apart
    ");
}

#[test]
fn a_first_line_that_is_no_header_is_told_with_the_right_one() {
    let told = |matching, csv: &str| {
        let mut bad = bad(matching, csv);
        assert_eq!((bad.rows.len(), bad.more), (1, 0));
        let row = bad.rows.remove(0);
        format!("{}: {}", row.line, row.what)
    };
    insta::assert_snapshot!(
        [
            told(Match::Exact, ""),
            told(Match::Exact, "1000,north\n"),
            told(Match::Range, "\nkey,value\n"),
            told(Match::Prefix, "from,to,value\n"),
            told(Match::Exact, "key;value\n1;2\n"),
        ]
        .join("\n"),
        @r#"
    1: the file is empty; begin it with the line `key,value`
    1: the first line is `1000,north` and has to be `key,value`; for rows of `from,to,value`, say match = "range" in [[tables]]
    2: the first line is `key,value` and has to be `from,to,value`; for rows of `key,value`, say match = "exact" or "prefix" in [[tables]]
    1: the first line is `from,to,value` and has to be `key,value`; for rows of `from,to,value`, say match = "range" in [[tables]]
    1: the first line is `key;value` and has to be `key,value`; separate fields with commas
    "#
    );
}

#[test]
fn bytes_that_are_no_utf_8_are_told_with_their_line() {
    let bad = bad(Match::Exact, b"key,value\na,1\nb,\xfc\nc,2\n\xff,3\n");
    assert_eq!(bad.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(bad.rows[0].what, "this row is not UTF-8 text; save the file as UTF-8");
}

#[test]
fn a_hundred_bad_rows_are_told_and_the_rest_are_counted() {
    let csv = format!("key,value\n{}x\n", "a,1\n".repeat(150));
    let bad = bad(Match::Exact, csv);
    // Line 2 is good; 3 to 151 repeat it, and 152 has one field.
    assert_eq!((bad.rows.len(), bad.more), (100, 50));
    assert_eq!(bad.rows.iter().map(|row| row.line).collect::<Vec<_>>(), (3..103).collect::<Vec<_>>());
    assert!(bad.to_string().ends_with("\nand 50 more"));
}

#[test]
fn a_table_has_a_million_rows_and_no_more() {
    let rows = |n: usize| (0..n).fold("key,value\n".to_owned(), |csv, n| csv + &n.to_string() + ",v\n");
    assert_eq!(table(Match::Exact, &rows(ROWS_MAX)).len(), ROWS_MAX);
    let bad = bad(Match::Exact, rows(ROWS_MAX + 1));
    assert_eq!(bad.rows[0].line, ROWS_MAX + 2);
    assert_eq!(bad.rows[0].what, "a table has at most 1000000 rows; divide it in two");
}

/// A workspace whose one flow queues under what the table `na` says of `one`.
fn workspace(csv: &str) -> TempDir {
    let guest = Guest::new(
        "(func $decide (result i32)
          (call $tables.open (i32.const 1024) (i32.const 2) (global.get $back))
          (call $tables.look-up (i32.const 0) (i32.const 1028) (i32.const 3) (global.get $back))
          (call $queue (i32.load offset=4 (global.get $back)) (i32.load offset=8 (global.get $back))))",
    );
    let folder = crate::tenant::workspace("[[tables]]\nid = \"na\"\nfile = \"na.csv\"\n", &[guest]);
    fs::write(folder.path().join("na.csv"), csv).expect("na.csv");
    folder
}

#[tokio::test]
async fn another_file_is_another_revision_and_both_are_kept() {
    let [first, second] = ["key,value\none,north\n", "key,value\none,south\n"];
    let folder = workspace(first);
    let mut tenant = Tenant::open(folder.path()).await;
    tenant.decides(1).await;
    // The same file again is the same revision.
    let mut tenant = Tenant::open(folder.path()).await;
    tenant.decides(2).await;
    fs::write(folder.path().join("na.csv"), second).expect("na.csv");
    let mut tenant = Tenant::open(folder.path()).await;
    tenant.decides(3).await;
    let log = tenant.store.log(&Tenant::id(), 0, 10).await.expect("the log");
    let queued: Vec<_> = log
        .iter()
        .map(|stored| (stored.decision.queue.as_deref().unwrap_or_default(), stored.decision.revision))
        .collect();
    assert_eq!(queued, [("north", 1), ("north", 1), ("south", 4)]);
    for csv in [first, second] {
        let kept = tenant.store.kept(&Tenant::id(), &Digest::of(csv.as_bytes())).await.expect("the store works");
        assert_eq!(kept.as_deref(), Some(csv.as_bytes()));
    }
}

#[test]
fn what_a_workspace_says_of_the_digest_is_replaced() {
    let folder = workspace("key,value\n");
    let path = folder.path().join("workspace.toml");
    let text = fs::read_to_string(&path).expect("workspace.toml");
    fs::write(&path, text.replace("na.csv\"\n", "na.csv\"\ndigest = \"sha256:00\"\n")).expect("workspace.toml");
    assert_eq!(bound(folder.path()).0.workspace.tables[0].digest, Some(Digest::of(b"key,value\n")));
}

#[test]
fn simulate_looks_into_tables_and_refuses_bad_ones() {
    let folder = workspace("key,value\none,north\n");
    let lead = r#"{"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{"id":"1"}}"#;
    fs::write(folder.path().join("leads.jsonl"), lead).expect("leads.jsonl");
    let simulate = || rota(folder.path(), &["simulate", "--leads", "leads.jsonl", "--json"]);
    assert_eq!(simulate().json()["queue"], "north");
    fs::write(folder.path().join("na.csv"), "key,value\none\n\ntwo,2,2\n").expect("na.csv");
    let refused = simulate();
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    insta::assert_snapshot!(refused.err, @r"
    error: na.csv:2: this row has 1 field in place of 2; put a field that holds commas in quotes
    na.csv:4: this row has 3 fields in place of 2; put a field that holds commas in quotes
    ");
}

/// Keys over a small alphabet, so that they often meet; some begin alike, some are long.
fn key() -> impl Strategy<Value = String> {
    "[0-2aB]{1,4}|abcdefgh[0-2]{1,2}|1{29,32}[0-2]"
}

proptest! {
    #[test]
    fn the_longest_prefix_is_the_one_that_trying_all_keys_finds(
        keys in proptest::collection::btree_set("[01a]{1,5}|aaaaaaaa[01]{1,3}", 0..20), asked in "[01A]{0,7}|aaaaaaaA[01]{0,5}",
    ) {
        let csv = keys.iter().fold("key,value\n".to_owned(), |csv, key| csv + key + "," + key + "\n");
        let lower = asked.to_lowercase();
        let longest = keys.iter().filter(|key| lower.starts_with(key.as_str())).max_by_key(|key| key.len());
        let table = table(Match::Prefix, &csv);
        prop_assert_eq!(table.look_up(&asked), longest.map(String::as_str));
    }

    #[test]
    fn ranges_that_are_taken_hold_each_key_at_most_once(
        ends in proptest::collection::vec((key(), key()), 1..6), asked in key(),
    ) {
        let csv = ends.iter().enumerate().fold("from,to,value\n".to_owned(), |csv, (n, (from, to))| {
            format!("{csv}{from},{to},{n}\n")
        });
        let alone = |n: usize| {
            let (from, to) = &ends[n];
            Table::read(Match::Range, format!("from,to,value\n{from},{to},{n}\n").as_bytes()).ok()
        };
        let holding: Vec<String> = (0..ends.len())
            .filter(|n| alone(*n).is_some_and(|table| table.look_up(&asked).is_some()))
            .map(|n| n.to_string())
            .collect();
        if let Ok(table) = Table::read(Match::Range, csv.as_bytes()) {
            prop_assert!(holding.len() <= 1, "{:?} hold {}", holding, asked);
            prop_assert_eq!(table.look_up(&asked), holding.first().map(String::as_str));
        }
    }

    #[test]
    fn no_bytes_make_reading_fail_otherwise_than_by_rows(csv in proptest::collection::vec(any::<u8>(), 0..200)) {
        for matching in [Match::Exact, Match::Range, Match::Prefix] {
            let csv = [b"key,value\n".as_slice(), &csv].concat();
            if let Err(bad) = Table::read(matching, &csv) {
                prop_assert!(!bad.rows.is_empty());
            }
        }
    }
}
