//! Every instrument of this service but the calls, which stand beside the methods in `grpc`. A new one is a `static`
//! here, its names in `names`, and its place in [`ALL`].

use super::counter::{About, Counter, Gauge, Instrument};
use crate::telemetry::names::{CHANGE, LAYER, LIMITER_ALONE, LIMITER_CHANGES, LIMITER_DECISIONS, OUTCOME, REASON};

/// What the service offers.
pub static ALL: [&'static dyn Instrument; 3] = [&DECISIONS, &CHANGES, &ALONE];

/// Decisions on requests for codes, for each layer that was asked: `identifier`, `address`, `network`, `all`, those of proofs; `none` where no layer
/// could be.
pub static DECISIONS: Counter<10, 4> = Counter::new(
    About {
        name: LIMITER_DECISIONS,
        unit: "{decision}",
        description: "Decisions on requests for codes, by the layer that decided and how.",
    },
    [LAYER, OUTCOME],
    [
        "identifier",
        "address",
        "network",
        "all",
        "unproven_identifier",
        "unproven_address",
        "proof",
        "device",
        "failures",
        "none",
    ],
    ["admitted", "refused", "fault", "would_refuse"],
)
.from_zero();

/// Changes in who counts requests, and why.
pub static CHANGES: Counter<3, 7> = Counter::new(
    About {
        name: LIMITER_CHANGES,
        unit: "{change}",
        description: "Changes in who counts requests: this process alone, Redis again, Redis refilled after a loss.",
    },
    [CHANGE, REASON],
    ["degraded", "restored", "refilled"],
    ["", "UNREACHABLE", "TIMED_OUT", "OUT_OF_MEMORY", "READ_ONLY", "LOADING", "FAILED"],
)
.from_zero();

/// Whether this process counts alone.
pub static ALONE: Gauge = Gauge::new(About {
    name: LIMITER_ALONE,
    unit: "{process}",
    description: "1 while this process counts requests alone, at its share, as Redis cannot decide; else 0.",
});
