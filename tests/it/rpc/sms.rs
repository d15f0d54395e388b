//! Signing in by phone number, over the wire.

use std::collections::BTreeSet;

use identity::adapters::system::SystemClock;
use identity::grpc::proto::explain_limits_request::Identifier as Explained;
use identity::grpc::proto::{
    Challenge, Channel, ExplainLimitsRequest, FindUserRequest, GetCurrentUserRequest, GetLockoutRequest,
    RefreshTokenRequest, ResendOtpRequest, SendOtpRequest, UnlockRequest, VerifyOtpRequest, VerifyOtpResponse,
    find_user_request, get_lockout_request, unlock_request,
};
use identity::ports::clock::Clock;
use tonic::Code;
use tonic_types::StatusExt;

use super::{assert_fields, assert_refused};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{bearer, operator, send_sms_request};
use crate::support::mail::Mail;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

const NUMBER: &str = "+491761234567";

bodies_on_both_stores!(
    signs_in_a_new_and_a_returning_user,
    spellings_are_one_account_and_one_budget,
    bad_numbers_are_refused_and_nothing_is_sent,
    the_example_of_a_refusal_is_taken,
    without_a_provider_numbers_are_not_offered,
    the_text_is_short_and_its_last_line_binds_the_code,
    a_locked_person_is_told_by_sms,
    operators_ask_by_number,
    a_resend_and_a_repeated_call_stay_on_the_channel,
);

async fn world(store: Store) -> World {
    World::with(store, Settings::offer_sms).await
}

/// Asks for a code to a number as a person typed it, and reads the message where it arrives.
async fn ask(world: &World, typed: &str) -> (Challenge, Mail) {
    let mailbox = world.server.mailbox();
    let before = mailbox.to(NUMBER).len();
    let challenge = world.server.client().await.send_sms(typed).await.unwrap();
    (challenge, mailbox.wait_for(NUMBER, before + 1).await)
}

async fn sign_in(world: &World, typed: &str) -> VerifyOtpResponse {
    let (challenge, sms) = ask(world, typed).await;
    world.server.client().await.verify_otp(&challenge.challenge_id, &sms.code().unwrap()).await.unwrap()
}

async fn signs_in_a_new_and_a_returning_user(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let (challenge, sms) = ask(&world, NUMBER).await;
    assert_eq!((challenge.channel(), challenge.masked_destination.as_str()), (Channel::Sms, "+49********67"));
    let first = client.verify_otp(&challenge.challenge_id, &sms.code().unwrap()).await.unwrap();
    let user = first.user.clone().unwrap();
    assert!(first.new_user);
    assert_eq!((user.email.as_str(), user.phone_number.as_str()), ("", NUMBER));
    let tokens = first.tokens.unwrap();
    let claims = client.validate(&tokens.access_token).await.unwrap().claims.unwrap();
    assert_eq!((claims.amr, claims.acr.as_str()), (vec!["otp".to_owned(), "sms".to_owned()], "aal1"));
    let me = client.sessions().get_current_user(bearer(GetCurrentUserRequest {}, &tokens.access_token)).await.unwrap();
    assert_eq!(me.into_inner().user.unwrap(), user);

    // The way of the code stays known when tokens are renewed.
    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    let renewed = client.identity().refresh_token(refresh).await.unwrap().into_inner().tokens.unwrap();
    let claims = client.validate(&renewed.access_token).await.unwrap().claims.unwrap();
    assert_eq!(claims.amr, ["otp", "sms"]);

    let again = sign_in(&world, NUMBER).await;
    assert!(!again.new_user);
    assert_eq!(again.user.unwrap(), user);
    let by_email = world.server.sign_in("mira@example.org").await;
    let claims = client.validate(&by_email.tokens.unwrap().access_token).await.unwrap().claims.unwrap();
    assert_eq!(claims.amr, ["otp"]);
    assert_ne!(by_email.user.unwrap().user_id, user.user_id);
}

async fn spellings_are_one_account_and_one_budget(store: Store) {
    let world = world(store).await;
    let first = sign_in(&world, "+49 176 1234567").await;
    let second = sign_in(&world, "+49 (0)176-123.45.67").await;
    assert!(first.new_user && !second.new_user);
    assert_eq!(first.user.unwrap().user_id, second.user.unwrap().user_id);
    ask(&world, "\u{ff0b}49\u{a0}176\u{2011}1234567").await;
    let client = world.server.client().await;
    for spelling in
        [NUMBER, "+49.176.1234567", "+49 0176 1234567", "+\u{664}\u{669} 176 1234567", "+49 - 176 - 1234567"]
    {
        let refusal = client.send_sms(spelling).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"), "{spelling}");
        assert_eq!(refusal.metadata.get("layer").map(String::as_str), Some("identifier"), "{spelling}");
    }
    client.send_sms("+491761234568").await.unwrap();
}

async fn bad_numbers_are_refused_and_nothing_is_sent(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let long = format!("+49{}", "1".repeat(300));
    for text in [
        "",
        "+",
        "01761234567",
        "00491761234567",
        "491761234567",
        " +491761234567",
        "+491761234567 ",
        "+491761234567\r\n",
        "+49176\u{200b}1234567",
        "+49176\u{0}1234567",
        "+49 176 1234567 ext. 1",
        "+1 800 FLOWERS",
        "+491761234567,+491761234568",
        "tel:+491761234567",
        "+999 1234567",
        "+49 176 12",
        "+1 201 155 0123",
        "+112",
        "mira@example.org",
        &long,
    ] {
        let refusal = client.send_sms(text).await.unwrap_err();
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::InvalidArgument, "INVALID_PHONE_NUMBER"),
            "{text:?}"
        );
        assert_eq!(refusal.field_names(), ["phone_number"], "{text:?}");
        assert!(text.len() < 4 || !refusal.message.contains(text), "the number is not repeated: {}", refusal.message);
    }
    assert!(world.server.mailbox().all().is_empty());
    assert_eq!(world.audit().await.total("code.sent"), 0);
}

/// The number that a refusal gives as an example is one that is taken, in every language and for whoever writes the client.
async fn the_example_of_a_refusal_is_taken(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let mut examples = BTreeSet::new();
    for locale in ["en", "de", "fr", "es", "pt", "ja"] {
        let asked = SendOtpRequest { locale: locale.to_owned(), ..send_sms_request("12") };
        let status = client.identity().send_otp(asked).await.unwrap_err();
        let violations = status.get_details_bad_request().unwrap().field_violations;
        for text in [status.message(), &violations[0].description] {
            let (_, rest) = text.split_once('+').expect("an example");
            let digits = rest.split(|c: char| c != ' ' && !c.is_ascii_digit()).next().unwrap();
            examples.insert(format!("+{}", digits.trim_end()));
        }
    }
    for example in &examples {
        client.send_sms(example).await.unwrap();
    }
    assert_eq!(examples.len(), 1, "{examples:?}");
}

async fn without_a_provider_numbers_are_not_offered(store: Store) {
    let world = World::on(store).await;
    let client = world.server.client().await;
    for text in [NUMBER, "no number"] {
        let refusal = client.send_sms(text).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
        assert_eq!(refusal.field_names(), ["phone_number"]);
    }
    let none = client.identity().send_otp(SendOtpRequest::default()).await;
    assert_fields(none, "INVALID_FIELD", &["identifier"]);
    assert_eq!(world.audit().await.total("code.sent"), 0);
}

async fn the_text_is_short_and_its_last_line_binds_the_code(store: Store) {
    let world = World::with(store, |settings| {
        settings.offer_sms();
        settings.set("delivery.sms.domain", "app.example.com");
    })
    .await;
    let client = world.server.client().await;
    let now = || SystemClock.now();
    let before = now();
    let request = SendOtpRequest { locale: "de-CH".to_owned(), ..send_sms_request(NUMBER) };
    client.identity().send_otp(request).await.unwrap();
    let sms = world.server.mailbox().wait_for(NUMBER, 1).await;
    let code = sms.code().unwrap();
    let told = [before, now()].map(|time| {
        let time = time.to_string()[11..16].to_owned();
        format!(
            "Angefragt {time} UTC von 127.0.0.x. Nicht Sie? Ignorieren. Geheim halten.\n\n@app.example.com #{code}\n"
        )
    });
    let first = format!("{code} ist Ihr Code für Identity (5 Min.). ");
    let rest = sms.text.strip_prefix(&first).unwrap_or_else(|| panic!("{}", sms.text));
    assert!(told.iter().any(|told| told == rest), "{}", sms.text);
}

async fn a_locked_person_is_told_by_sms(store: Store) {
    let world = World::with(store, |settings| {
        settings.offer_sms();
        settings.limit("identifier", 100, 300);
    })
    .await;
    let client = world.server.client().await;
    let minute = || SystemClock.now().to_string()[11..16].to_owned();
    let before = minute();
    let mut failures = 0;
    let mailbox = world.server.mailbox();
    let refusal = loop {
        let (challenge, sms) = ask(&world, NUMBER).await;
        let wrong = if sms.code().as_deref() == Some("000000") { "111111" } else { "000000" };
        let mut refusal = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
        failures += 1;
        while refusal.reason == "CODE_INVALID" && failures % 4 != 0 {
            refusal = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
            failures += 1;
        }
        if refusal.reason != "CODE_INVALID" || failures > 40 {
            break refusal;
        }
    };
    assert_eq!(refusal.reason, "ACCOUNT_LOCKED");
    let told = async || mailbox.to(NUMBER).into_iter().find(|sms| sms.text.starts_with("Security notice"));
    let notice = crate::support::wait::until("the notice", std::time::Duration::from_secs(10), told).await;
    let told = [before, minute()].map(|time| {
        format!(
            "Security notice: too many wrong codes. Sign-in from unknown devices is paused.\n\
             Noticed {time} UTC from 127.0.0.x.\nNot you? There is nothing to do.\n"
        )
    });
    assert!(told.contains(&notice.text), "{}", notice.text);
}

async fn operators_ask_by_number(store: Store) {
    let world = world(store).await;
    let user = sign_in(&world, NUMBER).await.user.unwrap();
    let (admin, token) = (world.server.admin().await, world.server.admin_token());
    let typed = || "+49 176 1234567".to_owned();
    let find = |text: String| {
        let identifier = Some(find_user_request::Identifier::PhoneNumber(text));
        operator(FindUserRequest { identifier }, &token)
    };
    assert_eq!(admin.admin().find_user(find(typed())).await.unwrap().into_inner().user.unwrap(), user);
    let unknown = admin.admin().find_user(find("+491761234568".to_owned())).await;
    assert_refused(unknown, Code::NotFound, "NOT_FOUND");
    assert_fields(admin.admin().find_user(find("x".to_owned())).await, "INVALID_PHONE_NUMBER", &["phone_number"]);

    let (challenge, sms) = ask(&world, NUMBER).await;
    let wrong = if sms.code().as_deref() == Some("000000") { "111111" } else { "000000" };
    world.server.client().await.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
    let failures = async || {
        let identifier = Some(get_lockout_request::Identifier::PhoneNumber(typed()));
        let lockout = admin.admin().get_lockout(operator(GetLockoutRequest { identifier }, &token)).await.unwrap();
        lockout.into_inner().consecutive_failures
    };
    assert_eq!(failures().await, 1);
    let identifier = Some(unlock_request::Identifier::PhoneNumber(typed()));
    let unlock = UnlockRequest { identifier, request_id: String::new() };
    admin.admin().unlock(operator(unlock, &token)).await.unwrap();
    assert_eq!(failures().await, 0);

    let identifier = Some(Explained::PhoneNumber(typed()));
    let explain = ExplainLimitsRequest { identifier, ..ExplainLimitsRequest::default() };
    let explained = admin.admin().explain_limits(operator(explain, &token)).await.unwrap().into_inner();
    let of_identifier = explained.limits.iter().find(|limit| limit.layer == "identifier").unwrap();
    assert_eq!(of_identifier.windows[0].remaining, 1);
}

async fn a_resend_and_a_repeated_call_stay_on_the_channel(store: Store) {
    let world = World::with(store, |settings| {
        settings.offer_sms();
        settings.policy("codes.resend_cooldown", "1s");
    })
    .await;
    let client = world.server.client().await;
    let mailbox = world.server.mailbox();
    let request_id = "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8c".to_owned();
    let request = SendOtpRequest { request_id, ..send_sms_request(NUMBER) };
    let first = client.identity().send_otp(request.clone()).await.unwrap().into_inner().challenge.unwrap();
    let repeated = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    assert_eq!((repeated.channel(), &repeated), (Channel::Sms, &first));
    mailbox.wait_for(NUMBER, 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let request = ResendOtpRequest { challenge_id: first.challenge_id.clone(), ..ResendOtpRequest::default() };
    let resent = client.identity().resend_otp(request).await.unwrap().into_inner().challenge.unwrap();
    assert_eq!((resent.channel(), resent.masked_destination), (Channel::Sms, first.masked_destination));
    let code = mailbox.wait_for(NUMBER, 2).await.code().unwrap();
    let verify = VerifyOtpRequest {
        challenge_id: first.challenge_id,
        code,
        request_id: "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8d".to_owned(),
        ..VerifyOtpRequest::default()
    };
    let signed_in = client.identity().verify_otp(verify.clone()).await.unwrap().into_inner();
    let repeated = client.identity().verify_otp(verify).await.unwrap().into_inner();
    assert_eq!(repeated, signed_in);
    assert_eq!(repeated.user.unwrap().phone_number, NUMBER);
}
