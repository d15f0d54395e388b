//! A captcha before anything is sent, by Cloudflare Turnstile and by hCaptcha, and what happens while they are down.

use std::time::Duration;

use identity::grpc::proto::{Challenge, SendOtpRequest};
use tonic::Code;

use super::proof::{assert_does_not_hold, challenge_of, solve};
use crate::both_stores::bodies_on_both_stores;
use crate::support::captcha::{CaptchaServer, HOST, Provider, SECRET, SITE_KEY};
use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::settings::{Settings, write_secret};
use crate::support::world::{Store, World};

const PROVIDERS: [Provider; 2] = [Provider::Turnstile, Provider::Hcaptcha];

/// Bits that a test finds in a blink.
const DIFFICULTY: i64 = 10;

/// A captcha of `provider` before every code.
pub(crate) fn captcha(settings: &mut Settings, provider: Provider, endpoint: &str, secret: &str) {
    settings.set("proof.when", "always");
    settings.set("proof.kind", provider.name());
    settings.set("proof.difficulty", DIFFICULTY);
    settings.set("proof.captcha.site_key", SITE_KEY);
    settings.set("proof.captcha.hostnames", vec![HOST]);
    settings.set("proof.captcha.endpoint", endpoint);
    settings.set("proof.captcha.timeout", "1s");
    let file = settings.folder().join("captcha-secret");
    write_secret(&file, secret);
    settings.set("proof.captcha.secret_file", file.to_str().unwrap());
}

async fn ask(client: &Client, email: &str, proof: &str) -> Result<Challenge, Refusal> {
    let request = SendOtpRequest { proof: proof.to_owned(), ..send_otp_request(email) };
    Ok(client.identity().send_otp(request).await?.into_inner().challenge.unwrap())
}

async fn a_person_who_solved_it_is_sent_a_code(store: Store) {
    for provider in PROVIDERS {
        let server = CaptchaServer::start(provider).await;
        let world = World::with(store, |settings| captcha(settings, provider, &server.endpoint(), SECRET)).await;
        let client = world.server.client().await;
        let refusal = ask(&client, "ada@example.org", "").await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::FailedPrecondition, "PROOF_REQUIRED"));
        assert_eq!(refusal.metadata["kind"], provider.name());
        assert_eq!((refusal.metadata["site_key"].as_str(), refusal.metadata.len()), (SITE_KEY, 2));
        assert!(server.forms().is_empty(), "who gives none is refused without asking anyone");
        for bad in ["x", "expired", "elsewhere", "nowhere", "refused"] {
            assert_does_not_hold(ask(&client, "ada@example.org", bad).await);
        }
        assert_eq!(world.server.mailbox().all().len(), 0);
        let challenge = ask(&client, "ada@example.org", "good-1").await.unwrap();
        let code = world.server.mailbox().wait_for("ada@example.org", 1).await.code().unwrap();
        client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
        assert_does_not_hold(ask(&client, "eve@example.org", "good-1").await);
        // Nobody was asked to work, so nobody's work counts: it is judged as a captcha's answer, and is none.
        assert_does_not_hold(ask(&client, "ada@example.org", "pow1.10.9999999999.AAAA.AAAA.0").await);
        let audit = world.audit().await;
        assert_eq!((audit.count("code.sent", ""), audit.count("code.sent", "PROOF_INVALID")), (1, 7));
    }
}

async fn while_it_is_down_work_stands_in(store: Store) {
    for provider in PROVIDERS {
        let server = CaptchaServer::start(provider).await;
        let world = World::with(store, |settings| captcha(settings, provider, &server.endpoint(), SECRET)).await;
        let client = world.server.client().await;
        for down in ["slow", "drip", "giant", "malformed", "failing", "internal", "moved"] {
            challenge_of(&ask(&client, "ada@example.org", down).await.unwrap_err());
            // The log tells the same fault once a second.
            tokio::time::sleep(Duration::from_millis(1050)).await;
        }
        let challenge = challenge_of(&ask(&client, "ada@example.org", "failing").await.unwrap_err());
        assert_eq!(world.server.mailbox().all().len(), 0);
        let proof = solve(&challenge, DIFFICULTY);
        ask(&client, "ada@example.org", &proof).await.unwrap();
        world.server.mailbox().wait_for("ada@example.org", 1).await;
        assert_does_not_hold(ask(&client, "ada@example.org", &proof).await);
        let log = world.server.log();
        assert_eq!(log.lines_with("a captcha could not be checked").len(), 8);
        assert!(!log.text().contains(SECRET) && !log.text().contains(server.endpoint().as_str()));
    }
}

async fn or_it_is_refused_where_that_is_chosen(store: Store) {
    let server = CaptchaServer::start(Provider::Turnstile).await;
    let world = World::with(store, |settings| {
        captcha(settings, Provider::Turnstile, &server.endpoint(), "the-wrong-secret");
        settings.set("proof.captcha.on_failure", "refuse");
    })
    .await;
    let client = world.server.client().await;
    let refusal = ask(&client, "ada@example.org", "good-1").await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "PROVIDER_UNAVAILABLE"));
    assert!(refusal.retry_delay.is_some());
    // Work is no way around it.
    let refusal = ask(&client, "ada@example.org", "pow1.10.9999999999.AAAA.AAAA.0").await.unwrap_err();
    assert_eq!(refusal.reason, "PROVIDER_UNAVAILABLE");
    assert_eq!(world.audit().await.count("code.sent", "PROVIDER_UNAVAILABLE"), 2);
    assert_eq!(world.server.mailbox().all().len(), 0);
}

bodies_on_both_stores!(
    a_person_who_solved_it_is_sent_a_code,
    while_it_is_down_work_stands_in,
    or_it_is_refused_where_that_is_chosen,
);
