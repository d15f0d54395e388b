use super::*;
use crate::{
    domain::{
        refusal::{FieldReason, Refusal},
        secret::ExposeSecret,
    },
    engine::otp::SendOtp,
    grpc::proto::{
        CompleteSignInRequest, InspectMagicLinkRequest, ListSessionsRequest, RedeemMagicLinkRequest,
        RejectMagicLinkRequest, SendMagicLinkRequest, SendOtpRequest, SetUserRolesRequest, VerifyOtpRequest,
        WatchChallengeRequest, send_magic_link_request, send_otp_request,
    },
};

fn fields<T>(result: Result<T, Refusal>) -> Vec<&'static str> {
    match result {
        Ok(_) => Vec::new(),
        Err(Refusal::Invalid(violations)) => violations.iter().map(|violation| violation.field).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

fn asked(change: impl FnOnce(&mut SendOtpRequest)) -> Result<SendOtp, Refusal> {
    let identifier = Some(send_otp_request::Identifier::Email("ada@example.com".to_owned()));
    let mut message = SendOtpRequest { identifier, ..SendOtpRequest::default() };
    change(&mut message);
    send_otp(message, false, Vec::new())
}

#[test]
fn everything_wrong_is_told_at_once() {
    let message = SendOtpRequest {
        identifier: Some(send_otp_request::Identifier::Email(" ada@example.com".to_owned())),
        purpose: 99,
        client_id: "a b".to_owned(),
        device: Some(proto::Device {
            device_id: "x".repeat(129),
            display_name: "a\u{7}".to_owned(),
            platform: "e\u{301}".to_owned(),
            public_key_jwk: "{}".to_owned(),
        }),
        locale: "english please".to_owned(),
        request_id: "1".to_owned(),
        device_token: "t".repeat(513),
        include_magic_link: true,
        redirect_uri: "https://example.com/#".to_owned(),
        link_completion: 77,
        proof: "p".repeat(8193),
    };
    let result = send_otp(message, true, Vec::new());
    let mut found = fields(result);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "client_id",
            "device.device_id",
            "device.display_name",
            "device.platform",
            "device.public_key_jwk",
            "device_token",
            "email",
            "link_completion",
            "locale",
            "proof",
            "purpose",
            "redirect_uri",
            "request_id",
        ]
    );
}

#[test]
fn what_is_right_passes() {
    let request = asked(|message| {
        message.locale = "de-CH-1996".to_owned();
        message.client_id = "shop_1".to_owned();
        message.device = Some(proto::Device { device_id: "ü".repeat(128), ..proto::Device::default() });
        message.purpose = 1;
    })
    .unwrap();
    assert!(request.repeatable.is_none());
    assert_eq!(request.identifier.as_str(), "ada@example.com");
}

#[test]
fn another_identifier_or_purpose_is_not_offered() {
    let phone = Some(send_otp_request::Identifier::PhoneNumber("+41446681800".to_owned()));
    assert_eq!(fields(asked(|message| message.identifier = phone)), ["phone_number"]);
    assert_eq!(fields(asked(|message| message.identifier = None)), ["identifier"]);
    assert_eq!(fields(asked(|message| message.purpose = 2)), ["purpose"]);
    let Err(Refusal::Invalid(violations)) = asked(|message| message.redirect_uri = "x".to_owned()) else { panic!() };
    assert_eq!(violations[0].reason, FieldReason::RedirectUri);
}

#[test]
fn a_number_is_read_where_sms_is_offered() {
    let given = |text: &str| {
        let identifier = Some(send_otp_request::Identifier::PhoneNumber(text.to_owned()));
        send_otp(SendOtpRequest { identifier, ..SendOtpRequest::default() }, true, Vec::new())
    };
    assert_eq!(given("+41 44 668 18 00").unwrap().identifier.as_str(), "+41446681800");
    let Err(Refusal::Invalid(violations)) = given("044 668 18 00") else { panic!("a national number") };
    assert_eq!((violations[0].field, violations[0].reason), ("phone_number", FieldReason::PhoneNumber));
    assert!(!violations[0].description.contains("668"), "the number is not repeated");
}

#[test]
fn a_repeatable_call_carries_its_whole_request() {
    let id = "0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e";
    let one = asked(|message| message.request_id = id.to_owned()).unwrap().repeatable.unwrap();
    let other = asked(|message| {
        message.request_id = id.to_owned();
        message.locale = "de".to_owned();
    });
    assert_ne!(one.encoded.expose_secret(), other.unwrap().repeatable.unwrap().encoded.expose_secret());
    let loud = asked(|message| message.request_id = id.to_uppercase()).unwrap().repeatable.unwrap();
    assert_eq!((loud.request_id, loud.encoded.expose_secret()), (one.request_id, one.encoded.expose_secret()));
    let nil = "00000000-0000-0000-0000-000000000000";
    for bad in ["0192e4a07b7e7c3a9d0e3f1a2b4c5d6e", "{0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6}", "x", nil] {
        assert_eq!(fields(asked(|message| message.request_id = bad.to_owned())), ["request_id"], "{bad}");
    }
}

#[test]
fn codes_and_challenges() {
    let presented = |challenge_id: &str, code: &str| {
        let (challenge_id, code) = (challenge_id.to_owned(), code.to_owned());
        fields(verify_otp(VerifyOtpRequest { challenge_id, code, ..VerifyOtpRequest::default() }))
    };
    assert!(presented("anything", "000000").is_empty());
    for code in ["", "12345", "12345678901", "12345a", "１２３４５６", " 123456"] {
        assert_eq!(presented("anything", code), ["code"], "{code}");
    }
    for challenge_id in ["", "a\nb", &"x".repeat(129)] {
        assert_eq!(presented(challenge_id, "000000"), ["challenge_id"], "{challenge_id}");
    }
    assert_eq!(presented("", ""), ["challenge_id", "code"]);
}

#[test]
fn pages_are_coerced() {
    let size = |page_size| page(&ListSessionsRequest { page_size, page_token: String::new() }).map(|page| page.size);
    assert_eq!((size(0), size(1), size(100), size(i32::MAX)), (Ok(50), Ok(1), Ok(100), Ok(100)));
    assert_eq!(fields(size(-1)), ["page_size"]);
    let both = ListSessionsRequest { page_size: -1, page_token: "q".to_owned() };
    assert_eq!(fields(page(&both)), ["page_size", "page_token"]);
}

#[test]
fn roles_are_sorted_and_each_stands_once() {
    let set = |roles: &[&str]| {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let user_id = "0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e".to_owned();
        set_user_roles(&SetUserRolesRequest { user_id, roles, request_id: String::new() })
    };
    let change = set(&["b", "a", "b"]).unwrap().change;
    assert!(matches!(change, crate::domain::user::UserChange::Roles(roles) if roles.len() == 2));
    assert_eq!(fields(set(&["A"])), ["roles"]);
    assert_eq!(fields(set(&[""])), ["roles"]);
    assert_eq!(fields(set(&["a"; 33])), ["roles"]);
}

#[test]
fn a_link_is_wanted_or_not() {
    let with = |completion, redirect_uri: &str| {
        let redirect_uri = redirect_uri.to_owned();
        asked(|message| {
            message.include_magic_link = true;
            (message.link_completion, message.redirect_uri) = (completion, redirect_uri);
        })
    };
    let link = |completion| with(completion, "").unwrap().link.unwrap();
    assert_eq!([0, 1, 2, 3].map(|number| link(number).completion), {
        use crate::domain::link::Completion::{AskingDevice, OpeningDevice, SameDevice};
        [OpeningDevice, OpeningDevice, AskingDevice, SameDevice]
    });
    assert!(!link(0).alone);
    assert_eq!(fields(with(4, "")), ["link_completion"]);
    for bad in ["//evil.example", "/\\evil.example", "https:evil.example", "https://a@b.example/", "javascript:x"] {
        let Err(Refusal::Invalid(violations)) = with(1, bad) else { panic!("{bad}") };
        assert_eq!((violations[0].field, violations[0].reason), ("redirect_uri", FieldReason::RedirectUri), "{bad}");
    }
    assert!(asked(|_| ()).unwrap().link.is_none());
    assert_eq!(fields(asked(|message| message.link_completion = 2)), ["link_completion"]);
    assert_eq!(fields(asked(|message| message.redirect_uri = "https://a.example".to_owned())), ["redirect_uri"]);
    let identifier = Some(send_magic_link_request::Identifier::Email("ada@example.com".to_owned()));
    let alone = SendMagicLinkRequest { identifier, ..SendMagicLinkRequest::default() };
    assert!(send_magic_link(alone, false, Vec::new()).unwrap().link.unwrap().alone);
    assert_eq!(fields(send_magic_link(SendMagicLinkRequest::default(), false, Vec::new())), ["identifier"]);
}

#[test]
fn links_are_presented_with_what_they_need() {
    let message = RedeemMagicLinkRequest { token: "t".to_owned(), ..RedeemMagicLinkRequest::default() };
    let redeem =
        |number: &str| redeem_magic_link(RedeemMagicLinkRequest { match_number: number.to_owned(), ..message.clone() });
    assert!(redeem("").unwrap().match_number.is_none());
    assert_eq!(redeem("07").unwrap().match_number.map(|number| number.to_string()).as_deref(), Some("07"));
    for bad in ["7", "007", "a7"] {
        assert_eq!(fields(redeem(bad)), ["match_number"], "{bad}");
    }
    assert_eq!(fields(redeem_magic_link(RedeemMagicLinkRequest::default())), ["token"]);
    assert_eq!(fields(inspect_magic_link(InspectMagicLinkRequest { token: "t".repeat(129) })), ["token"]);
    assert_eq!(fields(reject_magic_link(RejectMagicLinkRequest::default())), ["token"]);
    assert_eq!(fields(complete_sign_in(CompleteSignInRequest::default())), ["challenge_id", "binding_secret"]);
    assert_eq!(fields(watch_challenge(WatchChallengeRequest::default())), ["challenge_id", "binding_secret"]);
}
