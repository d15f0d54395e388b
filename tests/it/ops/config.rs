//! Configuration, through the binary itself: what it refuses, how it says so, and its exit codes.

mod secrets;

use std::fs;
use std::process::Output;

use tempfile::TempDir;

use crate::support::run;
use crate::support::settings::Settings;
use crate::support::world::identity;

const CANARY: &str = "canary-0f5c2d7e-of-a-secret-that-nobody-may-see";

/// A sound configuration on SQLite.
fn settings() -> (TempDir, Settings) {
    let folder = run::folder("config");
    let mut settings = Settings::new(folder.path());
    settings.section("limiter.memory");
    settings.set("store.sqlite.path", folder.path().join("identity.db").to_str().unwrap());
    (folder, settings)
}

fn check(settings: &Settings) -> Output {
    identity(&["check-config", "--config", settings.file().to_str().unwrap()])
}

/// What the program says when it refuses, with the exit code of wrong use and nothing on standard output.
fn refusal(output: &Output) -> String {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(64), "{told}");
    assert!(output.stdout.is_empty());
    assert!(!told.contains(CANARY), "{told}");
    told
}

/// What `serve` and `check-config` both say.
fn both_refuse(settings: &Settings) -> String {
    let told = refusal(&check(settings));
    let served = refusal(&identity(&["serve", "--config", settings.file().to_str().unwrap()]));
    assert_eq!(told, served);
    told
}

#[test]
fn a_sound_configuration_is_called_sound_and_nothing_is_made() {
    let (folder, settings) = settings();
    let output = check(&settings);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    assert!(!folder.path().join("identity.db").exists());
}

#[test]
fn everything_wrong_is_told_at_once_before_a_port_opens() {
    let (_folder, mut settings) = settings();
    settings.set("service.environment", "production");
    settings.set("service.colour", CANARY);
    settings.set("sessions.access_token_lifetime", "16m");
    settings.set("listen.grpc", "0.0.0.0:0");
    settings.set("delivery.password", CANARY);
    let told = both_refuse(&settings);
    for key in [
        "service: has an issuer that is an http URL in production",
        "service.colour: is not a known key",
        "sessions.access_token_lifetime: is out of bounds",
        "listen.tls: sends in clear to another machine",
        "delivery: is the mailbox",
        "delivery.password: is not a known key; secrets stand in files of their own",
    ] {
        assert!(told.contains(key), "{key}\n--- not in\n{told}");
    }
    let place = format!("identity: {}:", settings.file().display());
    assert!(told.lines().all(|line| line.starts_with(&place)), "{told}");
}

#[test]
fn production_refuses_the_mailbox() {
    let (_folder, mut settings) = settings();
    settings.set("service.environment", "production");
    settings.set("service.issuer", "https://identity.example.com");
    let told = both_refuse(&settings);
    assert!(told.contains("delivery: is the mailbox"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_missing_or_broken_file_is_told() {
    let (folder, settings) = settings();
    let file = settings.file();
    let command = ["check-config", "--config", file.to_str().unwrap()];
    fs::write(&file, format!("[service\nsecret = \"{CANARY}\"\n")).unwrap();
    assert!(refusal(&identity(&command)).contains("identity.toml:1: "));
    fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(refusal(&identity(&command)).contains("name a text file in UTF-8"));
    fs::remove_file(&file).unwrap();
    assert!(refusal(&identity(&command)).contains("cannot be read"));
    let told = refusal(&identity(&["check-config", "--config", folder.path().to_str().unwrap()]));
    assert!(told.contains("cannot be read"), "{told}");
}

/// Whoever reads it at night learns which key names the file, what is the matter with it in plain words, and what to do.
#[test]
fn a_file_that_is_not_there_is_told_by_key_and_in_plain_words() {
    let (folder, mut settings) = settings();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("a-file"), "x").unwrap();
    settings.set("policy.file", at("none.toml"));
    settings.set("templates.directory", at("a-file"));
    settings.set("telemetry.otlp_endpoint", "https://collector.internal:4317");
    settings.set("telemetry.otlp_ca_file", at("none.pem"));
    let told = both_refuse(&settings);
    for line in [
        format!("{}: policy.file: cannot be read: there is no such file or folder; name a file", at("none.toml")),
        format!("{}: templates.directory: cannot be read: a file stands where a folder is needed;", at("a-file")),
        format!("{}: telemetry.otlp_ca_file: cannot be read: there is no such file or folder;", at("none.pem")),
    ] {
        assert!(told.contains(&line), "{line}\n--- not in\n{told}");
    }
    settings.set("limiter.memory.size", 5);
    assert!(
        both_refuse(&settings).contains("limiter.memory.size: is not a known key; remove it: no key is known here")
    );
}

#[test]
fn wrong_arguments_end_with_64_and_help_does_not() {
    for arguments in [
        &[][..],
        &["serve"],
        &["serve", "--embedded"],
        &["serve", "--data-dir", "x"],
        &["serve", "--config", "a", "--embedded", "--data-dir", "b"],
        &["serve", "--config", "a", "--grpc-listen", "127.0.0.1:0"],
        &["serve", "--embedded", "--data-dir", "x", "--grpc-listen", "nowhere"],
        &["migrate"],
        &["check-config", "--config", "a", "--data-dir", "b"],
        &["dance"],
    ] {
        let output = identity(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {told}");
        assert!(!told.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(String::from_utf8_lossy(&identity(&[]).stderr).contains("serve --embedded"));
    for flag in ["--help", "--version"] {
        let output = identity(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty());
    }
}

#[tokio::test]
async fn what_is_not_to_be_had_ends_with_69() {
    let (_folder, mut settings) = settings();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    settings.set("listen.http", taken.local_addr().unwrap().to_string());
    let output = identity(&["serve", "--config", settings.file().to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{told}");
    assert!(told.contains("cannot listen on 127.0.0.1:") && output.stdout.is_empty(), "{told}");
    assert!(told.contains("`listen.http`") && told.contains("end what listens there"), "{told}");

    let (folder, mut settings) = self::settings();
    settings.set("store.sqlite.path", folder.path().join("none/identity.db").to_str().unwrap());
    let output = identity(&["migrate", "--config", settings.file().to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("none/identity.db: the folder of the database does not exist; make it"), "{told}");
    assert_eq!(output.status.code(), Some(69), "{told}");

    let (_folder, mut settings) = self::settings();
    settings.remove("store");
    settings.remove("limiter");
    settings.set("limiter.redis.address", "127.0.0.1:1");
    settings.set("limiter.redis.tls", "disable-on-loopback");
    settings.set("store.postgres.host", "127.0.0.1");
    settings.set("store.postgres.port", 1);
    settings.set("store.postgres.database", "identity");
    settings.set("store.postgres.user", "identity");
    settings.set("store.postgres.tls", "disable-on-loopback");
    assert!(check(&settings).status.success(), "nothing is opened to check");
    for command in ["serve", "migrate"] {
        let output = identity(&[command, "--config", settings.file().to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{told}");
        assert!(told.contains("PostgreSQL at 127.0.0.1 port 1, database identity"), "{told}");
        assert!(told.contains("is it running") && told.matches("refused").count() == 1, "{told}");
    }
}

/// A wrong value is not repeated, for it may be a secret in the wrong place; what may stand there is told, or where it stands.
#[test]
fn a_value_of_the_wrong_form_is_told_with_the_right_ones() {
    let listen = ["serve", "--embedded", "--data-dir", "x", "--grpc-listen", "canary"];
    let format = ["templates", "preview", "--format", "canary"];
    for (arguments, told) in [
        (&listen[..], "--grpc-listen <ADDRESS> has the wrong form; run `identity serve --help`"),
        (&format[..], "--format <FORMAT> has the wrong form; give one of subject, text, html, sms"),
        (&["policy", "canary"][..], "there is no such command; run `identity policy --help`"),
    ] {
        let output = identity(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(told) && !error.contains("canary"), "{error}");
        assert_eq!(output.status.code(), Some(64));
    }
}

#[test]
fn a_database_without_its_tables_is_told_where_only_the_command_makes_them() {
    let (_folder, mut settings) = settings();
    settings.set("store.migrate", "by-command");
    let file = settings.file();
    let serve = identity(&["serve", "--config", file.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&serve.stderr);
    assert_eq!(serve.status.code(), Some(69), "{told}");
    assert!(told.contains("identity migrate"), "{told}");
    for _ in 0..2 {
        assert!(identity(&["migrate", "--config", file.to_str().unwrap()]).status.success());
    }
}

#[test]
fn proxies_that_are_everybody_are_warned_of() {
    for (range, warned) in [("0.0.0.0/0", true), ("::/0", true), ("10.0.0.0/8", false)] {
        let (_folder, mut settings) = settings();
        settings.set("listen.trusted_proxies", vec![range]);
        let output = check(&settings);
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        let expected = format!("warning: {}: listen.trusted_proxies: ", settings.file().display());
        assert_eq!(told.starts_with(&expected), warned, "{told}");
    }
}
