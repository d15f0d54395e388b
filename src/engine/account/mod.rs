//! A person's own account, and an operator's acts on it.

mod admin;
mod lockouts;
mod own;
mod view;

pub use admin::{AdminEngine, ChangeUser};
pub use lockouts::{LockoutView, Unlock};
pub use own::{AccountEngine, SessionList};
pub use view::UserView;

use crate::{
    domain::id::EventId,
    engine::{guesses::Guesses, token::TokenIssuer},
    ports::{clock::Clock, entropy::Entropy, keys::Keys, store::Store},
};
use std::sync::Arc;

/// What the account engines work with.
#[derive(Clone)]
pub struct AccountParts {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Sealing keys and the index key.
    pub keys: Arc<dyn Keys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// Who checks access tokens and learns of ended sessions.
    pub tokens: Arc<TokenIssuer>,
    /// Who counts and records wrong credentials of operators.
    pub guesses: Arc<Guesses>,
}

impl AccountParts {
    fn event_id(&self) -> EventId {
        EventId::new(self.entropy.uuid())
    }
}
