//! What `rota why` says of by when a lead is to be answered.

use rota::show::{Palette, Why};

use super::fixtures::recalled;

#[test]
fn why_tells_how_much_working_time_there_is_for_an_answer_and_who_said_so() {
    let mut recalled = recalled();
    let mut line = |target: &str, due: &str| {
        let text = r#"
            workspace = "acme"
            reps = [{ id = "ana" }]
            [[pools]]
            id = "na"
            calendar = "us-office"
            [[calendars]]
            id = "us-office"
            time_zone = "America/New_York"
            hours = { mon = ["09:00-10:00"], tue = ["09:00-12:00"] }
        "#;
        recalled.workspace = toml::from_str(&format!("{text}{target}")).unwrap();
        recalled.stored.decision.response_due = Some(due.parse().unwrap());
        let text = Why::text(&recalled, Palette::PLAIN);
        text.lines().find(|line| line.contains("answer due")).unwrap().trim().to_owned()
    };
    let target = "[[targets]]\nclass = \"*\"\nwithin = \"2h\"";
    assert_eq!(
        line(target, "2026-03-03T15:02:07.250Z"),
        "answer due 2026-03-03 15:02:07, target 2h: 2 h 0 min open in us-office"
    );
    assert_eq!(
        line(target, "2026-03-02T16:02:07.250Z"),
        "answer due 2026-03-02 16:02:07 by the rule: 57 min 52 s open in us-office"
    );
    assert_eq!(
        line("", "2026-03-02T14:32:07.250Z"),
        "answer due 2026-03-02 14:32:07 by the rule: 30 min 0 s open in us-office"
    );
}
