use identity::grpc::proto::send_otp_request::Identifier;
use identity::grpc::proto::{Channel, Device, Purpose, SendOtpRequest};
use tonic::Code;

use super::{assert_fields, assert_refused, seconds_until};
use crate::both_stores::on_both_stores;
use crate::support::client::send_otp_request;

on_both_stores!(begins_a_challenge, |world| {
    let client = world.server.client().await;
    let answer = client.identity().send_otp(send_otp_request("Mira@Example.org")).await.unwrap();
    let told = |name: &str| answer.metadata().get(name).unwrap().to_str().unwrap().parse::<u64>().unwrap();
    assert_eq!((told("x-ratelimit-limit"), told("x-ratelimit-remaining")), (3, 2));
    assert!((290..=300).contains(&told("x-ratelimit-reset")));
    let challenge = answer.into_inner().challenge.unwrap();
    assert_eq!((challenge.channel(), challenge.purpose()), (Channel::Email, Purpose::SignIn));
    assert_eq!(challenge.masked_destination, "m***@example.org");
    assert_eq!((challenge.code_length, challenge.attempts_remaining), (6, 5));
    assert!((290..=300).contains(&seconds_until(challenge.expire_time)));
    assert!((25..=30).contains(&seconds_until(challenge.resend_time)));
    assert!(challenge.binding_secret.len() >= 43 && challenge.match_number.is_empty());
    let code = world.server.mailbox().wait_for("mira@example.org", 1).await.code().unwrap();
    assert!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap().new_user);
});

on_both_stores!(takes_every_field_that_is_offered, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest {
        purpose: Purpose::SignIn.into(),
        client_id: "default".to_owned(),
        device: Some(Device {
            device_id: "ü".repeat(128),
            display_name: "Mira’s phone 👩\u{200d}💻 می\u{200c}خواهم".to_owned(),
            platform: "ios".to_owned(),
            public_key_jwk: String::new(),
        }),
        locale: "de-CH".to_owned(),
        request_id: "0b6f9c1e-8a55-4c0f-9a34-5f7f1f0a2b3c".to_owned(),
        device_token: "unknown".to_owned(),
        proof: "unasked".to_owned(),
        ..send_otp_request("mira@example.org")
    };
    client.identity().send_otp(request).await.unwrap();
});

/// What is wrong with a request that was right.
type Change = &'static (dyn Fn(&mut SendOtpRequest) + Sync);

on_both_stores!(refuses_every_bad_field_and_does_nothing, |world| {
    let client = world.server.client().await;
    let bad: [(&str, &str, Change); 25] = [
        ("identifier", "INVALID_FIELD", &|m| m.identifier = None),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email(String::new()))),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email("mira".to_owned()))),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email(" mira@example.org".to_owned()))),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email("mira@example.org\0".to_owned()))),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email("mi\u{200b}ra@example.org".to_owned()))),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email("a@x.org,b@y.org".to_owned()))),
        ("email", "INVALID_EMAIL", &|m| m.identifier = Some(Identifier::Email(format!("{}@x.org", "a".repeat(255))))),
        ("phone_number", "INVALID_FIELD", &|m| m.identifier = Some(Identifier::PhoneNumber("+41446681800".to_owned()))),
        ("purpose", "INVALID_FIELD", &|m| m.purpose = 99),
        ("purpose", "INVALID_FIELD", &|m| m.purpose = -1),
        ("purpose", "INVALID_FIELD", &|m| m.purpose = Purpose::StepUp.into()),
        ("client_id", "INVALID_FIELD", &|m| m.client_id = "no such".to_owned()),
        ("client_id", "INVALID_FIELD", &|m| m.client_id = "not-registered".to_owned()),
        ("client_id", "INVALID_FIELD", &|m| m.client_id = "x".repeat(65)),
        ("locale", "INVALID_FIELD", &|m| m.locale = "de_CH".to_owned()),
        ("locale", "INVALID_FIELD", &|m| m.locale = "x".repeat(36)),
        ("request_id", "INVALID_FIELD", &|m| m.request_id = "1".to_owned()),
        ("device_token", "INVALID_FIELD", &|m| m.device_token = "x".repeat(513)),
        ("redirect_uri", "REDIRECT_URI_NOT_ALLOWED", &|m| m.redirect_uri = "https://example.org".to_owned()),
        ("link_completion", "INVALID_FIELD", &|m| m.link_completion = 1),
        ("link_completion", "INVALID_FIELD", &|m| m.link_completion = 77),
        ("proof", "INVALID_FIELD", &|m| m.proof = "x".repeat(8193)),
        ("device.device_id", "INVALID_FIELD", &|m| m.device = Some(device(|d| d.device_id = "x".repeat(129)))),
        ("device.public_key_jwk", "INVALID_FIELD", &|m| {
            m.device = Some(device(|d| d.public_key_jwk = "{}".to_owned()));
        }),
    ];
    for (field, reason, change) in bad {
        let mut request = send_otp_request("mira@example.org");
        change(&mut request);
        assert_fields(client.identity().send_otp(request).await, reason, &[field]);
    }
    for text in ["a\u{202e}b", "a\u{2028}b", "a\u{200b}", "\u{feff}a", "a\u{ffff}"] {
        let shown = device(|d| {
            d.display_name = text.to_owned();
            d.platform = text.to_owned();
        });
        let request = SendOtpRequest { device: Some(shown), ..send_otp_request("mira@example.org") };
        let fields = ["device.display_name", "device.platform"];
        assert_fields(client.identity().send_otp(request).await, "INVALID_FIELD", &fields);
    }
    for text in ["a\nb", "a\u{0}", "e\u{301}"] {
        let request = SendOtpRequest {
            device: Some(device(|d| {
                d.device_id = text.to_owned();
                d.display_name = text.to_owned();
                d.platform = text.to_owned();
            })),
            ..send_otp_request("mira@example.org")
        };
        let fields = ["device.device_id", "device.display_name", "device.platform"];
        assert_fields(client.identity().send_otp(request).await, "INVALID_FIELD", &fields);
    }
    // Nothing was written, nothing was sent, and nothing was counted.
    assert_eq!(world.audit().await.total("code.sent"), 0);
    assert!(world.server.mailbox().all().is_empty());
    let answer = client.identity().send_otp(send_otp_request("mira@example.org")).await.unwrap();
    assert_eq!(answer.metadata().get("x-ratelimit-remaining").unwrap(), "2");
});

fn device(change: impl FnOnce(&mut Device)) -> Device {
    let mut device = Device::default();
    change(&mut device);
    device
}

on_both_stores!(tells_every_bad_field_at_once, |world| {
    let request = SendOtpRequest {
        identifier: Some(Identifier::Email("no address".to_owned())),
        purpose: 99,
        client_id: "a b".to_owned(),
        device: Some(device(|d| {
            d.device_id = "\u{7}".to_owned();
            d.display_name = "x".repeat(129);
            d.platform = "x".repeat(65);
            d.public_key_jwk = "{}".to_owned();
        })),
        locale: "?".to_owned(),
        request_id: "?".to_owned(),
        device_token: "x".repeat(513),
        include_magic_link: true,
        redirect_uri: "x".to_owned(),
        link_completion: 77,
        proof: "x".repeat(8193),
    };
    let fields = [
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
    ];
    assert_fields(world.server.client().await.identity().send_otp(request).await, "INVALID_EMAIL", &fields);
});

on_both_stores!(what_is_not_registered_is_told_beside_what_is_wrong, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest {
        identifier: Some(Identifier::Email("no address".to_owned())),
        include_magic_link: true,
        redirect_uri: "https://elsewhere.example.org/".to_owned(),
        ..SendOtpRequest::default()
    };
    let answer = client.identity().send_otp(request.clone()).await;
    assert_fields(answer, "INVALID_EMAIL", &["email", "redirect_uri"]);
    let request = SendOtpRequest { client_id: "not-registered".to_owned(), ..request };
    assert_fields(client.identity().send_otp(request).await, "INVALID_EMAIL", &["client_id", "email"]);
});

on_both_stores!(refuses_the_fourth_within_five_minutes, |world| {
    let client = world.server.client().await;
    for remaining in ["2", "1", "0"] {
        let answer = client.identity().send_otp(send_otp_request("mira@example.org")).await.unwrap();
        assert_eq!(answer.metadata().get("x-ratelimit-remaining").unwrap(), remaining);
    }
    let answer = client.identity().send_otp(send_otp_request("mira@example.org")).await;
    let refusal = assert_refused(answer, Code::ResourceExhausted, "RATE_LIMITED");
    let wait = refusal.retry_delay.expect("RetryInfo").as_millis();
    assert!((290_000..=300_000).contains(&wait), "{wait}");
    assert_eq!((refusal.quotas, refusal.metadata["layer"].as_str()), (1, "identifier"));
    let told = |name: &str| refusal.status.metadata().get(name).unwrap().to_str().unwrap().parse::<u128>().unwrap();
    assert_eq!(told("retry-after"), wait.div_ceil(1000));
    assert_eq!((told("x-ratelimit-limit"), told("x-ratelimit-remaining")), (3, 0));
    assert!(refusal.message.contains("5 minutes"), "{}", refusal.message);
    // Another person is not concerned.
    client.send_otp("noa@example.org").await.unwrap();
    let audit = world.audit().await;
    assert_eq!((audit.count("code.sent", ""), audit.count("code.sent", "RATE_LIMITED_IDENTIFIER")), (4, 1));
});
