//! The end of a run: everything is well again, what waits comes to its end, and the verdict is
//! given.

use jiff::{SignedDuration, Timestamp};
use rota::clock::SystemClock;
use rota_flow::ports::Clock as _;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::Instant;

use super::proxy::Mood;
use super::verdict::Evidence;
use super::world::{OLD_LEADS, TENANT};
use super::{Report, Run, pause};

/// How long is waited from one look to the next, in milliseconds.
const LOOK_MS: u64 = 400;
/// What waits for longer than this, a person tries at once: after five failures it is half an hour.
const LONG: SignedDuration = SignedDuration::from_secs(60);
/// How long the same must be seen until it is taken for the end, in looks.
const SAME: usize = 3;

impl Run {
    /// Lets everything come to its end, and says what is wrong.
    pub(super) async fn end(&mut self) -> Result<Report, String> {
        let killing = self.began.elapsed();
        // What is to last longer than a lease does so.
        if let Some(last) = self.later.iter().map(|(at, _)| *at).max() {
            tokio::time::sleep_until(last).await;
            self.set_right(last);
        }
        let began = Instant::now();
        self.crm.be(Mood::Well);
        self.faults(&json!([])).await?;
        self.clock(0).await?;
        for host in 0..self.wanted.hosts {
            self.ready(host).await?;
        }
        self.let_in().await?;
        let mut wrongs = Vec::new();
        let unanswered = self.crowd.answered(self.wanted.patience).await;
        if unanswered > 0 {
            wrongs.push(format!("{unanswered} calls are not answered although everything is well"));
        }
        if let Err(waits) = self.quiet().await {
            wrongs.push(waits);
        }
        let (log, state) = (self.lines(&["log", "--json"]).await?, self.crowd.state().await?);
        let lag = self.judged(&log, &state, &mut wrongs);
        let identical = self.proofs(log.len(), &mut wrongs).await?;
        let figures = self.figures(&log, &state, identical);
        Ok(Report { wrongs, figures, lag, took: (killing, began.elapsed()), ..Report::default() })
    }

    /// What the log and the CRM's double say against what is true; gives the worst lag.
    fn judged(&self, log: &[Value], state: &Value, wrongs: &mut Vec<String>) -> f64 {
        let (truth, older) = (self.crowd.truth(), self.wanted.database.is_none());
        let evidence = Evidence { truth: &truth, log, state, older };
        wrongs.extend(evidence.wrongs());
        evidence.worst_lag()
    }

    /// What was done, counted.
    fn figures(&self, log: &[Value], state: &Value, identical: usize) -> Vec<(&'static str, usize)> {
        let (truth, done) = (self.crowd.truth(), &self.counts);
        let taken = truth.contacts.iter().filter(|contact| contact.taken.is_some()).count();
        let stayed = truth.contacts.iter().filter(|contact| contact.stays).count();
        let repeats: usize = truth.calls.iter().map(|called| called.answers.saturating_sub(1)).sum();
        let outcome = |name: &str| log.iter().filter(|decision| decision["outcome"] == name).count();
        vec![
            ("hosts", self.wanted.hosts),
            ("kills", self.hosts.kills),
            ("of them before listening", self.hosts.young),
            ("of them with the CRM's answer to a read held back", done.waiting.0),
            ("of them with the CRM's answer to a write held back", done.waiting.1),
            ("times a host stood still", done.still.0),
            ("of them beyond any lease", done.still.1),
            ("times a way to the database was cut or stalled", done.bases.0),
            ("of them beyond any lease", done.bases.1),
            ("times the disk was full", done.full),
            ("starts refused, for want of disk or database", self.hosts.refused),
            ("times the way to the CRM was cut or stalled", done.crm.0),
            ("times the CRM's faults were changed", done.crm.1),
            ("times the CRM's clock was set", done.clock),
            ("webhook requests that failed", number(&state["webhooks"]["failed_attempts"])),
            ("contacts", truth.contacts.len()),
            ("times a contact was moved on", truth.contacts.iter().map(|contact| contact.edits).sum()),
            ("contacts taken by a person", taken),
            ("of them for long", stayed),
            ("calls", truth.calls.len()),
            ("repeated calls", repeats),
            ("of them answered by another host", truth.calls.iter().map(|called| called.elsewhere).sum()),
            ("conflicts of hosts that decided at once", self.hosts.said("Another process was first")),
            ("decisions", log.len()),
            ("of them assigned", outcome("assign")),
            ("of them kept", outcome("kept")),
            ("of them coalesced", outcome("coalesced")),
            ("tasks in the CRM", state["tasks"].as_array().map_or(0, Vec::len)),
            ("decisions replayed, identical", identical),
        ]
    }

    /// Waits until all is decided and delivered.
    async fn quiet(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + self.wanted.patience;
        let mut same = 0;
        loop {
            let (webhooks, expected) = (self.crowd.state().await?["webhooks"].clone(), self.expected());
            if number(&webhooks["given_up"]) > 0 {
                return Err(format!("the double gave webhooks up: {webhooks}; the run proves nothing of them"));
            }
            let outbox = self.lines(&["outbox", "list", "--json"]).await?;
            let decided = self.lines(&["log", "--json"]).await?.len();
            let done = number(&webhooks["pending"]) == 0 && outbox.is_empty() && decided >= expected;
            same = if done { same + 1 } else { 0 };
            if same == SAME {
                return Ok(());
            }
            if Instant::now() > deadline {
                let first: Vec<String> = outbox.iter().take(5).map(Value::to_string).collect();
                return Err(format!(
                    "after {} s of calm, {decided} of {expected} are decided, webhooks are {webhooks}, {} effects wait: {}",
                    self.wanted.patience.as_secs(),
                    outbox.len(),
                    first.join(" ")
                ));
            }
            for host in 0..self.wanted.hosts {
                self.hosts.tend(host).await?;
            }
            self.hurry(&outbox).await?;
            pause(LOOK_MS).await;
        }
    }

    /// Tries some effects at once whose next attempt is long away.
    async fn hurry(&self, outbox: &[Value]) -> Result<(), String> {
        let soon = SystemClock.now() + LONG;
        let late = |effect: &&Value| {
            let at = effect["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
            effect["state"] == "waiting" && at.is_some_and(|at| at > soon)
        };
        for effect in outbox.iter().filter(late).take(20) {
            let id = effect["effect"].as_str().unwrap_or_default();
            // It may be under way by now, which is as good.
            self.place.run(&["outbox", "retry", id]).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// How many decisions there are in the end.
    fn expected(&self) -> usize {
        let truth = self.crowd.truth();
        let older = if self.wanted.database.is_none() { OLD_LEADS } else { 0 };
        let events: usize = truth.contacts.iter().map(|contact| 1 + contact.edits).sum();
        events + truth.calls.len() + older
    }

    /// What the product's own proofs, and the numbers of the log, say against it; gives how many
    /// decisions were the same when they were asked again.
    async fn proofs(&self, decisions: usize, wrongs: &mut Vec<String>) -> Result<usize, String> {
        let (code, out, err) = self.place.run(&["fairness", "--json"]).await.map_err(|error| error.to_string())?;
        let said: Value = serde_json::from_str(&out).unwrap_or_default();
        if code != 0 || said["ok"] != true {
            wrongs.push(format!("rota fairness ends with {code}: {out}{err}"));
        }
        let (code, out, err) =
            self.place.run(&["replay", "--all", "--json"]).await.map_err(|error| error.to_string())?;
        let said: Value = serde_json::from_str(&out).unwrap_or_default();
        let no_plugin =
            |skipped: &&Value| skipped["why"].as_str().is_some_and(|why| why.starts_with("it asked no plugin"));
        let unasked = said["skipped"].as_array().map_or(0, |all| all.iter().filter(no_plugin).count());
        let identical = number(&said["identical"]);
        if code != 0 || identical + unasked != decisions {
            wrongs.push(format!("rota replay ends with {code} for {decisions} decisions: {out}{err}"));
        }
        let (entries, first, last, seq) = self.numbers().await.map_err(|error| error.to_string())?;
        if (first, last, entries) != (1, seq, seq) {
            wrongs
                .push(format!("the log has {entries} entries from {first} to {last}, and its tenant stands at {seq}"));
        }
        Ok(identical)
    }

    /// How many entries the log has, the first and the last of their numbers, and where the tenant
    /// stands.
    async fn numbers(&self) -> Result<(i64, i64, i64, i64), sqlx::Error> {
        let sql = "SELECT count(*), min(log.seq), max(log.seq), max(tenants.seq)
                   FROM log JOIN tenants ON tenants.tenant = log.tenant WHERE log.tenant = $1";
        if let Some(url) = &self.wanted.database {
            let mut connection = sqlx::PgConnection::connect(url).await?;
            return sqlx::query_as(sql).bind(TENANT).fetch_one(&mut connection).await;
        }
        let path = self.place.folder.join(&self.place.database);
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = options.connect().await?;
        sqlx::query_as(sql).bind(TENANT).fetch_one(&mut connection).await
    }

    /// What a command prints, line by line.
    async fn lines(&self, arguments: &[&str]) -> Result<Vec<Value>, String> {
        let (code, out, err) = self.place.run(arguments).await.map_err(|error| error.to_string())?;
        if code != 0 {
            return Err(format!("rota {} ends with {code}: {err}", arguments.join(" ")));
        }
        let read = |line: &str| serde_json::from_str(line).map_err(|error| format!("{error}: {line}"));
        out.lines().map(read).collect()
    }
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}
