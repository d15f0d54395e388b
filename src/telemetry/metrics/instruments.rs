//! Every instrument of this service but the calls, which stand beside the methods in `grpc`. A new one is a `static`
//! here, its names in `names`, and its place in [`ALL`].

use super::{
    counter::{About, Counter, Gauge, Instrument, Span, Total},
    durations::Durations,
};
use crate::telemetry::names::{
    self, CHANGE, DELIVERY_HANDOVERS, LAYER, LIMITER_ALONE, LIMITER_CHANGES, LIMITER_DECISIONS, OUTCOME, PROVIDER,
    REASON,
};

/// What the service offers.
pub static ALL: [&'static dyn Instrument; 13] = [
    &DECISIONS,
    &CHANGES,
    &ALONE,
    &CLOCK_AHEAD,
    &TEXT_MESSAGES_STOPPED,
    &ANALYTICS_EVENTS,
    &HANDOVERS,
    &RECEIPTS,
    &HTTP_REQUESTS,
    &CONNECTIONS_FULL,
    &LOG_LINES,
    &STORE_BATCHES_LEFT_BEHIND,
    &PANICS,
];

/// Decisions of the limiter for each layer that was asked; `none` where no layer could be. All count requests for codes,
/// but `failures`, which counts wrong codes of unknown devices; what it refuses is what raises the guard, or in shadow
/// would; and `guesses`, which counts wrong links, codes of client applications, names of challenges, refresh and operators'
/// tokens, and calls about a challenge that is over or too early: what it refuses leaves no event.
pub static DECISIONS: Counter<11, 4> = Counter::new(
    About {
        name: LIMITER_DECISIONS,
        unit: "{decision}",
        description: "Decisions of the limiter, by the layer that decided and how.",
    },
    [LAYER, OUTCOME],
    [
        "identifier",
        "device",
        "address",
        "network",
        "all",
        "unproven_identifier",
        "unproven_address",
        "proof",
        "failures",
        "guesses",
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

/// How far this process's clock is ahead of the store's; 0 where the store has none of its own.
pub static CLOCK_AHEAD: Span = Span::new(About {
    name: names::CLOCK_AHEAD,
    unit: "s",
    description: "How far this process's clock is at least ahead of PostgreSQL's; negative where it is behind.",
});

/// Events of the funnel, by what became of them; those that no sink takes are lost.
pub static ANALYTICS_EVENTS: Counter<5, 4> = Counter::new(
    About {
        name: names::ANALYTICS_EVENTS,
        unit: "{event}",
        description: "Events of the funnel of signing in, by whether they were written or lost, and where.",
    },
    [names::EVENT, OUTCOME],
    ["requested", "delivered", "verified", "failed", "abandoned"],
    ["written", "queue_full", "file_failed", "collector_failed"],
);

/// Text messages that a rule of the policy's `[sms]` stops: kept back, or in shadow sent all the same.
pub static TEXT_MESSAGES_STOPPED: Counter<8, 2> = Counter::new(
    About {
        name: names::TEXT_MESSAGES_STOPPED,
        unit: "{message}",
        description: "Text messages that a rule against fraud stops, by the rule; in shadow they are sent all the same.",
    },
    [REASON, OUTCOME],
    [
        "SMS_COUNTRY_NOT_ALLOWED",
        "SMS_NUMBER_TYPE_REFUSED",
        "SMS_PREFIX_BUDGET",
        "SMS_COUNTRY_BUDGET",
        "SMS_TOTAL_BUDGET",
        "SMS_MONEY_BUDGET",
        "SMS_UNUSED_PREFIX",
        "SMS_UNUSED_NETWORK",
    ],
    ["withheld", "would_refuse"],
)
.from_zero();

/// Hand-overs to providers that have ended. One that is cut off, as its message expires, is not counted.
pub static HANDOVERS: Counter<5, 6> = Counter::new(
    About {
        name: DELIVERY_HANDOVERS,
        unit: "{handover}",
        description: "Hand-overs of messages to providers, by the kind of provider and how they end.",
    },
    [PROVIDER, OUTCOME],
    ["smtp", "sendgrid", "twilio", "webhook", "mailbox"],
    ["accepted", "refused", "unserved", "deferred", "unanswered", "misconfigured"],
)
.from_zero();

/// Answered requests of pages and of `/token`, from their head to the head of the answer.
pub static HTTP_REQUESTS: Durations = Durations::new(About {
    name: names::HTTP_DURATION,
    unit: "s",
    description: "Duration of requests of pages, by method, route and status.",
});

/// Connections that made room for others where a listener had all that it takes, as they never called or had been idle; and
/// connections that were refused, as on all a call was under way, or too many were on their way out.
pub static CONNECTIONS_FULL: Counter<2, 4> = Counter::new(
    About {
        name: names::CONNECTIONS_FULL,
        unit: "{connection}",
        description: "Connections that made room for others, or were refused, where a listener had all it takes.",
    },
    [OUTCOME, REASON],
    ["made_room", "refused"],
    ["NEVER_CALLED", "IDLE", "ALL_BUSY", "TOO_MANY_LEAVING"],
);

/// Lines of the log that were lost: nobody read what waits, or standard error is closed.
pub static LOG_LINES: Counter<1, 2> = Counter::new(
    About {
        name: names::LOG_LINES,
        unit: "{line}",
        description: "Lines of the log that were lost, as whoever reads standard error does not keep up or is gone.",
    },
    [OUTCOME, REASON],
    ["lost"],
    ["QUEUE_FULL", "NOT_WRITTEN"],
)
.from_zero();

/// Panics, wherever they are caught.
pub static PANICS: Total = Total::new(About {
    name: names::PANICS,
    unit: "{panic}",
    description: "Panics: each is a fault of this program, whose call was answered INTERNAL or whose job ended the service.",
});

/// Receipts of providers: each that is taken or no news, and each post that is not taken as a whole.
pub static RECEIPTS: Counter<2, 7> = Counter::new(
    About {
        name: names::DELIVERY_RECEIPTS,
        unit: "{receipt}",
        description: "Receipts that providers post of messages, by the kind of provider and what became of them.",
    },
    [PROVIDER, OUTCOME],
    ["sendgrid", "twilio"],
    ["taken", "no_news", "forged", "stale", "malformed", "too_much", "failed"],
)
.from_zero();

/// Batches of steps that hung: a row that somebody else holds, a connection or a disk that does not answer. Their callers wait
/// until their time is over, those who come after them do not.
pub static STORE_BATCHES_LEFT_BEHIND: Counter<6, 1> = Counter::new(
    About {
        name: names::STORE_BATCHES_LEFT_BEHIND,
        unit: "{batch}",
        description: "Batches of steps of the store that hung, so that others went past them, by the step.",
    },
    [names::STORE_OPERATION, names::STORE_SYSTEM],
    ["begin_challenge", "charge_attempt", "complete_sign_in", "rotate", "record", "settle"],
    ["postgresql"],
)
.from_zero();
