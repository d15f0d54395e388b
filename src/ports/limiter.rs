//! Request limits over exact sliding windows.

use crate::domain::{
    digest::Digest,
    policy::Mode,
    window::{Decision, Kept, Stand, Standing, Window},
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// Which budget a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerKind {
    /// Per identifier.
    Identifier,
    /// Per known device, where the budget of its identifier is spent.
    Device,
    /// Per client address.
    Address,
    /// Per IPv6 network of 48 bits.
    Network,
    /// All together.
    All,
    /// Per identifier, of requests without a proof.
    UnprovenIdentifier,
    /// Per client address, of requests without a proof.
    UnprovenAddress,
    /// Per proof: its one use.
    Proof,
    /// Wrong codes of unknown devices, all together.
    Failures,
    /// Events of wrong guesses at links, codes of client applications, names of challenges, refresh and operators' tokens, and
    /// of what is asked of a challenge that is over or too early, per client address and per IPv6 network.
    Guesses,
}

impl LayerKind {
    /// All of them, in the order of their rows in tables and metrics.
    pub const ALL: [Self; 10] = [
        Self::Identifier,
        Self::Device,
        Self::Address,
        Self::Network,
        Self::All,
        Self::UnprovenIdentifier,
        Self::UnprovenAddress,
        Self::Proof,
        Self::Failures,
        Self::Guesses,
    ];

    /// Its place in `ALL`.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The stable name in answers, audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Device => "device",
            Self::Address => "address",
            Self::Network => "network",
            Self::All => "all",
            Self::UnprovenIdentifier => "unproven_identifier",
            Self::UnprovenAddress => "unproven_address",
            Self::Proof => "proof",
            Self::Failures => "failures",
            Self::Guesses => "guesses",
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
    /// In shadow it refuses nobody. It counts a request that it would have admitted, and tells of one that it would
    /// have refused: its log is the same as if it were enforced.
    pub mode: Mode,
    /// How much of its log others need who count on the same key with windows of their own; at least what its windows
    /// need.
    pub kept: Kept,
}

/// What the limiter says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Admitted, and recorded in every layer but those in shadow that would have refused it. The decisions, in the
    /// order of the layers; only one of a layer in shadow can have a `retry_after`.
    Admitted(Vec<Decision>),
    /// Refused by a layer that is enforced, and recorded in none.
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

/// Who counts the requests that a process decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// The process itself: there is no other.
    Memory,
    /// The limiter that replicas share.
    Shared,
    /// The process alone, at its share, for the shared limiter is away or was until a moment ago.
    Share,
}

impl Counter {
    /// The stable name in health and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Shared => "shared",
            Self::Share => "share",
        }
    }
}

/// Where layers stand, with no request made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// Who would decide on a request made now.
    pub counter: Counter,
    /// Each window of each layer, in their order. Counted at its share, a window is the share of it.
    pub layers: Vec<Vec<Stand>>,
}

/// Why a limiter cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultReason {
    /// There is no connection.
    Unreachable,
    /// No answer within the time.
    TimedOut,
    /// Its memory is full and it drops nothing.
    OutOfMemory,
    /// It takes no writes: a replica, or a primary without enough of them.
    ReadOnly,
    /// It is reading its data, or running a long script.
    Loading,
    /// Another error, or an answer that is none.
    Failed,
}

impl FaultReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Unreachable, Self::TimedOut, Self::OutOfMemory, Self::ReadOnly, Self::Loading, Self::Failed];

    /// The stable name in audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::TimedOut => "TIMED_OUT",
            Self::OutOfMemory => "OUT_OF_MEMORY",
            Self::ReadOnly => "READ_ONLY",
            Self::Loading => "LOADING",
            Self::Failed => "FAILED",
        }
    }
}

/// The limiter cannot decide.
#[derive(Debug, thiserror::Error)]
#[error("the limiter does not answer")]
pub struct LimiterFault {
    /// Why, in a stable word.
    pub reason: FaultReason,
    /// What happened.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Decides on requests by the law of `domain::window`, atomically over all layers.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Admits a request in every layer, or refuses it and records nothing. No two layers have both kind and key in
    /// common.
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault>;

    /// Where the layers stand. Counts nothing, records nothing, and changes nothing for anybody.
    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault>;

    /// Who would decide on a request made now. Asks nobody.
    fn counter(&self) -> Counter;
}

/// A change in where requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimiterChange {
    /// This process counts by itself, at its share: the shared limiter cannot decide.
    Degraded(FaultReason),
    /// The shared limiter counts again.
    Restored,
    /// The shared limiter had lost what it counted, and was told what this process remembers.
    Refilled,
}
