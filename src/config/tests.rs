//! The whole file: what is taken, what is refused, and that the documentation tells all of it.

use super::{
    Config,
    delivery::{EmailProvider, SmtpTls},
    embedded::{ISSUER, Listeners},
    limiter::Limiter,
    listen::WebOrigins,
    network::Tls,
    reader::Report,
    service::Environment,
    store::Store,
};
use crate::domain::policy::SessionPolicy;
use std::{collections::BTreeSet, path::Path};

const EXAMPLE: &str = include_str!("../../deploy/identity.toml");
const DOCUMENTATION: &str = include_str!("../../docs/configuration.md");
pub(super) const SMALLEST: &str = r#"
[service]
environment = "development"
issuer = "http://localhost:8080"
[listen]
grpc = "127.0.0.1:50051"
http = "127.0.0.1:8080"
admin = "127.0.0.1:50052"
[store]
sqlite = { path = "identity.db" }
[limiter.memory]
[delivery]
mailbox = { directory = "/var/mailbox" }
sms = { mailbox = { directory = "/var/mailbox" } }
[secrets]
directory = "secrets"
[[clients]]
client_id = "default"
display_name = "Identity"
audiences = ["identity"]
"#;

pub(super) fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/identity/identity.toml"), text.to_owned()).map_err(|problems| problems.to_string())
}

pub(super) fn refusal(text: &str) -> String {
    parse(text).unwrap_err()
}

#[test]
fn the_smallest_file_has_the_defaults() {
    let config = parse(SMALLEST).unwrap();
    assert_eq!(config.service.environment, Environment::Development);
    assert!(matches!(&config.store, Store::Sqlite { path } if path == Path::new("/etc/identity/identity.db")));
    assert!(matches!(config.limiter, Limiter::Memory));
    assert_eq!(config.delivery.mailbox(), Some(Path::new("/var/mailbox")));
    assert_eq!(config.secrets.directory, Path::new("/etc/identity/secrets"));
    assert!(config.listen.tls.is_none() && config.telemetry.otlp_endpoint.is_none());
    assert!(config.policy_file.is_none());
    let sessions = SessionPolicy::for_issuer("http://localhost:8080".to_owned());
    assert_eq!(format!("{:?}", config.sessions), format!("{sessions:?}"));
}

#[test]
fn the_example_is_good_and_says_the_defaults_it_says() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.service.environment, Environment::Production);
    let Store::Postgres(postgres) = &config.store else { panic!("{:?}", config.store) };
    assert_eq!((postgres.tls, postgres.pool_size), (Tls::VerifyFull, 8));
    let EmailProvider::Smtp(smtp) = &config.delivery.providers[0].kind else { panic!("{:?}", config.delivery) };
    assert_eq!((smtp.tls, smtp.port), (SmtpTls::Implicit, 465));
    assert_eq!(config.policy_file.as_deref(), Some(Path::new("/etc/identity/policies/standard.toml")));
    assert_eq!(config.listen.limits, super::listen::ListenLimits::default());
    let sessions = SessionPolicy::for_issuer("https://identity.example.com".to_owned());
    assert_eq!(format!("{:?}", config.sessions), format!("{sessions:?}"));
}

#[test]
fn the_embedded_default_is_a_file_like_any_other() {
    let address = "127.0.0.1:0".parse().unwrap();
    let listeners = Listeners { grpc: address, http: address, admin: "0.0.0.0:0".parse().unwrap(), metrics: None };
    let config = Config::embedded(Path::new("/data"), listeners, ISSUER).unwrap();
    assert!(matches!(&config.store, Store::Sqlite { path } if path == Path::new("/data/identity.db")));
    assert_eq!(config.secrets.directory, Path::new("/data/secrets"));
    assert_eq!(config.sessions.issuer, ISSUER);
    let default = config.clients.find("").unwrap();
    assert_eq!((default.client_id.as_str(), &default.audiences[..]), ("default", &["identity".to_owned()][..]));
    let told = Config::embedded(Path::new("/data"), listeners, "no \"url\"\n").unwrap_err().to_string();
    assert!(told.contains("service.issuer: has the wrong form"), "{told}");
}

#[test]
fn everything_wrong_is_told_at_once_with_file_line_key_and_remedy() {
    let told = refusal(
        r#"
[service]
environment = "staging"
color = "red"
[listen]
grpc = "localhost"
http = "0.0.0.0:8080"
admin = 50052
[store]
sqlite = { path = "" }
postgres = { host = "db" }
[policy]
file = 5
[sessions]
access_token_lifetime = "1h"
idle_lifetime = "31d"
[delivery.smtp]
host = "smtp.example.com"
tls = "disable-on-loopback"
from = "nobody"
password = "canary"
[secrets]
admin_token = "canary"
[[clients]]
client_id = "no blanks"
display_name = ""
audiences = []
[telemetry]
sample_ratio = 2
otlp_endpoint = "https://user:canary@collector"
[extra]
x = 1
"#,
    );
    let expected = [
        ":3: service.environment: is not one of the choices; give \"development\" or \"production\"",
        ":4: service.color: is not a known key; known here: environment, issuer",
        ":2: service.issuer: is missing; give an absolute URL",
        ":6: listen.grpc: has the wrong form; give an IP address and port",
        ":5: listen.tls: sends in clear to another machine; use TLS, or write",
        ":8: listen.admin: is not a string",
        ":9: store: has more than one choice; write exactly one of sqlite, postgres",
        "limiter: has no choice; write exactly one of memory, redis",
        ":13: policy.file: is not a string",
        ":15: sessions.access_token_lifetime: is out of bounds",
        ":19: delivery.smtp.tls: sends in clear to another machine",
        ":20: delivery.smtp.from: has the wrong form; give an email address",
        ":21: delivery.smtp.password: is not a known key; secrets stand in files of their own",
        ":22: secrets.directory: is missing",
        ":23: secrets.admin_token: is not a known key; secrets stand in files of their own",
        ":25: clients[0].client_id: has the wrong form",
        ":26: clients[0].display_name: has the wrong form",
        ":27: clients[0].audiences: is empty",
        ":29: telemetry.sample_ratio: is out of bounds; give a number from 0 to 1",
        ":30: telemetry.otlp_endpoint: has the wrong form",
        ":31: extra: is not a known key",
    ];
    for line in expected {
        assert!(told.contains(line), "{line}\n--- not in\n{told}");
    }
    assert!(told.lines().all(|line| line.starts_with("/etc/identity/identity.toml:")), "{told}");
    assert_eq!(told.lines().count(), expected.len(), "{told}");
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn broken_toml_is_told_by_line_without_quoting_it() {
    let told = refusal("[service]\nissuer = \"canary\n[listen]\ngrpc = canary\n");
    assert!(told.contains(":2:") && told.contains("mend the TOML here"), "{told}");
    assert!(!told.contains("canary"), "{told}");
    let told = refusal("[service]\nissuer = \"a\"\nissuer = \"canary\"\n");
    assert!(told.contains(":3:") && told.contains("duplicate key") && !told.contains("canary"), "{told}");
}

#[test]
fn production_refuses_what_development_permits() {
    let told = refusal(&SMALLEST.replace("\"development\"", "\"production\""));
    for line in [
        "service: has an issuer that is an http URL in production",
        "delivery: is the mailbox",
        "delivery: has the mailbox for sms",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let with_memory = EXAMPLE
        .split("[limiter.redis]")
        .enumerate()
        .map(|(i, part)| if i == 0 { part.to_owned() } else { part[part.find("[policy]").unwrap()..].to_owned() })
        .collect::<Vec<_>>()
        .join("[limiter.memory]\n");
    let told = refusal(&with_memory);
    assert!(told.contains("limiter: counts in memory while processes may share PostgreSQL"), "{told}");
}

#[test]
fn links_lead_to_no_listener_without_their_page() {
    let links = |more: &str| format!("{SMALLEST}[links]\nbase_url = \"own-listener\"\n{more}");
    for more in ["", "[pages]\nenabled = false\n"] {
        let told = refusal(&links(more));
        assert!(told.contains("links") && told.contains("enabled = true in [pages]"), "{told}");
    }
    assert!(parse(&links("[pages]\nenabled = true\n")).is_ok());
    assert!(parse(SMALLEST).is_ok(), "a page of somebody's own may stand at the issuer");
}

#[test]
fn a_connection_in_clear_must_say_so_unless_it_stays_on_this_machine() {
    let clear = |host: &str, tls: &str| {
        let store = format!(
            "[store.postgres]\nhost = \"{host}\"\ndatabase = \"d\"\nuser = \"u\"\ntls = \"{tls}\"\n[limiter.redis]\n\
             address = \"{host}:6379\"\ntls = \"{tls}\"\n"
        );
        parse(&SMALLEST.replace("[store]\nsqlite = { path = \"identity.db\" }\n[limiter.memory]\n", &store))
    };
    assert!(clear("127.0.0.1", "disable-on-loopback").is_ok());
    assert!(clear("db.internal", "disable-on-trusted-network").is_ok());
    assert!(clear("db.internal", "verify-full").is_ok());
    let told = clear("db.internal", "disable-on-loopback").unwrap_err();
    assert!(told.contains("store.postgres.tls: sends in clear"), "{told}");
    assert!(told.contains("limiter.redis.tls: sends in clear"), "{told}");
    assert!(clear("db.internal", "prefer").is_err());
    let open = SMALLEST.replace("127.0.0.1:50051", "[::]:50051");
    assert!(refusal(&open).contains("listen.tls: sends in clear"));
    assert!(parse(&open.replace("[listen]", "[listen]\ntls = \"disable-on-trusted-network\"")).is_ok());
    let files = "[listen]\ntls = \"files\"\ncertificate_file = \"c.pem\"\nkey_file = \"k.pem\"";
    assert!(parse(&open.replace("[listen]", files)).unwrap().listen.tls.is_some());
    for (origins, good) in [
        ("[\"https://a.example\"]", true),
        ("[\"*\"]", true),
        ("[\"https://a.example/path\"]", false),
        ("[\"https://*.a.example\"]", false),
    ] {
        let text = SMALLEST.replace("[listen]", &format!("[listen]\nweb_origins = {origins}"));
        assert_eq!(parse(&text).is_ok(), good, "{origins}");
    }
    let spelled = "[listen]\nweb_origins = [\"https://A.Example:443\", \"http://localhost:3000\"]";
    let these = ["https://a.example", "http://localhost:3000"].map(str::to_owned).to_vec();
    let told = parse(&SMALLEST.replace("[listen]", spelled)).unwrap().listen.web_origins;
    assert_eq!(told, WebOrigins::These(these), "as browsers spell them");
    let useless = open.replace("[listen]", "[listen]\nkey_file = \"k.pem\"\ntls = \"disable-on-trusted-network\"");
    assert!(refusal(&useless).contains("listen.key_file: has no effect"));
}

#[test]
fn bounds_hold_to_the_last_value() {
    let with = |section: &str, line: &str| parse(&format!("{SMALLEST}\n[{section}]\n{line}\n"));
    for (section, good, bad) in [
        ("sessions", "access_token_lifetime = \"15m\"", "access_token_lifetime = \"15m 1s\""),
        ("sessions", "idle_lifetime = \"30d\"", "idle_lifetime = \"721h\""),
        ("sessions", "refresh_grace = 0", "refresh_grace = \"61s\""),
        ("telemetry", "sample_ratio = 0", "sample_ratio = -0.1"),
        ("telemetry", "sample_ratio = 1.0", "sample_ratio = nan"),
    ] {
        assert!(with(section, good).is_ok(), "{section} {good}: {}", with(section, good).unwrap_err());
        assert!(with(section, bad).is_err(), "{section} {bad}");
    }
}

#[test]
fn clients_are_named_once() {
    let twice = format!("{SMALLEST}{}", &SMALLEST[SMALLEST.find("[[clients]]").unwrap()..]);
    assert!(refusal(&twice).contains("clients: names no client, or one twice"));
    let none = &SMALLEST[..SMALLEST.find("[[clients]]").unwrap()];
    assert!(refusal(none).contains("clients: names no client"));
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let mut known = BTreeSet::new();
    for text in [SMALLEST.to_owned(), EXAMPLE.to_owned(), super::delivery::tests::chains()] {
        let report = Report::new(Path::new("identity.toml"), text);
        let _ = Config::read(Path::new("identity.toml"), &report);
        known.extend(report.asked().into_iter().map(|key| of_the_section(&normal(&key))));
    }
    // Sections are headings, not keys.
    let is_section = |key: &String| known.iter().any(|other| other.starts_with(&format!("{key}.")));
    let keys: BTreeSet<_> = known.iter().filter(|key| !is_section(key)).cloned().collect();
    let documented: BTreeSet<_> = DOCUMENTATION
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key.to_owned()))
        .filter(|key| !key.ends_with('/') && !["index-key", "admin-token"].contains(&key.as_str()))
        .collect();
    assert_eq!(keys, documented);
    for key in known.iter().filter(|key| !key.contains("[]") && !key.starts_with("limiter.memory")) {
        let last = key.rsplit('.').next().unwrap();
        assert!(EXAMPLE.contains(last), "{key} is not in deploy/identity.toml");
    }
}

/// A key without the number of its entry.
fn normal(key: &str) -> String {
    (0..4).fold(key.to_owned(), |key, n| key.replace(&format!("[{n}]"), "[]"))
}

/// A provider in a list has the keys that its section has where it is alone.
fn of_the_section(key: &str) -> String {
    match key.split_once("providers[].") {
        Some((section, rest)) if !["name", "domains", "countries"].contains(&rest) => format!("{section}{rest}"),
        _ => key.to_owned(),
    }
}
