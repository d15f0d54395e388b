//! The table of who may use whom.

use super::paths::{Reference, references};

/// What one module of `src/` may use.
pub(super) struct Wall {
    pub(super) module: &'static str,
    /// Its neighbours; itself is understood.
    pub(super) modules: &'static [&'static str],
    /// The crates of others, where they are listed; std is understood.
    pub(super) crates: Option<&'static [&'static [&'static str]]>,
    /// Paths that are out of bounds, in std and elsewhere.
    never: &'static [&'static [&'static str]],
}

/// Small, pure, and needed to say what a value is.
const PURE: &[&str] = &[
    "aws_lc_rs",
    "base64",
    "idna",
    "ipnet",
    "jiff",
    "rlibphonenumber",
    "secrecy",
    "serde",
    "thiserror",
    "unicode_normalization",
    "uuid",
    "zeroize",
];

/// Time, randomness, and the machine.
const AMBIENT: &[&str] = &[
    "std::env",
    "std::fs",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "aws_lc_rs::rand",
    "rand",
    "jiff::Timestamp::now",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::time::Instant",
];

/// What is used behind a wall all the same: the file, what it uses, and why.
const ALLOWED: [(&str, &str, &str); 2] = [
    (
        "src/engine/delivery/worker.rs",
        "tokio::time::Instant",
        "how long it rests between two looks is measured by the timer that wakes it, which tests stop; no moment is kept or judged",
    ),
    (
        "src/engine/fault/told.rs",
        "tokio::time::Instant",
        "how long a line is left out of the log is measured where lines are written, which have no clock; nothing else is judged by it",
    ),
];

/// What engines decide without: transport, stores and configuration.
const OUTSIDE: &[&str] = &[
    "axum",
    "clap",
    "deadpool_redis",
    "http",
    "http_body",
    "http_body_util",
    "hyper",
    "hyper_util",
    "jsonwebtoken",
    "lettre",
    "moka",
    "opentelemetry",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
    "prost",
    "prost_types",
    "redis",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "sqlx",
    "tokio_rustls",
    "toml",
    "tonic",
    "tonic_health",
    "tonic_prost",
    "tonic_types",
    "tonic_web",
    "tower",
];

/// What adapters alone touch: stores, mail, and the keys of tokens.
const BEHIND_PORTS: &[&str] =
    &["deadpool_redis", "jsonwebtoken", "lettre", "moka", "redis", "reqwest", "rusqlite", "sqlx"];
/// What stands between the service and its callers.
const TRANSPORT: &[&str] = &["axum", "clap", "tonic", "tonic_types", "tonic_web", "tower_http"];

pub(super) const WALLS: [Wall; 11] = [
    Wall { module: "domain", modules: &[], crates: Some(&[PURE]), never: &[AMBIENT] },
    Wall { module: "ports", modules: &["domain"], crates: Some(&[PURE, &["async_trait"]]), never: &[AMBIENT] },
    Wall { module: "engine", modules: &["domain", "ports"], crates: None, never: &[OUTSIDE, AMBIENT] },
    Wall { module: "edge", modules: &["domain"], crates: None, never: &[BEHIND_PORTS, TRANSPORT, AMBIENT] },
    Wall { module: "grpc", modules: &["domain", "engine", "edge", "telemetry"], crates: None, never: &[BEHIND_PORTS] },
    Wall { module: "web", modules: &["domain", "engine", "edge", "telemetry"], crates: None, never: &[BEHIND_PORTS] },
    Wall { module: "adapters", modules: &["domain", "ports", "telemetry"], crates: None, never: &[TRANSPORT] },
    Wall { module: "config", modules: &["domain"], crates: None, never: &[BEHIND_PORTS, TRANSPORT, &["std::env"]] },
    Wall { module: "telemetry", modules: &["domain"], crates: None, never: &[BEHIND_PORTS] },
    Wall { module: "cli", modules: &["app", "config", "domain", "telemetry"], crates: None, never: &[BEHIND_PORTS] },
    Wall {
        module: "app",
        modules: &["domain", "ports", "engine", "edge", "grpc", "web", "adapters", "config", "telemetry"],
        crates: None,
        never: &[],
    },
];

/// The binary begins the command line and no more.
const MAIN: Wall = Wall { module: "main", modules: &["cli", "app", "telemetry"], crates: None, never: &[BEHIND_PORTS] };

/// The wall around a module.
pub(super) fn wall_of(module: &str) -> Option<&'static Wall> {
    WALLS.iter().find(|wall| wall.module == module)
}

/// What the file `name` names and may not. `crates` are those of `Cargo.toml`.
pub(super) fn broken(name: &str, text: &str, crates: &[String]) -> Vec<String> {
    let inside = name.trim_start_matches("src/");
    // Unit tests put parts together that the code keeps apart.
    if inside == "lib.rs" || inside.ends_with("/tests.rs") || inside.contains("/tests/") {
        return Vec::new();
    }
    let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let wall = if module == "main" { &MAIN } else { wall_of(module).unwrap_or(&MAIN) };
    references(name, text)
        .into_iter()
        .filter(|reference| !wall.allows(reference, crates))
        .filter(|reference| !ALLOWED.iter().any(|(file, path, _)| *file == name && reaches(&reference.path, path)))
        .map(|Reference { path, line }| format!("{name}:{line}: {} may not use {}", wall.module, path.join("::")))
        .collect()
}

impl Wall {
    fn allows(&self, reference: &Reference, crates: &[String]) -> bool {
        let mut names = reference.path.iter().map(String::as_str);
        let first = names.next().unwrap_or_default();
        if first == "crate" {
            return names.next().is_none_or(|module| module == self.module || self.modules.contains(&module));
        }
        let foreign = crates.iter().any(|name| name == first);
        if !foreign && !matches!(first, "std" | "core" | "alloc" | "redis") {
            return true;
        }
        let listed = !foreign || self.crates.is_none_or(|lists| lists.concat().contains(&first));
        listed && !self.never.concat().iter().any(|never| reaches(&reference.path, never))
    }
}

/// Whether `path` is `prefix` or lies within it.
fn reaches(path: &[String], prefix: &str) -> bool {
    let mut path = path.iter();
    prefix.split("::").all(|part| path.next().is_some_and(|name| name == part))
}
