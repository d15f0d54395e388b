//! Magic links under attack: forged hosts, redirects, guesses at numbers and tokens, and who has an account.

use std::collections::BTreeSet;
use std::time::Duration;

use identity::grpc::proto::{
    DisableUserRequest, LinkCompletion, RedeemMagicLinkRequest, SendMagicLinkRequest, SendOtpRequest, VerifyOtpRequest,
};
use prost::Message;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::both_stores::{bodies_on_both_stores, on_both_stores, on_both_stores_with_clock};
use crate::support::client::{operator, send_link_request, send_otp_request, with_metadata};
use crate::support::refusal::Refusal;
use crate::support::server::Server;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

const EMAIL: &str = "mira@example.org";
const REDIRECT: &str = "https://app.example.com/signed-in";

/// A number that is not the one.
fn other(number: &str) -> String {
    format!("{:02}", (number.parse::<u32>().unwrap() + 1) % 100)
}

bodies_on_both_stores!(
    a54_a_forged_host_changes_no_link,
    a55_redirects_go_to_registered_uris_alone,
    a_link_goes_by_text_message_too,
    a_further_device_is_told_of,
);

async fn a54_a_forged_host_changes_no_link(store: Store) {
    let world = World::with(store, |settings| settings.set("links.base_url", "https://id.example.com/sign-in")).await;
    let address = world.server.addresses().grpc;
    let forged =
        Endpoint::try_from(format!("http://{address}")).unwrap().origin("http://evil.example".parse().unwrap());
    let channel = forged.connect().await.unwrap();
    let mut client = identity::grpc::proto::identity_service_client::IdentityServiceClient::new(channel);
    let mut request = with_metadata(send_link_request(EMAIL), "x-forwarded-host", "evil.example");
    for (name, value) in [("forwarded", "host=evil.example;proto=https"), ("x-forwarded-proto", "evil")] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    client.send_magic_link(request).await.unwrap();
    let mail = world.server.mailbox().wait_for(EMAIL, 1).await;
    assert!(mail.link().unwrap().starts_with("https://id.example.com/sign-in/link#"), "{}", mail.text);
    assert!(!mail.raw.contains("evil"), "{}", mail.raw);
}

#[tokio::test]
async fn a54_the_embedded_service_links_to_its_own_listener() {
    let server = Server::embedded().await;
    let (_, token) = server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let expected = format!("http://{}/link#{token}", server.addresses().http);
    assert_eq!(server.mailbox().to(EMAIL)[0].link(), Some(expected));
}

async fn a55_redirects_go_to_registered_uris_alone(store: Store) {
    let world = World::with(store, |settings| settings.redirects(&[REDIRECT, "com.example.app:/link"])).await;
    let client = world.server.client().await;
    let with =
        |redirect_uri: &str| SendMagicLinkRequest { redirect_uri: redirect_uri.to_owned(), ..send_link_request(EMAIL) };
    for bad in [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://app.example.com@evil.example/signed-in",
        "https://ada@app.example.com/signed-in",
        "https://app.example.com%2fsigned-in",
        "https://app.example.com/signed-in/",
        "https://app.example.com/signed-in?x=1",
        "https://app.example.com/signed-in#x",
        "https://app.example.com/signed-in/../evil",
        "https://app.example.com/Signed-In",
        "https://app.example.com/signed%2Din",
        "https://app.example.com:443/signed-in",
        "https://app.example.com.evil.example/signed-in",
        "https://xn--pp-mia.example.com/signed-in",
        "http://app.example.com/signed-in",
        "HTTPS://app.example.com/signed-in",
        "com.example.app:/link/",
        "javascript:alert(1)",
    ] {
        let refusal = Refusal::from(client.identity().send_magic_link(with(bad)).await.unwrap_err());
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::InvalidArgument, "REDIRECT_URI_NOT_ALLOWED"),
            "{bad}"
        );
        assert_eq!(refusal.field_names(), ["redirect_uri"], "{bad}");
        let request =
            SendOtpRequest { include_magic_link: true, redirect_uri: bad.to_owned(), ..send_otp_request(EMAIL) };
        let refusal = Refusal::from(client.identity().send_otp(request).await.unwrap_err());
        assert_eq!(refusal.reason, "REDIRECT_URI_NOT_ALLOWED", "{bad}");
    }
    assert!(world.server.mailbox().all().is_empty(), "nothing was sent");
    for (nth, good) in [REDIRECT, "com.example.app:/link", ""].into_iter().enumerate() {
        let send = async || client.identity().send_magic_link(with(good)).await.unwrap();
        let (_, token) = world.server.link_of(EMAIL, send).await;
        assert_eq!(client.inspect(&token).await.unwrap().redirect_uri, good, "{nth}");
    }
}

async fn a_link_goes_by_text_message_too(store: Store) {
    let world = World::with(store, Settings::offer_sms).await;
    let client = world.server.client().await;
    let identifier =
        Some(identity::grpc::proto::send_magic_link_request::Identifier::PhoneNumber("+41446681800".to_owned()));
    let request = SendMagicLinkRequest { identifier, ..SendMagicLinkRequest::default() };
    let send = async || client.identity().send_magic_link(request).await.unwrap();
    let (_, token) = world.server.link_of("+41446681800", send).await;
    let answer = client.redeem(&token).await.unwrap();
    assert_eq!(answer.user.unwrap().phone_number, "+41446681800");
    let validated = client.validate(&answer.tokens.unwrap().access_token).await.unwrap();
    assert_eq!(validated.claims.unwrap().amr, ["link", "sms"]);
    assert_eq!(world.number("SELECT COUNT(*) FROM text_messages WHERE kind = 'all' AND sent = 1").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM text_messages WHERE kind = 'prefix' AND used = 1").await, 1);
}

async fn a_further_device_is_told_of(store: Store) {
    let notify = toml::Value::Array(vec!["notify".into()]);
    let world = World::with(store, |settings| settings.policy("responses.new_device", notify)).await;
    let client = world.server.client().await;
    let device_token = world.server.sign_in(EMAIL).await.device_token;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let known = RedeemMagicLinkRequest { token, device_token, ..RedeemMagicLinkRequest::default() };
    client.identity().redeem_magic_link(known).await.unwrap();
    assert_eq!(world.audit().await.total("security.responded"), 0, "a device that is known");
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    client.redeem(&token).await.unwrap();
    assert_eq!(world.audit().await.total("security.responded"), 1);
    world.server.mailbox().wait_for(EMAIL, 4).await;
}

on_both_stores!(a25_asking_for_a_link_looks_alike_for_everyone, |world| {
    let client = world.server.client().await;
    let (known, unknown, disabled) = ("known--@example.org", "unknown@example.org", "disable@example.org");
    world.server.sign_in(known).await;
    disable(&world, disabled).await;
    for completion in [LinkCompletion::OpeningDevice, LinkCompletion::AskingDevice] {
        let mut seen = BTreeSet::new();
        for email in [known, unknown, disabled] {
            let mut challenge = client.send_link(email, completion).await.unwrap();
            assert_eq!(challenge.match_number.is_empty(), completion == LinkCompletion::OpeningDevice);
            (challenge.expire_time, challenge.resend_time) = (None, None);
            seen.insert(challenge.encoded_len());
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
    for email in [known, unknown, disabled] {
        world.server.mailbox().wait_for(email, 2).await;
    }
});

/// Signs `email` in and disables its user.
async fn disable(world: &World, email: &str) {
    let user_id = world.server.sign_in(email).await.user.unwrap().user_id;
    let request = DisableUserRequest { user_id, ..DisableUserRequest::default() };
    let request = operator(request, &world.server.admin_token());
    world.server.admin().await.admin().disable_user(request).await.unwrap();
}

on_both_stores!(a_disabled_user_is_told_after_a_proven_factor_alone, |world| {
    let client = world.server.client().await;
    disable(&world, EMAIL).await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    let wrong = client.approve(&token, &other(&challenge.match_number)).await.unwrap_err();
    assert_eq!(wrong.reason, "CODE_INVALID");
    let right = client.approve(&token, &challenge.match_number).await.unwrap_err();
    assert_eq!((right.code, right.reason.as_str()), (Code::PermissionDenied, "USER_DISABLED"));
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    assert_eq!(client.redeem(&token).await.unwrap_err().reason, "USER_DISABLED");
});

// A wrong number is a wrong code: it costs an attempt, counts on the ladder, and locks links and codes alike.
on_both_stores_with_clock!(wrong_numbers_lock_as_wrong_codes_do, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    for nth in 1..=3 {
        world.advance(Duration::from_secs(20));
        let refusal = client.approve(&token, &other(&challenge.match_number)).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "CODE_INVALID"));
        assert_eq!(world.number("SELECT attempts FROM challenges").await, nth);
        assert_eq!(world.number("SELECT consecutive_failures FROM lockouts").await, nth);
    }
    let locked = client.approve(&token, &challenge.match_number).await.unwrap_err();
    assert_eq!((locked.code, locked.reason.as_str()), (Code::ResourceExhausted, "ACCOUNT_LOCKED"));
    let (_, link) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let refusal = client.redeem(&link).await.unwrap_err();
    assert_eq!(refusal.reason, "ACCOUNT_LOCKED");
    assert!(refusal.retry_delay.is_some());
    let (by_code, code) = world.server.request_code(EMAIL).await;
    assert_eq!(client.verify_otp(&by_code.challenge_id, &code).await.unwrap_err().reason, "ACCOUNT_LOCKED");
    assert_eq!(world.audit().await.count("link.redeemed", "MATCH_NUMBER_INVALID"), 3);
    assert_eq!(world.audit().await.total("identifier.locked"), 1);
    world.advance(Duration::from_secs(301));
    assert!(client.redeem(&link).await.unwrap().tokens.is_some(), "when the lock is over the link is good");
});

on_both_stores_with_clock!(five_wrong_numbers_are_evaluated_and_no_more, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    let mut evaluated = 0;
    for _ in 0..20 {
        world.advance(Duration::from_secs(40));
        match client.approve(&token, &other(&challenge.match_number)).await.unwrap_err().reason.as_str() {
            "CODE_INVALID" => evaluated += 1,
            "ACCOUNT_LOCKED" | "ATTEMPT_TOO_SOON" | "ATTEMPTS_EXHAUSTED" | "LINK_INVALID" => {}
            other => panic!("{other}"),
        }
    }
    assert!(evaluated <= 5, "{evaluated}");
    assert!(world.number("SELECT attempts FROM challenges").await <= 5);
});

bodies_on_both_stores!(wrong_numbers_spend_the_budget_over_all_accounts);

async fn wrong_numbers_spend_the_budget_over_all_accounts(store: Store) {
    let world = World::with(store, |settings| settings.guard(2, 600)).await;
    let client = world.server.client().await;
    for nth in 0..2 {
        let email = format!("person-{nth}@example.org");
        let (challenge, token) = world.server.request_link(&email, LinkCompletion::AskingDevice).await;
        client.approve(&token, &other(&challenge.match_number)).await.unwrap_err();
    }
    let challenge = client.send_otp(EMAIL).await.unwrap();
    assert_eq!((challenge.code_length, challenge.attempts_remaining), (10, 1), "the guard is up");
    assert_eq!(world.audit().await.total("guard.raised"), 1);
}

// A wrong token of a known challenge is not charged: whoever learns of a challenge could lock its owner out.
on_both_stores!(wrong_tokens_cost_their_owner_nothing_and_look_alike, |world| {
    let client = world.server.client().await;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let (_, stranger) = world.server.request_link("noa@example.org", LinkCompletion::OpeningDevice).await;
    // The challenge of one with the secret of the other; a challenge that never was; no token at all.
    let mixed = format!("{}{}", &token[..22], &stranger[22..]);
    let wrong = [mixed, format!("{}{}", "A".repeat(22), &token[22..]), "x".repeat(64), "x".to_owned(), "é".to_owned()];
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        for token in &wrong {
            for refusal in [
                client.redeem(token).await.unwrap_err(),
                client.inspect(token).await.unwrap_err(),
                client.reject(token, true).await.unwrap_err(),
            ] {
                assert_eq!(refusal.reason, "LINK_INVALID");
                let names: Vec<String> =
                    refusal.status.metadata().clone().into_headers().keys().map(ToString::to_string).collect();
                seen.insert((refusal.message.clone(), names, refusal.status.details().to_vec()));
            }
        }
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(world.number("SELECT SUM(attempts) FROM challenges").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM lockouts").await, 0);
    for token in [token, stranger] {
        assert!(client.redeem(&token).await.unwrap().tokens.is_some());
    }
});

// A21: who began a sign-in gets nothing of what its owner does without the number.
on_both_stores!(a21_an_attackers_challenge_gives_nothing_away, |world| {
    let (attacker, owner) = (world.server.client().await, world.server.client().await);
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    for attempt in 0..2 {
        assert!(owner.inspect(&token).await.unwrap().needs_match_number);
        assert_eq!(owner.redeem(&token).await.unwrap_err().reason, "INVALID_FIELD", "{attempt}");
        assert_eq!(attacker.collect(&challenge).await.unwrap_err().reason, "SIGN_IN_PENDING");
    }
    // A link that is not for the asking device is not collected by it, whatever becomes of it.
    let (opening, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    assert_eq!(attacker.collect(&opening).await.unwrap_err().reason, "LINK_INVALID");
    assert!(owner.redeem(&token).await.unwrap().tokens.is_some());
    assert_eq!(attacker.collect(&opening).await.unwrap_err().reason, "LINK_INVALID");
    // Nor do digits open a link.
    let digits = VerifyOtpRequest {
        challenge_id: challenge.challenge_id,
        code: "000000".to_owned(),
        ..VerifyOtpRequest::default()
    };
    assert_eq!(Refusal::from(attacker.identity().verify_otp(digits).await.unwrap_err()).reason, "CODE_INVALID");
});
