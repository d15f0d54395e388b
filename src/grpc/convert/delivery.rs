//! Providers and messages as answers.

use super::answers::time;
use crate::{
    domain::{
        breaker::BreakerState,
        contact::Channel,
        delivery::{Delivery, MessageState},
        receipt::Receipt,
        suppression::{Cause, Suppression},
    },
    engine::delivery::ProviderView,
    grpc::proto,
};

/// The providers.
pub(in crate::grpc) fn providers(views: Vec<ProviderView>) -> proto::ListProvidersResponse {
    proto::ListProvidersResponse { providers: views.into_iter().map(provider).collect() }
}

/// What became of messages.
pub(in crate::grpc) fn deliveries(found: Vec<Delivery>) -> proto::GetDeliveryResponse {
    proto::GetDeliveryResponse { deliveries: found.into_iter().map(delivery).collect() }
}

fn provider(view: ProviderView) -> proto::Provider {
    let ProviderView { channel, report, drain_time } = view;
    let counts = report.handovers.into_iter().map(|(outcome, count)| proto::HandoverCount {
        outcome: outcome.to_owned(),
        count: i64::try_from(count).unwrap_or(i64::MAX),
    });
    let channel = match channel {
        Channel::Email => proto::Channel::Email,
        Channel::Sms => proto::Channel::Sms,
    };
    let breaker = match report.breaker {
        BreakerState::Closed => proto::BreakerState::Closed,
        BreakerState::Open => proto::BreakerState::Open,
        BreakerState::HalfOpen => proto::BreakerState::HalfOpen,
    };
    proto::Provider {
        channel: channel.into(),
        name: report.name,
        kind: report.kind.to_owned(),
        breaker_state: breaker.into(),
        drained: report.drained,
        drain_time: drain_time.map(time),
        handover_counts: counts.collect(),
        last_failure_reason: report.last_failure.map_or("", |(_, reason)| reason).to_owned(),
        last_failure_time: report.last_failure.map(|(at, _)| time(at)),
    }
}

fn delivery(found: Delivery) -> proto::Delivery {
    let state = match found.state {
        MessageState::Queued => proto::MessageState::Queued,
        MessageState::Sent => proto::MessageState::Sent,
        MessageState::Dropped => proto::MessageState::Dropped,
        MessageState::Suppressed => proto::MessageState::Suppressed,
        MessageState::Told(Receipt::Deferred) => proto::MessageState::Deferred,
        MessageState::Told(Receipt::Delivered) => proto::MessageState::Delivered,
        MessageState::Told(Receipt::Failed) => proto::MessageState::Failed,
        MessageState::Told(Receipt::Bounced) => proto::MessageState::Bounced,
        MessageState::Told(Receipt::Complained) => proto::MessageState::Complained,
    };
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    proto::Delivery {
        message_id: found.message_id.to_string(),
        challenge_id: found.challenge_id.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        provider: found.provider,
        provider_message_id: found.provider_message_id,
        reason: found.reason,
        attempt_count: count(found.attempts),
        unanswered_count: count(found.unanswered),
        create_time: Some(time(found.create_time)),
        expire_time: Some(time(found.expire_time)),
        settle_time: found.settle_time.map(time),
        receipt_time: found.receipt_time.map(time),
    }
}

/// Why an address gets no message.
pub(in crate::grpc) fn suppression(found: Suppression) -> proto::GetSuppressionResponse {
    let cause = match found.cause {
        Cause::Bounced => proto::SuppressionCause::Bounced,
        Cause::Complained => proto::SuppressionCause::Complained,
    };
    let suppression = proto::Suppression {
        cause: cause.into(),
        provider: found.provider,
        message_id: found.message_id.to_string(),
        create_time: Some(time(found.create_time)),
        expire_time: Some(time(found.expire_time)),
    };
    proto::GetSuppressionResponse { suppression: Some(suppression) }
}
