//! Which spans and events a layer sees, decided once for each place in the code.

use tracing::{Metadata, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    filter::Targets,
    layer::{Context, Filter},
};

/// The target of everything in this crate.
pub(super) const OURS: &str = "identity";

/// Events alone: this service's at a level, the libraries' warnings. What libraries say at finer levels is not ours to
/// redact, so no setting brings it out.
pub(super) struct Events(Targets);

impl Events {
    pub(super) fn at(level: LevelFilter) -> Self {
        let libraries = LevelFilter::WARN.min(level);
        let targets = Targets::new()
            .with_default(libraries)
            .with_target(OURS, level)
            // It logs slow statements and connection errors, with the statement's text and the server's words.
            .with_target("sqlx", LevelFilter::OFF)
            .with_target("sqlx::postgres::notice", libraries)
            // While a Cluster is away it tells of each node at each try; the limiter tells once what is wrong.
            .with_target("redis", LevelFilter::OFF);
        Self(targets)
    }

    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.0.would_enable(metadata.target(), metadata.level())
    }
}

impl<S> Filter<S> for Events {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.takes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.takes(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.0)
    }
}

/// This service's own spans alone.
pub(super) struct OwnSpans;

impl OwnSpans {
    fn takes(metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let ours = target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        metadata.is_span() && ours && *metadata.level() <= LevelFilter::INFO
    }
}

impl<S> Filter<S> for OwnSpans {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Self::takes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::takes(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}
