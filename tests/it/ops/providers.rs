//! Chains of providers in a running service: failover, lost answers, refusals, and what is told of them.

use std::time::Duration;

use toml::Value;

use crate::support::mail::Mail;
use crate::support::port::Port;
use crate::support::providers::protocols::{ACCOUNT_SID, API_KEY, API_KEY_SID, API_SECRET, WEBHOOK_SECRET};
use crate::support::providers::{Behaviour, Protocol, ProviderServer};
use crate::support::settings::{Settings, write_secret};
use crate::support::wait;
use crate::support::world::{Store, World};

use super::delivery::books::Books;

const NUMBER: &str = "+491761234567";

/// One table of a list of providers.
pub(crate) fn provider(text: &str) -> Value {
    Value::Table(text.parse().unwrap())
}

/// SendGrid, as its double is reached, with the secret in a file.
pub(crate) fn sendgrid(settings: &Settings, server: &ProviderServer) -> String {
    write_secret(&settings.folder().join("secrets/sendgrid-key"), API_KEY);
    format!(
        "api_key_file = \"secrets/sendgrid-key\"\nfrom = \"sign-in@example.org\"\nendpoint = \"{}\"\ntimeout = \"1s\"",
        server.endpoint()
    )
}

/// Twilio, as its double is reached.
pub(crate) fn twilio(settings: &Settings, server: &ProviderServer) -> String {
    write_secret(&settings.folder().join("secrets/twilio-secret"), API_SECRET);
    format!(
        "account_sid = \"{ACCOUNT_SID}\"\napi_key_sid = \"{API_KEY_SID}\"\nsecret_file = \"secrets/twilio-secret\"\n\
         from = \"+15005550006\"\nendpoint = \"{}\"\ntimeout = \"1s\"",
        server.endpoint()
    )
}

/// A relay that nobody listens at, and SendGrid behind it.
fn relay_then_sendgrid(settings: &mut Settings, port: &Port, server: &ProviderServer) {
    let relay = format!(
        "name = \"relay\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"disable-on-loopback\"\n\
         from = \"sign-in@example.org\"\ntimeout = \"1s\"",
        port.number()
    );
    let sendgrid = format!("[sendgrid]\n{}", sendgrid(settings, server));
    settings.remove("delivery");
    settings.set("delivery.providers", vec![provider(&relay), provider(&sendgrid)]);
    for layer in ["address", "all"] {
        settings.limit(layer, 1000, 60);
    }
}

/// The code in the text of the message that SendGrid took for an address.
async fn code_at(server: &ProviderServer, address: &str) -> String {
    wait::until(&format!("a message to {address}"), Duration::from_secs(10), async || {
        server.taken().into_iter().map(|request| request.json()).find_map(|json| {
            let to = &json["personalizations"][0]["to"][0]["email"];
            let text = json["content"][0]["value"].as_str().unwrap().to_owned();
            (to == address).then(|| Mail { raw: String::new(), text }.code().unwrap())
        })
    })
    .await
}

async fn a_provider_that_is_down_delays_no_code(store: Store) {
    let (server, port) = (ProviderServer::start(Protocol::SendGrid).await, Port::free());
    let world = World::with(store, |settings| relay_then_sendgrid(settings, &port, &server)).await;
    let client = world.server.client().await;
    for n in 0..8 {
        let address = format!("mira{n}@example.com");
        let challenge = client.send_otp(&address).await.unwrap();
        let code = code_at(&server, &address).await;
        client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    }
    Books::settled(&world, 8).await;
    let once = "SELECT count(*) FROM outbox WHERE attempts = 1 AND delivered AND provider = 'sendgrid' \
        AND provider_message_id LIKE 'sg-%'";
    assert_eq!(world.number(once).await, 8, "each within the claim that met the provider that is down");
    assert_eq!(world.server.log().lines_with("a provider fails, and is left alone").len(), 1);
}

#[tokio::test]
async fn a_provider_that_is_down_delays_no_code_on_either_store() {
    tokio::join!(
        a_provider_that_is_down_delays_no_code(Store::Sqlite),
        a_provider_that_is_down_delays_no_code(Store::Postgres)
    );
}

fn text_messages(settings: &mut Settings, server: &ProviderServer) {
    let section = twilio(settings, server).parse().unwrap();
    *settings.section("delivery.sms.twilio") = section;
    settings.set("delivery.sms.domain", "app.example.com");
}

/// A113: Twilio takes the message and the answer is lost, again and again: the person gets the same code twice at most.
async fn a113_lost_answers_send_a_code_twice_at_most(store: Store) {
    let server = ProviderServer::start(Protocol::Twilio).await;
    server.set(Behaviour::HangsUp);
    let mut world = World::with(store, |settings| text_messages(settings, &server)).await;
    world.server.client().await.send_sms(NUMBER).await.unwrap();
    wait::until("the first try", Duration::from_secs(10), async || (server.requests() == 1).then_some(())).await;
    let noted = "SELECT count(*) FROM outbox WHERE unanswered = 1 OR settle_time IS NOT NULL";
    wait::until("its note", Duration::from_secs(10), async || (world.number(noted).await == 1).then_some(())).await;
    // How often it may have been sent outlives the process.
    world.server.restart_after_kill().await;
    let books = Books::settled(&world, 1).await;
    assert_eq!((books.dropped, books.with_content), (vec!["UNANSWERED".to_owned()], 0));
    let taken = server.taken();
    assert_eq!((server.requests(), taken.len()), (2, 2));
    assert_eq!(taken[0].field("Body"), taken[1].field("Body"), "the same code");
    assert_eq!(taken[0].field("To").as_deref(), Some(NUMBER));
}

#[tokio::test]
async fn a113_lost_answers_send_a_code_twice_at_most_on_either_store() {
    tokio::join!(
        a113_lost_answers_send_a_code_twice_at_most(Store::Sqlite),
        a113_lost_answers_send_a_code_twice_at_most(Store::Postgres)
    );
}

/// A29, A105: whoever asks is answered as ever where the provider rejects the number; neither the log nor the audit log
/// has the number, the code, a secret or the provider's own words.
#[tokio::test]
async fn a29_a_rejected_recipient_is_told_in_the_audit_log_alone() {
    let server = ProviderServer::start(Protocol::Twilio).await;
    let world = World::with(Store::Sqlite, |settings| text_messages(settings, &server)).await;
    let client = world.server.client().await;
    let good = client.send_sms(NUMBER).await.unwrap();
    Books::settled(&world, 1).await;
    let body = server.taken()[0].field("Body").unwrap();
    let (_, code) = body.split_once("@app.example.com #").expect("a code that is bound to the domain");
    server.says(400, "{\"code\":21614,\"message\":\"canary words\",\"more_info\":\"\",\"status\":400}");
    let rejected = client.send_sms("+491769876543").await.unwrap();
    assert_eq!(
        (good.code_length, good.channel, good.purpose),
        (rejected.code_length, rejected.channel, rejected.purpose)
    );
    let books = Books::settled(&world, 2).await;
    assert_eq!(books.dropped, ["RECIPIENT_REFUSED"]);
    let log = world.server.log().text();
    assert!(log.contains("RECIPIENT_REFUSED"), "{log}");
    for secret in ["canary", NUMBER, "+491769876543", code, API_SECRET, "Authorization"] {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
}

/// A webhook on this machine, in development and by explicit permission.
#[tokio::test]
async fn a_webhook_carries_codes_for_both_channels() {
    let server = ProviderServer::start(Protocol::Webhook).await;
    let world = World::with(Store::Sqlite, |settings| {
        write_secret(&settings.folder().join("secrets/webhook-secret"), WEBHOOK_SECRET);
        let section = format!(
            "url = \"{}/hook\"\nsecret_file = \"secrets/webhook-secret\"\nallowed_networks = [\"127.0.0.1/32\"]",
            server.endpoint()
        );
        settings.remove("delivery");
        *settings.section("delivery.webhook") = section.parse().unwrap();
        *settings.section("delivery.sms.webhook") = section.parse().unwrap();
    })
    .await;
    let client = world.server.client().await;
    client.send_otp("ada@example.com").await.unwrap();
    client.send_sms(NUMBER).await.unwrap();
    Books::settled(&world, 2).await;
    let mut kinds: Vec<_> = server.taken().iter().map(|request| request.json()["type"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, ["\"email.send\"", "\"sms.send\""]);
}

/// A secret that has not the form of one, and a file that is not there, keep the service from starting.
#[tokio::test]
async fn secrets_of_providers_are_checked_before_a_port_opens() {
    let server = ProviderServer::start(Protocol::Webhook).await;
    let world = World::on(Store::Sqlite).await;
    let mut settings = Settings::new(world.settings.folder());
    settings.section("limiter.memory");
    settings.set("store.sqlite.path", "identity.db");
    settings.remove("delivery");
    settings.set("delivery.webhook.url", format!("{}/hook", server.endpoint()));
    settings.set("delivery.webhook.allowed_networks", vec!["127.0.0.0/8"]);
    settings.set("delivery.webhook.secret_file", "secrets/hook");
    let check = || {
        let file = settings.file();
        let output = crate::support::world::identity(&["check-config", "--config", file.to_str().unwrap()]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = check();
    assert_eq!(code, Some(64));
    assert!(told.contains("delivery.webhook.secret_file"), "{told}");
    write_secret(&settings.folder().join("secrets/hook"), "canary-not-a-secret-of-the-form");
    let (code, told) = check();
    assert_eq!(code, Some(64));
    assert!(told.contains("delivery.webhook.secret_file: names a file that does not hold whsec_"), "{told}");
    assert!(told.contains("openssl rand -base64 32") && !told.contains("canary"), "{told}");
    write_secret(&settings.folder().join("secrets/hook"), WEBHOOK_SECRET);
    assert_eq!(check().0, Some(0));
}
