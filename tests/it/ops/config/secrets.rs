//! Secret files: which are refused and how that is told, and that what was made at the first start stays.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use super::{CANARY, both_refuse, check, refusal, settings};
use crate::support::server::Server;
use crate::support::settings::write_secret;
use crate::support::world::identity;

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
        let owner = what == "belongs to another user";
        assert!(!owner || told.contains("or, where user 12345 serves, run this as that user"), "{told}");
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
