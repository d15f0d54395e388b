//! What comes of magic links, as messages.

use super::answers;
use crate::{
    domain::{
        link::Completion,
        progress::{ApprovalState, DeliveryState, Progress},
    },
    engine::otp::{InspectedLink, Redeemed, SignedIn},
    grpc::proto,
};

/// What a link is for.
pub(in crate::grpc) fn inspected(link: InspectedLink) -> proto::InspectMagicLinkResponse {
    let completion = match link.completion {
        Completion::OpeningDevice => proto::LinkCompletion::OpeningDevice,
        Completion::AskingDevice => proto::LinkCompletion::AskingDevice,
        Completion::SameDevice => proto::LinkCompletion::SameDevice,
    };
    proto::InspectMagicLinkResponse {
        device: Some(answers::device(link.device)),
        address: link.address.map(|address| address.to_string()).unwrap_or_default(),
        create_time: Some(answers::time(link.create_time)),
        link_completion: completion.into(),
        needs_match_number: link.needs_match_number,
        redirect_uri: link.redirect_uri,
        client_display_name: link.client_name,
    }
}

/// What came of a link.
pub(in crate::grpc) fn redeemed(redeemed: Redeemed) -> proto::RedeemMagicLinkResponse {
    let Redeemed::SignedIn(signed_in) = redeemed else {
        return proto::RedeemMagicLinkResponse { approved: true, ..proto::RedeemMagicLinkResponse::default() };
    };
    let proto::VerifyOtpResponse { tokens, user, session, new_user, device_token } = answers::signed_in(*signed_in);
    proto::RedeemMagicLinkResponse { tokens, user, session, new_user, device_token, approved: false }
}

/// A collected sign-in.
pub(in crate::grpc) fn collected(signed_in: SignedIn) -> proto::CompleteSignInResponse {
    let proto::VerifyOtpResponse { tokens, user, session, new_user, device_token } = answers::signed_in(signed_in);
    proto::CompleteSignInResponse { tokens, user, session, new_user, device_token }
}

/// How a challenge stands.
pub(in crate::grpc) fn progress(progress: Progress) -> proto::WatchChallengeResponse {
    let delivery = match progress.delivery {
        DeliveryState::Queued => proto::DeliveryState::Queued,
        DeliveryState::Sent => proto::DeliveryState::Sent,
        DeliveryState::Delivered => proto::DeliveryState::Delivered,
        DeliveryState::Bounced => proto::DeliveryState::Bounced,
        DeliveryState::Suppressed => proto::DeliveryState::Suppressed,
    };
    let approval = match progress.approval {
        ApprovalState::Pending => proto::ApprovalState::Pending,
        ApprovalState::Approved => proto::ApprovalState::Approved,
        ApprovalState::Rejected => proto::ApprovalState::Rejected,
        ApprovalState::Completed => proto::ApprovalState::Completed,
        ApprovalState::Expired => proto::ApprovalState::Expired,
    };
    proto::WatchChallengeResponse { delivery_state: delivery.into(), approval_state: approval.into() }
}
