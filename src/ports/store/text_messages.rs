//! Text messages: what one counts on, and what came of it.

use crate::domain::{
    contact::{Country, NumberKind},
    digest::Digest,
    id::EventId,
    policy::SmsRules,
    sms::SmsStop,
};
use std::sync::Arc;

/// What a text message counts on, and the rules that judge it, in the step that accepts it.
#[derive(Clone, Debug)]
pub struct TextMessage {
    /// The rules.
    pub rules: Arc<SmsRules>,
    /// The country of its number.
    pub country: Option<Country>,
    /// The kind of its number.
    pub kind: NumberKind,
    /// The numbers around it.
    pub prefix_key: Digest,
    /// The network that asks for it.
    pub network_key: Digest,
    /// The id of the event that says of a rule in shadow, or of a budget, what the event of the message does not.
    pub further_event_id: EventId,
}

/// A text message that was not sent; everything else of its step was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Why.
    pub stop: SmsStop,
    /// The country of its number.
    pub country: Option<Country>,
    /// Whether this is the first in an hour of which an operator has to hear.
    pub alarm: bool,
}
