//! Who carries messages, by channel.

use super::chain::Chain;
use crate::domain::message::{Envelope, SmsEnvelope};
use std::{sync::Arc, time::Duration};

/// Who carries emails and, where SMS is offered, short messages.
#[derive(Clone)]
pub struct Messengers {
    /// Emails.
    pub email: Arc<Chain<Envelope>>,
    /// Short messages; `None` where the deployment does not offer them.
    pub sms: Option<SmsRoute>,
}

/// How short messages go out.
#[derive(Clone)]
pub struct SmsRoute {
    /// Who carries them.
    pub chain: Arc<Chain<SmsEnvelope>>,
    /// The host whose pages the codes are for: the last line of a message binds its code to it.
    pub domain: String,
}

impl Messengers {
    /// How long a message is carried at most, on whichever channel.
    #[must_use]
    pub fn time_limit(&self) -> Duration {
        let email = self.email.time_limit();
        self.sms.as_ref().map_or(email, |sms| email.max(sms.chain.time_limit()))
    }
}
