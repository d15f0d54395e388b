//! Secrets in the environment are refused: it is inherited by every child and can be read in `/proc`.
//!
//! Nothing is ever taken from it, so that such a variable has no effect; whoever sets it believes that it has.

use crate::app::Failure;

/// Variables that libraries beneath this service, or the tools of what it talks to, would read a secret from.
const FOREIGN: [&str; 15] = [
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSSLKEY",
    "PGSSLPASSWORD",
    "REDIS_PASSWORD",
    "REDISCLI_AUTH",
    "SMTP_PASSWORD",
    "SMTP_PASS",
    "SENDGRID_API_KEY",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_API_SECRET",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
];

/// Words that name a secret in a variable of ours, in the plural too.
const SECRETS: [&str; 13] = [
    "PASSWORD",
    "PASS",
    "PASSPHRASE",
    "PWD",
    "TOKEN",
    "SECRET",
    "KEY",
    "PEM",
    "PEPPER",
    "CREDENTIAL",
    "DSN",
    "DATABASE_URL",
    "REDIS_URL",
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

/// Not `IDENTITY_TOKEN_SERVICE_HOST` and `IDENTITY_TOKEN_PORT_8080_TCP` and the like, which Kubernetes sets for a service by
/// that name.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let Some(ours) = name.strip_prefix("IDENTITY_") else { return FOREIGN.contains(&name.as_str()) };
    // A number at the end tells one of several.
    let ours = ours.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    let is_last_word =
        |word: &str, text: &str| text.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    let one = ours.strip_suffix('S').unwrap_or(ours);
    SECRETS.iter().any(|secret| is_last_word(secret, ours) || is_last_word(secret, one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in
            ["ADMIN_TOKEN", "PEPPER", "PEPPERS", "SMTP_PASSWORD", "DATABASE_URL", "KEY_1", "TOKEN_2", "DSN", "PASS"]
        {
            assert!(is_secret(&format!("IDENTITY_{name}")), "{name}");
        }
        for name in ["identity_admin_token", "IDENTITY_SIGNING_KEY_PEM", "PGPASSWORD", "TWILIO_AUTH_TOKEN"] {
            assert!(is_secret(name), "{name}");
        }
        let kubernetes =
            ["TOKEN_SERVICE_HOST", "TOKEN_SERVICE_PORT", "TOKEN_PORT_8080_TCP", "TOKEN_PORT_8080_TCP_ADDR"];
        for name in kubernetes.into_iter().chain(["SERVICE_HOST", "PORT", "MONKEY", "BYPASS", "COMPASS"]) {
            assert!(!is_secret(&format!("IDENTITY_{name}")), "{name}");
        }
        for name in ["HOME", "GITHUB_TOKEN", "IDENTITY", "PWD"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
