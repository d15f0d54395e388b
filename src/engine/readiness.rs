//! Whether the parts that the service needs are there.

use super::token::TokenIssuer;
use crate::ports::{limiter::Limiter, store::Store};
use std::{sync::Arc, time::Duration};

/// A store that takes longer than this to say that it is there is not there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks after the parts that the service needs.
pub struct Readiness {
    store: Arc<dyn Store>,
    tokens: Arc<TokenIssuer>,
    limiter: Arc<dyn Limiter>,
}

/// Which parts are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The store answers.
    pub store: bool,
    /// The feed of revocations is fresh, so that tokens can be called active.
    pub revocations: bool,
    /// Who counts requests: `shared`, `share`, `memory`; `None` where nobody has looked yet. It is told and not needed:
    /// without the shared limiter the service goes on at its share.
    pub limits: Option<&'static str>,
}

impl Ready {
    /// Nothing is known yet.
    pub const UNKNOWN: Self = Self { store: false, revocations: false, limits: None };

    /// Whether every part is there.
    #[must_use]
    pub const fn all(self) -> bool {
        self.store && self.revocations
    }
}

impl Readiness {
    /// Looks after these parts.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, tokens: Arc<TokenIssuer>, limiter: Arc<dyn Limiter>) -> Self {
        Self { store, tokens, limiter }
    }

    /// Looks now. Takes a second at most.
    pub async fn look(&self) -> Ready {
        let store = matches!(tokio::time::timeout(PATIENCE, self.store.ping()).await, Ok(Ok(())));
        Ready { store, revocations: self.tokens.feed_is_fresh(), limits: Some(self.limiter.counter().as_str()) }
    }
}
