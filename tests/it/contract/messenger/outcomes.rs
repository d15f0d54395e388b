//! What comes of a message when a provider does well and when it goes wrong: the same, whichever provider it is (A112).

use std::time::Instant;

use identity::domain::message::Handover;
use identity::ports::messenger::Messenger;

use super::subjects::{Either, LIMIT, Provider, facing, sendgrid, text, twilio, webhook};
use super::{accepted, envelope, scripted::Scripted, smtp::options};
use crate::support::certificates;
use crate::support::port::Port;
use crate::support::providers::{Behaviour, ProviderServer};
use crate::support::smtp::Security;

use identity::adapters::messenger::sendgrid::SendGrid;
use identity::adapters::messenger::smtp::Smtp;
use identity::adapters::messenger::twilio::Twilio;
use identity::adapters::messenger::webhook::{SigningSecret, Webhook};

/// What a provider does, and the class of what becomes of the message, on every channel.
fn table() -> Vec<(Behaviour, &'static str)> {
    let says = |status, headers: &str, body: &str| Behaviour::Says(status, headers.to_owned(), body.to_owned());
    vec![
        (Behaviour::Good, "accepted"),
        (says(413, "", ""), "refused"),
        (says(429, "retry-after: 1\r\n", "{\"errors\":[]}"), "deferred"),
        (says(408, "", ""), "deferred"),
        (says(500, "", "<html>try later</html>"), "deferred"),
        (says(503, "", ""), "deferred"),
        (says(502, "", ""), "unanswered"),
        (says(504, "", ""), "unanswered"),
        (says(301, "location: /elsewhere\r\n", ""), "misconfigured"),
        (says(307, "location: https://example.com/\r\n", ""), "misconfigured"),
        (says(404, "", ""), "misconfigured"),
        (says(401, "", "{}"), "misconfigured"),
        (Behaviour::Silent, "unanswered"),
        (Behaviour::HangsUp, "unanswered"),
        (Behaviour::Drips, "unanswered"),
        (Behaviour::Babbles, "unanswered"),
        (Behaviour::Floods, "unanswered"),
        (Behaviour::Good, "accepted"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a112_the_same_fault_has_the_same_outcome_at_every_provider() {
    let each = Provider::ALL.map(async |provider| {
        let (messenger, server) = facing(provider).await;
        for (behaviour, class) in table() {
            server.set(behaviour.clone());
            let begun = Instant::now();
            let handover = messenger.hand_over().await;
            assert_eq!(handover.class(), class, "{provider:?} {behaviour:?}: {handover:?}");
            assert!(begun.elapsed() < LIMIT * 2, "{provider:?} {behaviour:?} takes {:?}", begun.elapsed());
        }
        assert_eq!(server.requests(), table().len() as u64, "one request for each, and none that follows a redirect");
    });
    futures_util::future::join_all(each).await;
}

/// SMTP is held to the same table, as far as its dialogue has the fault.
#[tokio::test]
async fn a112_smtp_has_the_same_outcomes() {
    for (script, class) in [
        (vec![], "accepted"),
        (vec![("RCPT", "550 5.1.1 unknown")], "refused"),
        (vec![("", "421 4.7.0 too many")], "deferred"),
        (vec![(".", "451 4.3.0 later")], "deferred"),
        (vec![(".", "hello?")], "unanswered"),
        (vec![(".", "SILENT")], "unanswered"),
        (vec![(".", "HANGUP")], "unanswered"),
        (vec![("MAIL", "530 5.7.0 login first")], "misconfigured"),
    ] {
        let relay = Scripted::start(&script).await;
        let mut options = options(Security::Plain, relay.port);
        options.time_limit = LIMIT;
        let handover = Smtp::new(options).unwrap().hand_over(&envelope("ada@example.com")).await;
        assert_eq!(handover.class(), class, "{script:?}: {handover:?}");
    }
}

#[tokio::test]
async fn who_is_not_there_certainly_got_nothing() {
    for provider in Provider::ALL {
        let port = Port::free();
        let nobody = provider.at(&format!("http://127.0.0.1:{}", port.number()));
        let handover = nobody.hand_over().await;
        assert_eq!(handover, Handover::Deferred { reason: "PROVIDER_UNREACHABLE" }, "{provider:?}");
    }
}

/// Nothing is sent to whoever is not the provider in the settings.
#[tokio::test]
async fn a112_a_certificate_of_another_name_or_authority_is_not_taken() {
    let refused = Handover::Misconfigured { reason: "CERTIFICATE_REFUSED" };
    let elsewhere = certificates::issue("provider-elsewhere", "DNS:elsewhere.example");
    for provider in Provider::ALL {
        let other_name = ProviderServer::start_with_certificate(provider.protocol(), &elsewhere).await;
        assert_eq!(provider.at(&other_name.endpoint()).hand_over().await, refused, "{provider:?}");
        let good = ProviderServer::start_with_certificate(provider.protocol(), certificates::localhost()).await;
        assert!(accepted(&provider.at(&good.endpoint()).hand_over().await), "{provider:?}");
        assert_eq!(without_authority(provider, &good.endpoint()).hand_over().await, refused, "{provider:?}");
        assert_eq!((other_name.requests(), good.requests()), (0, 1), "{provider:?}");
    }
}

/// The messenger as it is where the authority of the tests is not trusted.
fn without_authority(provider: Provider, endpoint: &str) -> Either {
    let other = std::fs::read(&certificates::issue("another-authority", "DNS:localhost").chain).unwrap();
    match provider {
        Provider::SendGrid => {
            let mut options = sendgrid(endpoint);
            options.authorities = Some(other);
            Either::Email(std::sync::Arc::new(SendGrid::new(options).unwrap()))
        }
        Provider::Twilio => {
            let mut options = twilio(endpoint);
            options.authorities = Some(other);
            Either::Sms(std::sync::Arc::new(Twilio::new(options).unwrap()))
        }
        Provider::WebhookEmail | Provider::WebhookSms => {
            let mut options = webhook(endpoint);
            options.authorities = Some(other);
            let webhook = Webhook::new(options).unwrap();
            match provider {
                Provider::WebhookEmail => Either::Email(std::sync::Arc::new(webhook)),
                _ => Either::Sms(std::sync::Arc::new(webhook)),
            }
        }
    }
}

/// What each provider's own words mean.
#[tokio::test]
async fn each_providers_errors_have_their_meaning() {
    let errors =
        |field: &str| format!("{{\"errors\":[{{\"message\":\"canary\",\"field\":\"{field}\",\"help\":null}}]}}");
    let code = |code: u32| format!("{{\"code\":{code},\"message\":\"canary\",\"more_info\":\"\",\"status\":400}}");
    let failed = |code: &str| format!("{{\"sid\":\"SM1\",\"status\":\"failed\",\"error_code\":{code}}}");
    for (provider, status, body, class, reason) in [
        (Provider::SendGrid, 200, String::new(), "misconfigured", "NOT_QUEUED"),
        (Provider::SendGrid, 200, errors("from"), "misconfigured", "NOT_QUEUED"),
        (Provider::SendGrid, 201, String::new(), "unanswered", "ANSWER_UNREADABLE"),
        (Provider::SendGrid, 400, errors("personalizations.0.to.0.email"), "refused", "RECIPIENT_REFUSED"),
        (Provider::SendGrid, 400, errors("from.email"), "misconfigured", "SENDER_REFUSED"),
        (Provider::SendGrid, 400, errors("subject"), "refused", "MESSAGE_REFUSED"),
        (Provider::SendGrid, 400, "<html>".to_owned(), "refused", "MESSAGE_REFUSED"),
        (Provider::SendGrid, 403, errors("from"), "misconfigured", "SENDER_REFUSED"),
        (Provider::SendGrid, 403, errors("authorization"), "misconfigured", "LOGIN_REFUSED"),
        (Provider::SendGrid, 415, errors(""), "misconfigured", "ENDPOINT_WRONG"),
        (Provider::Twilio, 400, code(21211), "refused", "RECIPIENT_REFUSED"),
        (Provider::Twilio, 400, code(21610), "refused", "RECIPIENT_REFUSED"),
        (Provider::Twilio, 400, code(21614), "refused", "RECIPIENT_REFUSED"),
        (Provider::Twilio, 400, code(21617), "refused", "MESSAGE_REFUSED"),
        (Provider::Twilio, 400, code(21408), "unserved", "DESTINATION_NOT_SERVED"),
        (Provider::Twilio, 400, code(21606), "misconfigured", "SENDER_REFUSED"),
        (Provider::Twilio, 400, code(21611), "deferred", "PROVIDER_BUSY"),
        (Provider::Twilio, 400, code(99999), "refused", "MESSAGE_REFUSED"),
        (Provider::Twilio, 403, code(20005), "misconfigured", "LOGIN_REFUSED"),
        (Provider::Twilio, 404, code(20404), "misconfigured", "LOGIN_REFUSED"),
        (Provider::Twilio, 429, code(20429), "deferred", "PROVIDER_BUSY"),
        (Provider::Twilio, 500, code(20500), "deferred", "PROVIDER_FAILED"),
        (Provider::Twilio, 200, code(20003), "misconfigured", "LOGIN_REFUSED"),
        (Provider::Twilio, 200, "{\"error\":\"canary\"}".to_owned(), "unanswered", "ANSWER_UNREADABLE"),
        (Provider::Twilio, 201, "<html>".to_owned(), "unanswered", "ANSWER_UNREADABLE"),
        (Provider::Twilio, 201, failed("21610"), "refused", "RECIPIENT_REFUSED"),
        (Provider::Twilio, 201, failed("null"), "refused", "MESSAGE_REFUSED"),
        (Provider::WebhookEmail, 422, String::new(), "refused", "RECIPIENT_REFUSED"),
        (Provider::WebhookEmail, 451, String::new(), "unserved", "DESTINATION_NOT_SERVED"),
        (Provider::WebhookEmail, 410, String::new(), "misconfigured", "ENDPOINT_WRONG"),
        (Provider::WebhookEmail, 204, String::new(), "accepted", ""),
        (Provider::WebhookEmail, 200, "{\"error\":\"canary\"}".to_owned(), "accepted", ""),
    ] {
        let (messenger, server) = facing(provider).await;
        server.says(status, &body);
        let handover = messenger.hand_over().await;
        assert_eq!((handover.class(), handover.reason()), (class, reason), "{provider:?} {status} {body}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_a_matter_of_settings() {
    let refused = Handover::Misconfigured { reason: "LOGIN_REFUSED" };
    let (_, server) = facing(Provider::SendGrid).await;
    let mut options = sendgrid(&server.endpoint());
    options.api_key = "SG.another".to_owned().into();
    assert_eq!(SendGrid::new(options).unwrap().hand_over(&envelope("ada@example.com")).await, refused);
    let (_, server) = facing(Provider::Twilio).await;
    let mut options = twilio(&server.endpoint());
    options.secret = "another".to_owned().into();
    assert_eq!(Twilio::new(options).unwrap().hand_over(&text("x")).await, refused);
    let (_, server) = facing(Provider::WebhookSms).await;
    let mut options = webhook(&server.endpoint());
    options.secret = SigningSecret::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert_eq!(Messenger::hand_over(&Webhook::new(options).unwrap(), &text("x")).await, refused);
}
