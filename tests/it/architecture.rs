//! The walls of the house stand: who may use whom, as the map in `src/lib.rs` says, and files that one can read.

mod paths;
mod tokens;
mod walls;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use identity::telemetry::names::SPANS;

use self::walls::{WALLS, Wall, broken, wall_of};

const LONGEST: usize = 300;

/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

/// Every Rust file under `folder`, with its path from the root of the repository.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The crates that `Cargo.toml` names, as paths spell them.
fn crates() -> Vec<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flat_map(|section| section.keys().map(|name| name.replace('-', "_")))
        .collect()
}

#[test]
fn no_wall_is_broken() {
    let crates = crates();
    let problems: Vec<String> = sources("src").iter().flat_map(|(name, text)| broken(name, text, &crates)).collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn each_module_has_its_wall() {
    for (name, _) in sources("src") {
        let Some((module, _)) = name.trim_start_matches("src/").split_once('/') else { continue };
        assert!(
            wall_of(module).is_some(),
            "{name}: the table in tests/it/architecture/walls.rs does not know {module}"
        );
    }
}

/// The map in `src/lib.rs` says of each module what its wall says.
#[test]
fn the_map_says_what_the_walls_hold() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let is_module = |word: &&str| wall_of(word).is_some();
    let words = |text: &'static str| text.split(|c: char| !c.is_alphanumeric()).filter(is_module).collect::<Vec<_>>();
    let map: &'static str = map.leak();
    let mut told = BTreeSet::new();
    for row in map.lines().filter(|line| line.starts_with("//! | [`")) {
        let columns: Vec<&str> = row.split('|').collect();
        let uses: BTreeSet<&str> = words(columns[2]).into_iter().collect();
        for module in words(columns[1]) {
            let allowed: BTreeSet<&str> = wall_of(module).unwrap().modules.iter().copied().collect();
            assert_eq!(uses, allowed, "what {module} may use");
            assert!(words(columns[3]).iter().all(|never| !allowed.contains(never)), "{row}");
            assert!(told.insert(module), "{module} stands once");
        }
    }
    assert_eq!(told, WALLS.iter().map(|wall| wall.module).collect());
}

#[test]
fn files_stay_readable() {
    let mut files: Vec<(String, String)> =
        ["src", "tests", "benches"].iter().flat_map(|folder| sources(folder)).collect();
    files.push(("build.rs".to_owned(), include_str!("../../build.rs").to_owned()));
    for (name, text) in files {
        let lines = text.lines().count();
        let excused = LONGER.iter().any(|(file, _)| *file == name);
        assert!(excused || lines <= LONGEST, "{name} has {lines} lines; {LONGEST} is the most without a reason");
        assert!(!excused || lines > LONGEST, "{name} needs its excuse no longer");
    }
}

/// A span whose name is not listed leaves the process as "unnamed".
#[test]
fn every_span_has_its_name_in_the_list() {
    let mut made = BTreeSet::new();
    for (file, text) in sources("src") {
        assert!(!text.contains("#[instrument") && !text.contains("tracing::instrument]"), "{file}");
        if !file.ends_with("/tests.rs") {
            let names = text.split("_span!(").skip(1).map(|call| call.split([',', ')']).next().unwrap().trim());
            // `RPC` and `HTTP` are constants of the list.
            made.extend(names.map(|name| name.trim_matches('"').to_lowercase()));
        }
    }
    assert_eq!(made, SPANS.map(str::to_owned).into());
}

/// What the checker says of one line in one file.
fn finds(name: &str, line: &str) -> bool {
    !broken(name, line, &crates()).is_empty()
}

#[test]
fn the_checker_sees_each_way_of_breaking_a_wall() {
    for (name, line) in [
        ("src/domain/user.rs", "use crate::ports::Clock;"),
        ("src/domain/user.rs", "use super::super::engine::otp::Send;"),
        ("src/domain/user.rs", "fn f() { tracing::info!(\"x\") }"),
        ("src/domain/user.rs", "use std::{fmt, fs::{self, File}};"),
        ("src/domain/mod.rs", "use super::engine;"),
        ("src/ports/clock.rs", "pub use crate::engine::otp::Send;"),
        ("src/engine/otp/send.rs", "use {crate::domain::id, crate::adapters::sql};"),
        ("src/engine/otp/send.rs", "fn f() -> crate::grpc::proto::User { todo() }"),
        ("src/engine/otp/send.rs", "use std::time::{Duration, Instant};"),
        ("src/engine/otp/send.rs", "use aws_lc_rs::rand::SystemRandom;"),
        ("src/engine/otp/send.rs", "fn f() { ::sqlx::query(\"\"); }"),
        ("src/engine/otp/send.rs", "use tonic as t;"),
        ("src/engine/otp/send.rs", "use tokio::time::{Instant, timeout};"),
        ("src/engine/otp/send.rs", "use tokio::{fs::read, sync::watch};"),
        ("src/edge/work.rs", "fn f() { tokio::net::lookup_host(\"x\"); }"),
        ("src/engine/token/validate.rs", "use jsonwebtoken::decode;"),
        ("src/web/keys.rs", "use jsonwebtoken::jwk::Jwk;"),
        ("src/grpc/identity/send_otp.rs", "use moka::sync::Cache;"),
        ("src/config/store.rs", "use rusqlite::Connection;"),
        ("src/engine/otp/send.rs", "mod inner { use super::super::super::super::config::Config; }"),
        ("src/grpc/identity/send_otp.rs", "use crate::ports::*;"),
        ("src/web/mailbox.rs", "/* a */ use crate :: adapters :: sql;"),
        ("src/adapters/sql/mod.rs", "#[derive(crate::engine::Trick)] struct S;"),
        ("src/adapters/sql/mod.rs", "pub(in crate::config) fn f() {}"),
        ("src/adapters/sql/mod.rs", "use crate::{domain::id::UserId, r#config::Config};"),
        ("src/main.rs", "fn main() { identity::adapters::sql::open() }"),
        ("src/grpc/status.rs", "use crate::Everything;"),
    ] {
        assert!(finds(name, line), "{name}: {line}");
    }
}

#[test]
fn the_checker_lets_pass_what_is_allowed() {
    for (name, line) in [
        ("src/domain/user.rs", "use super::id::UserId; use std::net::IpAddr;"),
        (
            "src/domain/user.rs",
            "/// As [`crate::engine`] does.\n// use crate::engine;\n/* /* crate::engine */ */ struct S;",
        ),
        ("src/domain/user.rs", "const TEXT: &str = \"crate::engine\\\" \"; const RAW: &str = r#\"crate::\"engine\"#;"),
        ("src/domain/user.rs", "fn f<'a>(x: &'a str) -> char { 'x' } const Q: char = '\\''; const D: char = '\"';"),
        ("src/domain/user.rs", "#[cfg(test)]\nmod tests { use crate::adapters::sql; fn f() { { } } }"),
        ("src/domain/user/tests.rs", "use crate::adapters::sql;"),
        (
            "src/engine/otp/send.rs",
            "use crate::ports::{clock::Clock, store}; use tokio::task; use std::time::Duration;",
        ),
        ("src/engine/delivery/worker.rs", "use tokio::time::{Instant, sleep_until};"),
        ("src/engine/otp/send.rs", "fn f() { config::of(1); self::tonic(); let sqlx = 1; a.tonic; }"),
        ("src/adapters/sql/mod.rs", "use crate::domain::id; use crate::ports::store; use sqlx::Row;"),
        ("src/app/serve.rs", "use crate::{adapters, engine, grpc, config}; use std::fs;"),
        ("src/main.rs", "fn main() { identity::cli::run() }"),
    ] {
        assert!(!finds(name, line), "{name}: {:?}", broken(name, line, &crates()));
    }
}

#[test]
fn a_problem_names_its_file_line_and_wall() {
    let problems = broken("src/engine/x.rs", "use std::fmt;\n\nuse crate::grpc::status;", &crates());
    assert_eq!(problems, ["src/engine/x.rs:3: engine may not use crate::grpc::status"]);
    let wall: &Wall = wall_of("domain").unwrap();
    assert!(wall.crates.is_some(), "the domain's crates are listed, not merely some banned");
}
