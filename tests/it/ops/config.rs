//! Configuration and secrets, through the binary itself: what it refuses, how it says so, and its exit codes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::run;
use crate::support::server::Server;
use crate::support::settings::{Settings, write_secret};
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
    settings.set("otp.code_length", 4);
    settings.set("otp.code_lifetime", "6m");
    settings.set("sessions.access_token_lifetime", "16m");
    settings.set("listen.grpc", "0.0.0.0:0");
    settings.set("limits.identifier", Vec::<String>::new());
    settings.set("delivery.password", CANARY);
    let told = both_refuse(&settings);
    for key in [
        "service: has an issuer that is an http URL in production",
        "service.colour: is not a known key",
        "otp.code_length: is out of bounds; give a whole number from 6 to 10",
        "otp.code_lifetime: is out of bounds",
        "sessions.access_token_lifetime: is out of bounds",
        "listen.tls: sends in clear to another machine",
        "limits.identifier: has no window",
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

/// A143: what makes a secret file unfit, and what is then said.
#[test]
fn a143_unfit_secret_files_are_refused_by_name() {
    type Spoil = fn(&Path);
    let spoilt: [(&str, Spoil); 9] = [
        ("can be used by others (mode 0644)", |file| set_mode(file, 0o644)),
        ("can be used by others (mode 0640)", |file| set_mode(file, 0o640)),
        ("belongs to another user", |file| chown(file, Some(12_345), None).unwrap()),
        ("is a folder that others can write (mode 0777)", |file| set_mode(file.parent().unwrap(), 0o777)),
        ("is empty", |file| fs::write(file, "").unwrap()),
        ("has carriage returns", |file| fs::write(file, format!("{CANARY}\r\n")).unwrap()),
        ("does not exist", |file| fs::remove_file(file).unwrap()),
        ("is not a regular file", |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        }),
        ("can be used by others (mode 0644)", |file| {
            let target = file.with_extension("target");
            fs::rename(file, &target).unwrap();
            set_mode(&target, 0o644);
            symlink(&target, file).unwrap();
        }),
    ];
    let is_root = rustix::process::geteuid().is_root();
    for (what, spoil) in spoilt {
        if what == "belongs to another user" && !is_root {
            continue;
        }
        let (folder, mut settings) = settings();
        let file = folder.path().join("mail/password");
        write_secret(&file, CANARY);
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "localhost");
        settings.set("delivery.smtp.from", "sign-in@example.org");
        settings.set("delivery.smtp.user", "identity");
        settings.set("delivery.smtp.password_file", file.to_str().unwrap());
        assert!(check(&settings).status.success());
        spoil(&file);
        let told = both_refuse(&settings);
        assert!(told.contains(what), "{what} in {told}");
        assert!(
            told.contains("delivery.smtp.password_file") && told.contains(folder.path().to_str().unwrap()),
            "{told}"
        );
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn unfit_keys_are_told_all_at_once() {
    let (_folder, settings) = settings();
    let secrets = settings.secrets();
    write_secret(&secrets.join("peppers/1"), CANARY);
    set_mode(&secrets.join("sealing/1"), 0o604);
    fs::remove_file(secrets.join("index-key")).unwrap();
    write_secret(&secrets.join("admin-token"), "short");
    write_secret(&secrets.join("refresh/2026 11"), CANARY);
    let told = both_refuse(&settings);
    for what in [
        "peppers/1: secrets.directory: is not 256 bits",
        "sealing/1: secrets.directory: can be used by others (mode 0604); run `chmod 600",
        "index-key: secrets.directory: does not exist",
        "admin-token: secrets.directory: is not a token",
        "refresh/2026 11: secrets.directory: has a name that is no key id",
    ] {
        assert!(told.contains(what), "{what}\n--- not in\n{told}");
    }
    write_secret(&secrets.join("signing-keys/2.pem"), CANARY);
    let (_folder, settings) = self::settings();
    write_secret(&settings.secrets().join("signing-keys/2.pem"), CANARY);
    assert!(both_refuse(&settings).contains("signing-keys/2.pem: not exactly one private key in PKCS#8 PEM"));
}

/// A144: there is no door for a secret but a file.
#[test]
fn a144_secrets_in_arguments_or_the_environment_are_refused() {
    let (_folder, settings) = settings();
    let file = settings.file();
    let file = file.to_str().unwrap();
    let flag = format!("--admin-token={CANARY}");
    for arguments in [
        vec!["serve", "--config", file, &flag],
        vec!["serve", "--config", file, "--admin-token", CANARY],
        vec!["serve", "--config", file, CANARY],
        vec!["check-config", "--config", file, "--password", CANARY],
        vec![CANARY],
    ] {
        refusal(&identity(&arguments));
    }
    for name in ["IDENTITY_ADMIN_TOKEN", "IDENTITY_SMTP_PASSWORD", "PGPASSWORD", "OTEL_EXPORTER_OTLP_HEADERS"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_identity"));
        let told = refusal(&command.args(["check-config", "--config", file]).env(name, CANARY).output().unwrap());
        assert!(told.contains(name) && told.contains("private files"), "{told}");
    }
    for (section, key) in [("store.postgres", "password"), ("limiter.redis", "password"), ("secrets", "admin_token")] {
        let (_folder, mut settings) = self::settings();
        settings.remove(section.split('.').next().unwrap());
        settings.set(&format!("{section}.{key}"), CANARY);
        let told = both_refuse(&settings);
        assert!(told.contains(&format!("{section}.{key}: is not a known key; secrets stand in files")), "{told}");
    }
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

#[tokio::test]
async fn the_second_start_keeps_the_keys_and_a_lost_key_is_not_made_anew() {
    let mut server = Server::embedded().await;
    let secrets = server.folder().join("data/secrets");
    let read = || {
        let names = ["peppers/1", "sealing/1", "refresh/1", "index-key", "signing-keys/1.pem", "admin-token"];
        names.map(|name| fs::read(secrets.join(name)).unwrap())
    };
    let made = read();
    server.restart_after_kill().await;
    assert_eq!(read(), made);
    assert_eq!(server.terminate().await.code(), Some(0));

    let data = server.folder().join("data");
    let data = data.to_str().unwrap();
    assert!(identity(&["check-config", "--data-dir", data]).status.success());
    assert!(identity(&["migrate", "--data-dir", data]).status.success());
    fs::remove_file(secrets.join("index-key")).unwrap();
    let listen = ["--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let mut arguments = vec!["serve", "--embedded", "--data-dir", data];
    arguments.extend(listen);
    let told = refusal(&identity(&arguments));
    assert!(told.contains("index-key: secrets.directory: is missing while the database exists"), "{told}");
    assert!(!secrets.join("index-key").exists());
}
