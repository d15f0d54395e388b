//! Secrets in the environment are refused: it is inherited by every child and can be read in `/proc`.
//!
//! Nothing is ever taken from it, so that such a variable has no effect; whoever sets it believes that it has.

use crate::app::Failure;

/// Variables that libraries beneath this service would read a secret from.
const FOREIGN: [&str; 7] = [
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSSLKEY",
    "REDIS_PASSWORD",
    "SMTP_PASSWORD",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
];

/// Refuses where a variable looks like a secret for this service.
#[expect(clippy::disallowed_methods, reason = "only the names are looked at, so as to refuse them")]
pub(super) fn check() -> Result<(), Failure> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut refused: Vec<String> = names.filter(|name| is_secret(name)).collect();
    refused.sort();
    if refused.is_empty() {
        return Ok(());
    }
    let remedy = "secrets are read from private files alone: unset it, and name a file in the configuration";
    let lines: Vec<String> = refused.iter().map(|name| format!("the environment has {name}; {remedy}")).collect();
    Err(Failure::Arguments(lines.join("\n")))
}

/// Not `IDENTITY_TOKEN_SERVICE_HOST` and the like, which Kubernetes sets for a service by that name.
fn is_secret(name: &str) -> bool {
    let ends = ["PASSWORD", "TOKEN", "SECRET", "KEY", "PEPPER"];
    let ours = name.strip_prefix("IDENTITY_").is_some_and(|rest| ends.iter().any(|end| rest.ends_with(end)));
    ours || FOREIGN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in ["IDENTITY_ADMIN_TOKEN", "IDENTITY_PEPPER", "IDENTITY_SMTP_PASSWORD", "PGPASSWORD"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["IDENTITY_SERVICE_HOST", "IDENTITY_TOKEN_SERVICE_PORT", "HOME", "GITHUB_TOKEN", "IDENTITY"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
