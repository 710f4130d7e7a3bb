//! A lead with which deciding panics goes to the fallback, and holds up nobody.

use std::path::Path;
use std::sync::Arc;

use rota_domain::id::Digest;
use rota_domain::rule::{Answer, ErrorCode, Question};
use rota_flow::orders::Orders;
use rota_flow::ports::{Plugin, Rules, Store as _};
use rota_flow::sequencer::{Desktop, Progress, Sequencer};
use rota_store::SqliteStore;

use crate::orders::{LINES, carry_out, desktop, place, store};
use crate::tenant;

/// Rules as they are, but for one lead.
struct Panics {
    rules: Arc<dyn Rules>,
    at: &'static str,
}

impl Rules for Panics {
    fn ask(&self, question: Question) -> Answer {
        assert!(question.lead.id.as_str() != self.at, "this lead is the test's defect");
        self.rules.ask(question)
    }

    fn plugin(&self, digest: &Digest) -> Option<Plugin> {
        self.rules.plugin(digest)
    }
}

async fn panics_at(at: &'static str, folder: &Path, store: Arc<SqliteStore>) -> Sequencer {
    let desktop = desktop(folder, store);
    let rules = Arc::new(Panics { rules: desktop.rules.clone(), at });
    Sequencer::open(Desktop { rules, ..desktop }).await.expect("the log is open")
}

#[tokio::test]
async fn a_call_with_which_deciding_panics_goes_to_the_fallback_and_the_others_are_decided() {
    let folder = tenant::workspace(LINES, &[]);
    let (orders, queue) = Orders::new();
    let sequencer = panics_at("web:3", folder.path(), store(folder.path()).await).await;
    let asked = place(&orders, 10, false).await;
    carry_out(sequencer, queue).await;
    for (n, answer) in asked.join_all().await {
        let decision = answer.expect("an answer").decision;
        let told = (decision.outcome.as_str(), decision.error, decision.queue.as_deref());
        let wanted = if n == 3 { ("queue", Some(ErrorCode::Defect), Some("triage")) } else { ("assign", None, None) };
        assert_eq!(told, wanted, "of web:{n}");
    }
    let log = store(folder.path()).await.log(&"acme".into(), 0, 99).await.expect("the log");
    assert_eq!(log.len(), 10, "each is in the log, once");
    let turns = log.iter().filter_map(|stored| stored.decision.rep.as_ref()).map(|rep| rep.as_str());
    assert_eq!(turns.collect::<Vec<_>>(), ["ana", "bo", "ana", "bo", "ana", "bo", "ana", "bo", "ana"]);
}

#[tokio::test]
async fn an_arrival_with_which_deciding_panics_leaves_the_inbox_with_the_others() {
    let folder = tenant::workspace(LINES, &[]);
    let store = store(folder.path()).await;
    let mut sequencer = panics_at("1", folder.path(), store.clone()).await;
    for n in 0..3 {
        tenant::arrives(&*store, n).await;
    }
    while sequencer.turn().await.expect("the store works") == Progress::More {}
    assert_eq!(store.backlog(&"acme".into()).await.expect("a backlog").0, 0);
    let log = store.log(&"acme".into(), 0, 9).await.expect("the log");
    let errors: Vec<_> = log.iter().map(|stored| stored.decision.error).collect();
    assert_eq!(errors, [None, Some(ErrorCode::Defect), None]);
    let detail = log[1].decision.error_detail.as_deref().expect("it says why");
    assert!(detail.contains("no fault of the rule"), "{detail}");
}
