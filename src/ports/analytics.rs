//! Whoever counts the funnel of signing in.

use crate::domain::funnel::FunnelEvent;

/// Takes events of the funnel.
pub trait Analytics: Send + Sync {
    /// Takes an event, at once and without fail: where there is no room for it, it is lost and counted as lost.
    fn note(&self, event: FunnelEvent);
}
