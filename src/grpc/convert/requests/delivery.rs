//! Requests about providers and messages.

use super::super::checks::{Checks, NO_VALUE};
use crate::{
    domain::{
        contact::Channel,
        id::{ChallengeId, MessageId},
        refusal::Refusal,
    },
    engine::delivery::{ChangeDrain, DeliveryOf},
    grpc::proto::{self, DrainProviderRequest, GetDeliveryRequest, ResumeProviderRequest, get_delivery_request::Of},
};

/// The longest name of a provider.
const MAX_NAME: usize = 32;

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn drain_provider(message: &DrainProviderRequest) -> Result<ChangeDrain, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let channel = channel(&mut checks, message.channel);
    checks.required_text("name", &message.name, MAX_NAME);
    let name = message.name.clone();
    checks.finish(channel.map(|channel| ChangeDrain { channel, name, drained: true, repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn resume_provider(message: &ResumeProviderRequest) -> Result<ChangeDrain, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let channel = channel(&mut checks, message.channel);
    checks.required_text("name", &message.name, MAX_NAME);
    let name = message.name.clone();
    checks.finish(channel.map(|channel| ChangeDrain { channel, name, drained: false, repeatable }))
}

/// # Errors
/// Where neither id is there, or the one that is there is none.
pub(in crate::grpc) fn get_delivery(message: &GetDeliveryRequest) -> Result<DeliveryOf, Refusal> {
    const WRONG: &str = "is not an id of this service";
    let mut checks = Checks::default();
    let of = match &message.of {
        None => {
            checks.wrong("of", "is missing; give a message_id or a challenge_id");
            None
        }
        Some(Of::MessageId(text)) => {
            let id = MessageId::parse(text).map(DeliveryOf::Message);
            if id.is_none() {
                checks.wrong("message_id", WRONG);
            }
            id
        }
        Some(Of::ChallengeId(text)) => {
            let id = ChallengeId::parse(text).map(DeliveryOf::Challenge);
            if id.is_none() {
                checks.wrong("challenge_id", WRONG);
            }
            id
        }
    };
    checks.finish(of)
}

fn channel(checks: &mut Checks, number: i32) -> Option<Channel> {
    match proto::Channel::try_from(number) {
        Ok(proto::Channel::Email) => Some(Channel::Email),
        Ok(proto::Channel::Sms) => Some(Channel::Sms),
        Ok(proto::Channel::Unspecified) => {
            checks.wrong("channel", "is missing; give CHANNEL_EMAIL or CHANNEL_SMS");
            None
        }
        Err(_) => {
            checks.wrong("channel", NO_VALUE);
            None
        }
    }
}
