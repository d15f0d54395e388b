//! The only names of spans and of their fields, and the names of metrics and their labels. Of spans, what is not listed
//! does not leave the process: see `redaction`. Labels of metrics take the words of tables in the code and no others.
//!
//! | name | on | says |
//! |---|---|---|
//! | `rpc` | span | one call; exported under its method's name |
//! | `http` | span | one request of a page or of `/token`; exported under its method and route |
//! | `store` | span | one step of the store |
//! | `limiter` | span | one decision on a request for a code |
//! | `captcha` | span | one question to a provider of captchas |
//! | `delivery` | span | one message's hand-over to a provider |
//! | `rpc.method` | `rpc` | package, service and method |
//! | `rpc.response.status_code` | `rpc` | the canonical code, in words |
//! | `http.request.method` | `http` | the method, `_OTHER` for one that no page takes |
//! | `http.route` | `http` | the path as the router knows it; never a path or query as it was sent |
//! | `http.response.status_code` | `http` | the status |
//! | `identity.reason` | `rpc` | the stable reason of a refusal |
//! | `db.operation.name` | `store` | the step |
//! | `db.system.name` | `store` | `postgresql` or `sqlite` |
//! | `outcome` | `limiter` | `refused`, where it was |
//! | `message_id` | `delivery` | the message's id |
//! | `provider` | `delivery` | the provider's name |
//!
//! | metric | labels | says |
//! |---|---|---|
//! | `identity.rpc.calls` | `rpc.method`, `rpc.response.status_code` | answered calls |
//! | `http.server.request.duration` | `http.request.method`, `http.route`, `http.response.status_code` | how long requests of pages take, in seconds |
//! | `identity.limiter.decisions` | `layer`, `outcome` | decisions on requests for codes, wrong codes and wrong guesses |
//! | `identity.limiter.changes` | `change`, `identity.reason` | changes in who counts requests |
//! | `identity.limiter.alone` | | 1 while this process counts alone |
//! | `identity.clock.ahead` | | seconds that this process's clock is ahead of PostgreSQL's |
//! | `identity.connections.full` | `outcome`, `identity.reason` | connections that made room where a listener had all it takes, and that were refused |
//! | `identity.store.batches.left_behind` | `db.operation.name`, `db.system.name` | batches of steps that hung, so that others went past them |
//! | `identity.text_messages.stopped` | `identity.reason`, `outcome` | text messages that a rule stops, or would in shadow |
//! | `identity.analytics.events` | `event`, `outcome` | events of the funnel, written or lost |
//! | `identity.log.lines` | `outcome`, `identity.reason` | lines of the log that were lost |
//! | `identity.panics` | | panics: each is a fault of this program |
//! | `identity.delivery.handovers` | `provider`, `outcome` | hand-overs to a kind of provider, such as `smtp` |
//! | `identity.delivery.receipts` | `provider`, `outcome` | what a kind of provider told of messages, and what was forged |

/// Every span that may be exported under its own name.
pub const SPANS: [&str; 6] = [RPC, HTTP, STORE, LIMITER, CAPTCHA, DELIVERY];

/// Every field that may be exported.
pub const FIELDS: [&str; 11] = [
    RPC_METHOD,
    RPC_STATUS,
    REASON,
    HTTP_METHOD,
    HTTP_ROUTE,
    HTTP_STATUS,
    STORE_OPERATION,
    STORE_SYSTEM,
    OUTCOME,
    MESSAGE_ID,
    PROVIDER,
];

/// One call.
pub const RPC: &str = "rpc";
/// One request of a page.
pub const HTTP: &str = "http";
/// One step of the store.
pub const STORE: &str = "store";
/// One decision of the limiter.
pub const LIMITER: &str = "limiter";
/// One question to a provider of captchas.
pub const CAPTCHA: &str = "captcha";
/// One hand-over of a message.
pub const DELIVERY: &str = "delivery";

/// Package, service and method, such as `identity.v1.IdentityService/SendOtp`.
pub const RPC_METHOD: &str = "rpc.method";
/// The canonical code of the answer, such as `OK` or `RESOURCE_EXHAUSTED`.
pub const RPC_STATUS: &str = "rpc.response.status_code";
/// The stable reason of a refusal, such as `RATE_LIMITED`.
pub const REASON: &str = "identity.reason";
/// The method of a request, such as `GET`.
pub const HTTP_METHOD: &str = "http.request.method";
/// The path as the router knows it, such as `/sign-in`.
pub const HTTP_ROUTE: &str = "http.route";
/// The status of the answer, such as `200`.
pub const HTTP_STATUS: &str = "http.response.status_code";
/// The step of the store, such as `charge_attempt`.
pub const STORE_OPERATION: &str = "db.operation.name";
/// `postgresql` or `sqlite`.
pub const STORE_SYSTEM: &str = "db.system.name";
/// How a decision ended, in a fixed word.
pub const OUTCOME: &str = "outcome";
/// The message's id.
pub const MESSAGE_ID: &str = "message_id";
/// The provider's name, such as `smtp`.
pub const PROVIDER: &str = "provider";

/// Answered calls.
pub const RPC_CALLS: &str = "identity.rpc.calls";
/// How long requests of pages take.
pub const HTTP_DURATION: &str = "http.server.request.duration";
/// Decisions on requests for codes.
pub const LIMITER_DECISIONS: &str = "identity.limiter.decisions";
/// Changes in who counts requests.
pub const LIMITER_CHANGES: &str = "identity.limiter.changes";
/// Whether this process counts alone.
pub const LIMITER_ALONE: &str = "identity.limiter.alone";

/// How far this process's clock is ahead of the store's.
pub const CLOCK_AHEAD: &str = "identity.clock.ahead";

/// Hand-overs to providers.
pub const DELIVERY_HANDOVERS: &str = "identity.delivery.handovers";

/// Receipts of providers.
pub const DELIVERY_RECEIPTS: &str = "identity.delivery.receipts";

/// What becomes of connections where a listener has all that it takes.
pub const CONNECTIONS_FULL: &str = "identity.connections.full";

/// Lines of the log that were lost.
pub const LOG_LINES: &str = "identity.log.lines";

/// Batches of steps of the store that hung.
pub const STORE_BATCHES_LEFT_BEHIND: &str = "identity.store.batches.left_behind";

/// Panics.
pub const PANICS: &str = "identity.panics";

/// Text messages that a rule stops.
pub const TEXT_MESSAGES_STOPPED: &str = "identity.text_messages.stopped";

/// Events of the funnel.
pub const ANALYTICS_EVENTS: &str = "identity.analytics.events";

/// Which event, as `domain::funnel` names it.
pub const EVENT: &str = "event";
/// The layer that decided, as `LayerKind` names it, or `none`.
pub const LAYER: &str = "layer";
/// Which change: `degraded`, `restored` or `refilled`.
pub const CHANGE: &str = "change";

#[cfg(test)]
mod tests {
    /// The table at the top is what operators go by.
    #[test]
    fn every_name_stands_in_the_table() {
        let text = include_str!("names.rs");
        let (table, code) = text.split_once("\n\n").unwrap();
        let names: Vec<&str> = code
            .lines()
            .filter(|line| line.starts_with("pub const ") && line.contains(": &str = "))
            .map(|line| line.split('"').nth(1).unwrap())
            .collect();
        assert!(names.len() > 25, "{names:?}");
        for name in names {
            assert!(table.contains(&format!("`{name}`")), "{name}");
        }
    }
}
