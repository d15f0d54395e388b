//! Request limits over exact sliding windows.

use crate::domain::{
    digest::Digest,
    window::{Standing, Window},
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// Which budget a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerKind {
    /// Per identifier.
    Identifier,
    /// Per client address.
    Address,
    /// All together.
    All,
    /// Per identifier, of requests without a proof.
    UnprovenIdentifier,
    /// Per client address, of requests without a proof.
    UnprovenAddress,
    /// Per proof: its one use.
    Proof,
}

impl LayerKind {
    /// The stable name in answers, audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Address => "address",
            Self::All => "all",
            Self::UnprovenIdentifier => "unproven_identifier",
            Self::UnprovenAddress => "unproven_address",
            Self::Proof => "proof",
        }
    }
}

/// One budget that a request counts against.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Which budget.
    pub kind: LayerKind,
    /// Whose: a keyed hash, never an identifier or address itself.
    pub key: Digest,
    /// Its windows, at least one.
    pub windows: Arc<[Window]>,
}

/// What the limiter says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Admitted and recorded in every layer. The standings after it, in the order of the layers.
    Admitted(Vec<Standing>),
    /// Refused, and recorded in none.
    Refused {
        /// The layer that makes the caller wait longest, of those that were asked: a limiter may answer early where
        /// it knows that one refuses.
        kind: LayerKind,
        /// Where the caller stands in it.
        standing: Standing,
        /// After exactly this wait, with no other request, the layers that were asked admit it.
        retry_after: Duration,
    },
}

/// The limiter cannot decide.
#[derive(Debug, thiserror::Error)]
#[error("the limiter does not answer")]
pub struct LimiterFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Decides on requests by the law of `domain::window`, atomically over all layers.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Admits a request in every layer, or refuses it and records nothing. No two layers have both kind and key in
    /// common.
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault>;
}
