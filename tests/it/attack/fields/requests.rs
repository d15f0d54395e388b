//! A sound request of each method.

use identity::grpc::proto::{
    Channel, CompleteSignInRequest, DeleteSuppressionRequest, DisableUserRequest, DrainProviderRequest,
    EnableUserRequest, ExplainLimitsRequest, FindUserRequest, GetDeliveryRequest, GetLockoutRequest,
    GetSuppressionRequest, GetUserRequest, InspectMagicLinkRequest, RedeemMagicLinkRequest, RefreshTokenRequest,
    RejectMagicLinkRequest, ResendOtpRequest, ResumeProviderRequest, RevokeSessionRequest, SendOtpRequest,
    SetUserRolesRequest, SignOutRequest, SimulatePolicyRequest, UnlockRequest, ValidateTokenRequest, VerifyOtpRequest,
    WatchChallengeRequest, delete_suppression_request, explain_limits_request, find_user_request, get_delivery_request,
    get_lockout_request, get_suppression_request, unlock_request,
};
use prost::Message;

use crate::support::client::{send_link_request, send_otp_request};

/// An id of this service that is nobody's.
const NOBODY: &str = "0198c3c4-0000-7000-8000-000000000000";

/// A URI of the longest form that may be registered.
pub(super) fn longest_redirect_uri() -> String {
    format!("{:a<1024}", "https://app.example.com/")
}

/// The request of a method, in wire form, with what the method cannot do without. Nothing that it names is there.
pub(super) fn sound(method: &str) -> Vec<u8> {
    let (id, email) = (NOBODY.to_owned(), "nobody@example.com".to_owned());
    let secret = || "s".to_owned();
    match method.rsplit('/').next().unwrap() {
        "SendOtp" => SendOtpRequest { include_magic_link: true, ..send_otp_request(&email) }.encode_to_vec(),
        "SendMagicLink" => send_link_request(&email).encode_to_vec(),
        "ResendOtp" => ResendOtpRequest { challenge_id: id, ..Default::default() }.encode_to_vec(),
        "VerifyOtp" => {
            VerifyOtpRequest { challenge_id: id, code: "000000".to_owned(), ..Default::default() }.encode_to_vec()
        }
        "InspectMagicLink" => InspectMagicLinkRequest { token: secret() }.encode_to_vec(),
        "RejectMagicLink" => RejectMagicLinkRequest { token: secret(), ..Default::default() }.encode_to_vec(),
        "RedeemMagicLink" => RedeemMagicLinkRequest { token: secret(), ..Default::default() }.encode_to_vec(),
        "CompleteSignIn" => {
            CompleteSignInRequest { challenge_id: id, binding_secret: secret(), ..Default::default() }.encode_to_vec()
        }
        "WatchChallenge" => WatchChallengeRequest { challenge_id: id, binding_secret: secret() }.encode_to_vec(),
        "RefreshToken" => RefreshTokenRequest { refresh_token: secret(), ..Default::default() }.encode_to_vec(),
        "SignOut" => SignOutRequest { refresh_token: secret(), ..Default::default() }.encode_to_vec(),
        "ValidateToken" => ValidateTokenRequest { access_token: secret(), ..Default::default() }.encode_to_vec(),
        "RevokeSession" => RevokeSessionRequest { session_id: id, ..Default::default() }.encode_to_vec(),
        "GetUser" => GetUserRequest { user_id: id }.encode_to_vec(),
        "SetUserRoles" => SetUserRolesRequest { user_id: id, ..Default::default() }.encode_to_vec(),
        "DisableUser" => DisableUserRequest { user_id: id, ..Default::default() }.encode_to_vec(),
        "EnableUser" => EnableUserRequest { user_id: id, ..Default::default() }.encode_to_vec(),
        "FindUser" => FindUserRequest { identifier: Some(find_user_request::Identifier::Email(email)) }.encode_to_vec(),
        "GetLockout" => {
            GetLockoutRequest { identifier: Some(get_lockout_request::Identifier::Email(email)) }.encode_to_vec()
        }
        "Unlock" => {
            let identifier = Some(unlock_request::Identifier::Email(email));
            UnlockRequest { identifier, ..Default::default() }.encode_to_vec()
        }
        "GetSuppression" => {
            let identifier = Some(get_suppression_request::Identifier::Email(email));
            GetSuppressionRequest { identifier }.encode_to_vec()
        }
        "DeleteSuppression" => {
            let identifier = Some(delete_suppression_request::Identifier::Email(email));
            DeleteSuppressionRequest { identifier, ..Default::default() }.encode_to_vec()
        }
        "GetDelivery" => GetDeliveryRequest { of: Some(get_delivery_request::Of::MessageId(id)) }.encode_to_vec(),
        "DrainProvider" => {
            DrainProviderRequest { channel: Channel::Sms.into(), name: "nobody".to_owned(), ..Default::default() }
                .encode_to_vec()
        }
        "ResumeProvider" => {
            ResumeProviderRequest { channel: Channel::Sms.into(), name: "nobody".to_owned(), ..Default::default() }
                .encode_to_vec()
        }
        "ExplainLimits" => {
            let identifier = Some(explain_limits_request::Identifier::Email(email));
            ExplainLimitsRequest { identifier, ..Default::default() }.encode_to_vec()
        }
        "SimulatePolicy" => {
            SimulatePolicyRequest { policy: "template = 'standard'".to_owned(), span: None }.encode_to_vec()
        }
        "GetPolicy" | "ListProviders" | "GetJwks" | "GetCurrentUser" | "ListSessions" | "RevokeOtherSessions" => {
            Vec::new()
        }
        other => panic!("no request of {other}: write it here"),
    }
}
