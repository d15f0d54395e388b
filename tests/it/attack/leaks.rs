//! Group J: leaks.

use identity::grpc::proto::{self, FILE_DESCRIPTOR_SET};
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

/// What stands in every text of a message.
const CANARY: &str = "canary-7d1f";

/// The messages of the contract with their names.
macro_rules! messages {
    ($($name:ident)*) => {
        [$((stringify!($name), (|wire| format!("{0:?} {0:#?}", proto::$name::decode(wire).unwrap())) as fn(&[u8]) -> String)),*]
    };
}

/// A message whose every text is the canary, in wire form.
fn filled(set: &FileDescriptorSet, message: &DescriptorProto, depth: u32) -> Vec<u8> {
    let mut wire = Vec::new();
    for field in &message.field {
        let content = match field.r#type() {
            Type::String => CANARY.as_bytes().to_vec(),
            Type::Message if depth > 0 => match find(set, field.type_name()) {
                Some(inner) => filled(set, inner, depth - 1),
                None => continue,
            },
            _ => continue,
        };
        // Of a oneof the last one stays; the test below shows each of them.
        prost::encoding::encode_key(
            u32::try_from(field.number()).unwrap(),
            prost::encoding::WireType::LengthDelimited,
            &mut wire,
        );
        prost::encoding::encode_varint(content.len() as u64, &mut wire);
        wire.extend(content);
    }
    wire
}

fn find<'a>(set: &'a FileDescriptorSet, name: &str) -> Option<&'a DescriptorProto> {
    let name = name.strip_prefix(".identity.v1.")?;
    ours(set).find(|message| message.name() == name)
}

fn ours(set: &FileDescriptorSet) -> impl Iterator<Item = &DescriptorProto> {
    set.file.iter().filter(|file| file.package() == "identity.v1").flat_map(|file| &file.message_type)
}

#[test]
fn a104_no_message_shows_its_texts() {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let shown = messages! {
        AccessTokenClaims Challenge CompleteSignInRequest CompleteSignInResponse DeleteSuppressionRequest
        DeleteSuppressionResponse Delivery Device DisableUserRequest
        DisableUserResponse DrainProviderRequest DrainProviderResponse EnableUserRequest EnableUserResponse
        ExplainLimitsRequest ExplainLimitsResponse FindUserRequest FindUserResponse GetCurrentUserRequest
        GetCurrentUserResponse GetDeliveryRequest GetDeliveryResponse GetJwksRequest GetJwksResponse GetLockoutRequest GetLockoutResponse
        GetPolicyRequest GetPolicyResponse GetSuppressionRequest GetSuppressionResponse GetUserRequest GetUserResponse HandoverCount InspectMagicLinkRequest
        InspectMagicLinkResponse JsonWebKey LimitStanding LimitWindow ListProvidersRequest ListProvidersResponse
        ListSessionsRequest ListSessionsResponse LockoutStanding PastRefusal Policy Provider RedeemMagicLinkRequest
        RedeemMagicLinkResponse RefreshTokenRequest RefreshTokenResponse RejectMagicLinkRequest RejectMagicLinkResponse
        ResendOtpRequest ResendOtpResponse ResumeProviderRequest ResumeProviderResponse
        RevokeOtherSessionsRequest RevokeOtherSessionsResponse
        RevokeSessionRequest RevokeSessionResponse SendMagicLinkRequest SendMagicLinkResponse SendOtpRequest SendOtpResponse Session SetUserRolesRequest
        SetUserRolesResponse SignOutRequest SignOutResponse SimulatePolicyRequest
        SimulatePolicyResponse SimulatedRule Suppression TokenSet UnlockRequest UnlockResponse User ValidateTokenRequest
        ValidateTokenResponse
        VerifyOtpRequest VerifyOtpResponse WatchChallengeRequest WatchChallengeResponse
    };
    let mut names: Vec<&str> = ours(&set).map(DescriptorProto::name).collect();
    names.sort_unstable();
    assert_eq!(names, shown.map(|(name, _)| name), "a message of the contract is not in this test's list");
    for (name, show) in shown {
        let wire = filled(&set, find(&set, &format!(".identity.v1.{name}")).unwrap(), 4);
        let text = show(&wire);
        assert!(!text.contains(CANARY) && text.starts_with(name), "{text}");
    }
}

#[test]
fn a104_nor_do_oneofs_and_wrapped_requests() {
    let identifier = proto::send_otp_request::Identifier::Email(CANARY.to_owned());
    assert!(!format!("{identifier:?}").contains(CANARY));
    let request = proto::SendOtpRequest { identifier: Some(identifier), ..proto::SendOtpRequest::default() };
    assert!(!format!("{:?}", tonic::Request::new(request)).contains(CANARY));
    let identifier = proto::send_magic_link_request::Identifier::Email(CANARY.to_owned());
    assert!(!format!("{identifier:?}").contains(CANARY));
    let found = proto::find_user_request::Identifier::Email(CANARY.to_owned());
    assert!(!format!("{found:?}").contains(CANARY));
}
