//! Hosts as processes of the product's own binary on one database, in one folder.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rota::clock::SystemClock;
use rota::database::Database;
use rota::keys::Master;
use rota::tokens::{Wanted, issue};
use rota_domain::access::Role;
use rota_domain::id::TenantId;
use rota_flow::ports::Clock as _;
use rota_tests::server::{SECRET, workspace};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::bare::folder;
use crate::database::Place;

/// Where a host runs: its configuration, and the name of its database.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) database: String,
    pub(crate) tenants: Vec<TenantId>,
}

impl Home {
    /// A new database, for so many tenants with their CRM there.
    pub(crate) async fn new(place: &Place, tenants: usize, crm: &str) -> Self {
        let folder = folder();
        let database = place.fresh(folder.path()).await;
        let names: Vec<String> = (0..tenants).map(|n| format!("\"w{n:02}\"")).collect();
        for n in 0..tenants {
            let of = folder.path().join(format!("w{n:02}"));
            fs::create_dir_all(&of).expect("a folder");
            fs::write(of.join("workspace.toml"), workspace(n, crm)).expect("workspace.toml");
        }
        let text = format!(
            "workspaces = [{}]\npublic_url = \"http://rota.test\"\n[apps.main]\nclient_secret = {{ env = \"SECRET\" }}\n",
            names.join(", ")
        );
        fs::write(folder.path().join("rota.toml"), text).expect("rota.toml");
        Self { folder, database, tenants: (0..tenants).map(|n| format!("t{n:02}").into()).collect() }
    }

    /// Its database, opened beside the hosts.
    pub(crate) async fn open(&self) -> Box<dyn rota_store::Database> {
        let database = Database::named(&self.database).expect("a database");
        let beside = self.folder.path().join(database.beside());
        database.open(Master::beside(&beside).keys()).await.expect("the database")
    }

    /// A token of each tenant.
    pub(crate) async fn tokens(&self) -> Vec<String> {
        let store = self.open().await;
        let mut tokens = Vec::new();
        for tenant in &self.tenants {
            let wanted =
                Wanted { tenant: Some(tenant.clone()), role: Role::Operator, name: "hosts".into(), expires: None };
            let (token, _) = issue(&*store, wanted, "the bench", SystemClock.now()).await.expect("a token");
            tokens.push(token.expose().to_owned());
        }
        tokens
    }
}

/// One host at work.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// How long it took until it listened.
    pub(crate) listened: Duration,
}

impl Process {
    /// Starts one, and waits until it listens.
    pub(crate) fn start(home: &Home) -> Self {
        let log = home.folder.path().join("hosts.log");
        let log = OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let began = Instant::now();
        let mut child = Command::new(Path::new(env!("CARGO_BIN_EXE_rota-under-test")))
            .current_dir(&home.folder)
            .args(["serve", "--config", "rota.toml", "--listen", "127.0.0.1:0", "--json", "--db", &home.database])
            .envs([("TOKEN", "pat-sandbox"), ("SECRET", SECRET), ("RUST_LOG", "warn")])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("a host");
        let mut line = String::new();
        let said = child.stdout.take().expect("its output");
        BufReader::new(said).read_line(&mut line).expect("its first line");
        let listened = began.elapsed();
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = said["listening"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
        let address = address.unwrap_or_else(|| {
            let log = fs::read_to_string(home.folder.path().join("hosts.log")).unwrap_or_default();
            panic!("the host does not listen: {log}")
        });
        Self { child, address, listened }
    }

    /// Resident memory now, and the most that it was, in MiB.
    pub(crate) fn memory(&self) -> [f64; 2] {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        ["VmRSS:", "VmHWM:"].map(|name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
            kib / 1024.0
        })
    }

    /// Stops it, as one does who asks it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // One that ended by itself is waited for just as well.
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
