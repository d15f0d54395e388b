//! Whether the parts that the service needs are there.

use super::token::TokenIssuer;
use crate::ports::{clock::Clock, limiter::Limiter, store::Store};
use std::{sync::Arc, time::Duration};

/// A store that takes longer than this to say that it is there is not there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks after the parts that the service needs.
pub struct Readiness {
    store: Arc<dyn Store>,
    tokens: Arc<TokenIssuer>,
    limiter: Arc<dyn Limiter>,
    clock: Arc<dyn Clock>,
}

/// Which parts are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The store answers.
    pub store: bool,
    /// This process's clock and the store's agree; also where the store has none of its own.
    pub clock: bool,
    /// The feed of revocations is fresh, so that tokens can be called active.
    pub revocations: bool,
    /// Who counts requests: `shared`, `share`, `memory`; `None` where nobody has looked yet. It is told and not needed:
    /// without the shared limiter the service goes on at its share.
    pub limits: Option<&'static str>,
    /// How far this process's clock is at least ahead of the store's, in microseconds; `None` where that was not to be learnt.
    pub ahead: Option<i64>,
}

impl Ready {
    /// Nothing is known yet.
    pub const UNKNOWN: Self = Self { store: false, clock: false, revocations: false, limits: None, ahead: None };

    /// Whether every part is there.
    #[must_use]
    pub const fn all(self) -> bool {
        self.issuing() && self.revocations
    }

    /// Whether codes and tokens can be issued.
    #[must_use]
    pub const fn issuing(self) -> bool {
        self.store && self.clock
    }
}

impl Readiness {
    /// Looks after these parts.
    #[must_use]
    pub const fn new(
        store: Arc<dyn Store>,
        tokens: Arc<TokenIssuer>,
        limiter: Arc<dyn Limiter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, tokens, limiter, clock }
    }

    /// Looks now. Takes a second at most.
    pub async fn look(&self) -> Ready {
        let asked = self.clock.now();
        let answer = tokio::time::timeout(PATIENCE, self.store.ping()).await;
        let (store, store_time) = match answer {
            Ok(Ok(store_time)) => (true, store_time),
            Ok(Err(_)) | Err(_) => (false, None),
        };
        let clocks = self.tokens.clocks();
        let ahead = store_time.map(|store_time| clocks.compare(asked, store_time, self.clock.now()));
        Ready {
            store,
            clock: !clocks.are_apart(),
            revocations: self.tokens.feed_is_fresh(),
            limits: Some(self.limiter.counter().as_str()),
            ahead,
        }
    }
}
