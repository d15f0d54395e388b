//! Requests as the audit log has them.

use super::Rule;
use crate::domain::{client::ClientId, contact::IdentifierKey, time::Timestamp};
use std::net::IpAddr;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// A code was sent.
    Sent,
    /// No code was sent: a request limit refused, that of the rule where the log names it.
    Limited(Option<Rule>),
    /// A code was evaluated and right, and no failure is left: the person signed in, or is disabled.
    Right,
    /// A code was evaluated and wrong: the failure counts.
    Wrong,
    /// A code was not evaluated, as its identifier was locked.
    Locked,
}

impl Past {
    /// What became of it, given act, outcome and reason as the log has them; `None` for what no limit and no ladder
    /// would have judged.
    #[must_use]
    pub fn of(act: &str, outcome: &str, reason: &str) -> Option<Self> {
        match (act, outcome, reason) {
            // A text message that was kept back had passed the limits of requests.
            ("code.sent" | "code.resent", "success", _) | ("code.withheld", ..) => Some(Self::Sent),
            ("code.sent" | "code.resent", _, reason) => {
                let rule = reason.strip_prefix("RATE_LIMITED")?;
                let named = Rule::ALL
                    .into_iter()
                    .find(|one| rule.strip_prefix('_').is_some_and(|rule| rule.eq_ignore_ascii_case(one.as_str())));
                Some(Self::Limited(named))
            }
            ("code.verified" | "link.redeemed" | "link.approved", "success", _)
            | ("code.verified" | "link.redeemed", _, "USER_DISABLED") => Some(Self::Right),
            // These had been charged; what is refused before is neither right nor wrong.
            ("code.verified", _, "CODE_INVALID") | ("link.redeemed", _, "MATCH_NUMBER_INVALID") => Some(Self::Wrong),
            ("code.verified" | "link.redeemed", _, "ACCOUNT_LOCKED") => Some(Self::Locked),
            _ => None,
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct PastRequest {
    /// When.
    pub time: Timestamp,
    /// What became of it.
    pub what: Past,
    /// The client application, where the log has it.
    pub client_id: Option<ClientId>,
    /// The identifier, where the log has it.
    pub identifier: Option<IdentifierKey>,
    /// The client address, where it was known.
    pub address: Option<IpAddr>,
}
