//! A PostgreSQL of this run: its own data folder and port, no service of the machine. One cluster serves the whole run,
//! each test has a database of its own; a test that stops the server starts a cluster of its own.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};
use tempfile::TempDir;

use super::logs::Log;
use super::port::Port;
use super::run;
use super::service::Service;
use super::wait;

/// The user who owns the cluster. Trusted on the loopback, so any password is taken.
pub(crate) const USER: &str = "identity";

/// A running cluster.
pub(crate) struct Postgres {
    service: Option<Service>,
    port: Port,
    settings: Vec<String>,
    folder: TempDir,
}

impl Postgres {
    /// The cluster that the run shares, started when first asked for and ended with the run.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Postgres> = LazyLock::new(|| Postgres::start(&[]));
        &SHARED
    }

    /// A cluster of the caller's own, with `settings` such as `fsync=on` beside those that make tests fast.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let folder = run::folder("postgres");
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut initdb = command("initdb", folder.path());
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", USER, "--pgdata"]);
        let output = initdb.arg(folder.path().join("data")).output().unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut cluster = Self { service: None, port: Port::free(), settings, folder };
        cluster.start_again();
        cluster
    }

    /// Starts the server again after `stop` or `kill`, on the same port and data.
    pub(crate) fn start_again(&mut self) {
        let log = self.log();
        let mut postgres = command("postgres", self.folder.path());
        postgres.arg("-D").arg(self.folder.path().join("data"));
        postgres.args(["-p", &self.port.number().to_string()]);
        let fast = ["fsync=off", "full_page_writes=off", "max_connections=400", "shared_buffers=64MB"];
        let own = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "log_min_messages=warning"];
        for setting in fast.into_iter().chain(own).chain(self.settings.iter().map(String::as_str)) {
            postgres.args(["-c", setting]);
        }
        postgres.stdout(log.writer()).stderr(log.writer());
        // SIGQUIT is the immediate end, which takes the server's own children along; SIGKILL would orphan them.
        let mut service = Service::spawn("postgres", &mut postgres, Signal::QUIT);
        wait::until_blocking("postgres accepts connections", Duration::from_secs(30), || {
            assert!(service.exited().is_none(), "postgres ended: {}", log.text());
            let mut ready = command("pg_isready", self.folder.path());
            ready.args(["--quiet", "--host=127.0.0.1", "--port", &self.port.number().to_string()]);
            ready.status().unwrap().success().then_some(())
        });
        self.service = Some(service);
    }

    /// Stops the server at once, as a crash would; its data stays.
    pub(crate) fn stop(&mut self) {
        self.service = None;
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> Log {
        Log::at(&self.folder.path().join("log"))
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// The folder of the data files, for a search through what is stored.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port())
    }

    /// Runs one statement that answers nothing.
    pub(crate) async fn execute(&self, database: &str, statement: String) {
        let mut connection = PgConnection::connect(&self.url(database)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement).into_sql_str()).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// A new database, a copy of `template` (`template1` is empty), dropped with the value.
    pub(crate) async fn database(&self, template: &str) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Database { url: self.url(&name), server: self.url("postgres"), name }
    }
}

/// A database of one test.
pub(crate) struct Database {
    name: String,
    url: String,
    server: String,
}

impl Database {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Database {
    /// Has the clock of the database, as its statements ask for it, be so far ahead of the machine's. Connections that are open
    /// when it is first set go on as before.
    pub(crate) fn set_clock(&self, ahead_micros: i64) {
        let function = format!(
            "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE \
            AS $$ SELECT pg_catalog.clock_timestamp() + interval '{ahead_micros} microseconds' $$"
        );
        let first = format!("ALTER DATABASE {} SET search_path = public, pg_catalog", self.name);
        for statement in [function, first] {
            let done = psql(&self.url, &statement);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that the test has stopped has nothing to drop; its folder goes with it.
        psql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Runs one statement, without a runtime.
fn psql(url: &str, statement: &str) -> Output {
    Command::new(program("psql")).args(["--quiet", "--no-psqlrc", url, "--command", statement]).output().unwrap()
}

/// A command of PostgreSQL, as a user who may run a server.
fn command(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name));
    command.current_dir(folder).env_remove("PGDATA").env("LC_ALL", "C");
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command
}

/// Where a program of PostgreSQL is: Debian keeps the server's out of the path, by version.
fn program(name: &str) -> PathBuf {
    static FOLDERS: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<(u32, PathBuf)> = versions
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
            .collect();
        folders.sort_unstable_by(|left, right| right.cmp(left));
        let path = std::env::var_os("PATH").unwrap_or_default();
        folders.into_iter().map(|(_, folder)| folder).chain(std::env::split_paths(&path)).collect()
    });
    let found = FOLDERS.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("PostgreSQL's {name} is not installed; `make tools` installs it"))
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres`, or `nobody`. `None`: run as we are.
fn other_user() -> Option<(u32, u32)> {
    static OTHER: LazyLock<Option<(u32, u32)>> = LazyLock::new(|| {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        Some(find("postgres").or_else(|| find("nobody")).expect("a user other than root to run PostgreSQL as"))
    });
    *OTHER
}
