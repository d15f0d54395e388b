//! A start that meets somebody who says nothing: it waits for so long and no longer, and tells for whom.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use tempfile::TempDir;

use crate::support::logs::Log;
use crate::support::service::Service;
use crate::support::settings::Settings;
use crate::support::{run, wait};

fn settings() -> (TempDir, Settings) {
    let folder = run::folder("silent");
    let mut settings = Settings::new(folder.path());
    settings.section("limiter.memory");
    settings.set("store.sqlite.path", folder.path().join("identity.db").to_str().unwrap());
    (folder, settings)
}

/// A command that has begun, and what it says.
fn begun(command: &str, settings: &Settings) -> (Service, Log) {
    let told = Log::at(&settings.folder().join(format!("told-by-{command}")));
    let mut program = Command::new(env!("CARGO_BIN_EXE_identity"));
    program.args([command, "--config"]).arg(settings.file()).stderr(told.writer()).stdout(told.writer());
    (Service::spawn("identity", &mut program, Signal::KILL), told)
}

/// What it says where it ends with `code`.
fn ends_with(code: i32, (mut process, told): (Service, Log)) -> String {
    let ended = process.wait(Duration::from_secs(15)).unwrap_or_else(|| panic!("it waits: {}", told.text()));
    assert_eq!(ended.code(), Some(code), "{}", told.text());
    told.text()
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn a_postgres_that_never_answers() {
    let (_folder, mut settings) = settings();
    settings.remove("store");
    // It takes connections, and nobody is behind it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    settings.set("store.postgres.host", "127.0.0.1");
    settings.set("store.postgres.port", i64::from(port));
    settings.set("store.postgres.database", "people");
    settings.set("store.postgres.user", "identity");
    settings.set("store.postgres.tls", "disable-on-loopback");
    let start = Instant::now();
    for command in ["serve", "migrate"].map(|command| begun(command, &settings)) {
        let told = ends_with(69, command);
        for words in
            [&format!("127.0.0.1 port {port}, database people"), "has not answered for 10 s", "is it PostgreSQL"]
        {
            assert!(told.contains(words), "{told}");
        }
    }
    assert!(start.elapsed() > Duration::from_secs(9), "{:?}", start.elapsed());
}

/// The first process of a container, which every signal passes by that it does not hear, would wait on, and then serve. Nor does a
/// sign to read files again end it, which comes before there is anything to read again.
#[test]
fn whoever_waits_hears_that_it_is_to_stop() {
    let (_folder, mut settings) = settings();
    settings.remove("store");
    settings.set("store.postgres.host", "127.0.0.1");
    settings.set("store.postgres.database", "people");
    settings.set("store.postgres.user", "identity");
    settings.set("store.postgres.tls", "disable-on-loopback");
    for (command, code) in [("serve", 0), ("migrate", 69)] {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        settings.set("store.postgres.port", i64::from(silent.local_addr().unwrap().port()));
        let mut begun = begun(command, &settings);
        let _held = silent.accept().unwrap();
        begun.0.signal(Signal::HUP);
        let start = Instant::now();
        begun.0.signal(Signal::TERM);
        let told = ends_with(code, begun);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        let words = if command == "serve" { "stopping: told to" } else { "stopped before the schema was up to date" };
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test]
async fn a_file_of_sqlite_that_another_process_holds() {
    let (folder, settings) = settings();
    let file = folder.path().join("identity.db");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut other = options.journal_mode(SqliteJournalMode::Delete).connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE held (id INTEGER); BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    for command in ["serve", "migrate"] {
        let told = ends_with(69, begun(command, &settings));
        assert!(told.contains(file.to_str().unwrap()) && told.contains("another process holds the file"), "{told}");
        assert!(!told.contains("database's log"), "{told}");
    }
    drop(other);
}

#[tokio::test]
async fn a_file_of_sqlite_that_another_process_writes() {
    let (folder, settings) = settings();
    let file = folder.path().join("identity.db");
    ends_with(0, begun("migrate", &settings));
    for command in ["migrate", "serve"] {
        let options = SqliteConnectOptions::new().filename(&file);
        let mut other = options.connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let (mut process, told) = begun(command, &settings);
        let words = "another process holds the database";
        wait::until(words, Duration::from_secs(8), async || told.lines_with(words).into_iter().next()).await;
        assert_eq!(process.exited(), None);
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
        let has_it = if command == "migrate" { "has the form" } else { "\"grpc\"" };
        wait::until(has_it, Duration::from_secs(8), async || told.lines_with(has_it).into_iter().next()).await;
    }
}

#[test]
fn a_pipe_where_a_file_is_meant() {
    let (folder, mut settings) = settings();
    let path = folder.path().join("pipe");
    pipe(&path);
    settings.set("policy.file", path.to_str().unwrap());
    settings.set("delivery.smtp.host", "localhost");
    settings.set("delivery.smtp.ca_file", path.to_str().unwrap());
    settings.set("delivery.smtp.from", "sign-in@example.org");
    settings.section("delivery").remove("mailbox");
    for command in ["check-config", "serve"] {
        let told = ends_with(64, begun(command, &settings));
        let lines: Vec<&str> = told.lines().filter(|line| line.contains("is not a regular file")).collect();
        assert!(lines.iter().any(|line| line.contains("policy.file")), "{told}");
        assert!(lines.iter().any(|line| line.contains("smtp.ca_file")), "{told}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_as_the_file_of_the_funnel() {
    let (folder, mut settings) = settings();
    let path = folder.path().join("pipe");
    pipe(&path);
    settings.set("analytics.file", path.to_str().unwrap());
    let told = ends_with(64, begun("serve", &settings));
    assert!(told.contains("analytics.file: cannot be written: broken pipe"), "{told}");
}
