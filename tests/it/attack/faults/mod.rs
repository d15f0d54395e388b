//! Groups J and M: what faults of the store, kills and stops do to callers and to what is kept.

mod books;
mod file;
mod kills;
mod logs;
mod revocations;
mod server;
mod stop;
mod told;

use crate::support::settings::Settings;
use crate::support::world::{Store, World};

/// A service that lets one address ask for as many codes as a test does.
fn unlimited(settings: &mut Settings) {
    for layer in ["identifier", "address", "all"] {
        settings.limit(layer, 100_000, 60);
    }
}

impl World {
    async fn unhurried(store: Store) -> Self {
        Self::with(store, unlimited).await
    }
}
