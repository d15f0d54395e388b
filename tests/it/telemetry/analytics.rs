//! AUD-5: events of the funnel, in a file and at a collector, without personal data and in nobody's way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use identity::adapters::system::SystemClock;
use identity::domain::funnel::FunnelEvent;
use identity::grpc::proto::{Device, ResendOtpRequest, SendOtpRequest};
use identity::ports::clock::Clock;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Told;
use serde_json::Value;

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::send_otp_request;
use crate::support::http as plain;
use crate::support::otlp::Collector;
use crate::support::settings::write_secret;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    the_funnel_is_told_and_names_nobody,
    nobody_waits_for_whoever_counts,
    what_is_sent_to_nobody_has_a_channel_too,
);

type Event = BTreeMap<String, String>;

fn events(file: &Path) -> Vec<Event> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let event = |line: &str| -> Event {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("whole lines: {line}"));
        let fields = value.as_object().unwrap().iter();
        fields
            .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect()
    };
    text.lines().map(event).collect()
}

/// Waits for so many events by this name.
async fn wait_for(file: &Path, name: &str, count: usize) -> Vec<Event> {
    wait::until(&format!("{count} events {name}"), Duration::from_secs(10), async || {
        let found: Vec<Event> = events(file).into_iter().filter(|event| event["event"] == name).collect();
        (found.len() >= count).then_some(found)
    })
    .await
}

async fn the_funnel_is_told_and_names_nobody(store: Store) {
    let collector = Collector::start().await;
    let folder = crate::support::run::folder("analytics");
    let file = folder.path().join("funnel.jsonl");
    let mut world = World::with(store, |settings| {
        settings.set("analytics.file", file.to_str().unwrap());
        settings.set("analytics.otlp", true);
        settings.set("telemetry.otlp_endpoint", collector.url());
        settings.policy("codes.resend_cooldown", "1s");
    })
    .await;
    let client = world.server.client().await;
    let email = "canary-6d1f0c@birds.example";
    let request = SendOtpRequest {
        locale: "de-CH".to_owned(),
        device: Some(Device {
            device_id: "canary-device-91b2".to_owned(),
            display_name: "canary phone".to_owned(),
            ..Device::default()
        }),
        ..send_otp_request(email)
    };
    let challenge = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let code = world.server.mailbox().wait_for(email, 1).await.code().unwrap();
    let wrong = if code == "000000" { "111111" } else { "000000" };
    client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
    let again = ResendOtpRequest { challenge_id: challenge.challenge_id.clone(), ..ResendOtpRequest::default() };
    wait::until("the cool-down", Duration::from_secs(5), async || {
        client.identity().resend_otp(again.clone()).await.ok()
    })
    .await;
    let signed_in = client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    let second = client.send_otp(email).await.unwrap();
    wait_for(&file, "delivered", 3).await;
    wait_for(&file, "verified", 1).await;
    let last = wait_for(&file, "requested", 3).await.pop().unwrap();

    let told = events(&file);
    let of = |name: &str| -> Vec<&Event> { told.iter().filter(|event| event["event"] == name).collect() };
    let outcomes = |name: &str| -> Vec<&str> { of(name).iter().map(|event| event["outcome"].as_str()).collect() };
    assert_eq!(outcomes("requested"), ["sent", "resent", "sent"]);
    assert_eq!(outcomes("delivered"), ["accepted"; 3]);
    // Too early a resend is a refusal of a request, and no step of the funnel.
    assert_eq!((outcomes("failed"), outcomes("verified")), (vec!["CODE_INVALID"], vec!["new_user"]));
    let first = of("requested")[0];
    for (field, value) in [
        ("version", "1"),
        ("channel", "email"),
        ("purpose", "sign_in"),
        ("client_id", "default"),
        ("language", "de"),
        ("elapsed", "under_5s"),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    assert_eq!(of("delivered")[0]["provider"], "mailbox");
    for event in &told {
        assert_eq!(event.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(FunnelEvent::FIELDS));
        assert!(event["time"].ends_with(":00Z") && event["challenge"].len() == 32, "{event:?}");
    }
    // One challenge has one alias; two of one person have nothing in common.
    let aliases: BTreeSet<&str> = told.iter().map(|event| event["challenge"].as_str()).collect();
    assert_eq!(aliases.len(), 2);
    assert_ne!(last["challenge"], first["challenge"]);

    // Whatever is left is written at the end, and the collector has heard of the same.
    assert!(world.server.terminate().await.success());
    let logs = collector.logs();
    assert_eq!(logs.len(), events(&file).len());
    for record in &logs {
        assert_eq!(record.time_unix_nano, record.observed_time_unix_nano, "no finer time than the event's");
        assert!(
            record.time_unix_nano % 300_000_000_000 == 0 && record.trace_id.is_empty() && record.span_id.is_empty()
        );
        assert!(["requested", "delivered", "verified", "failed"].contains(&record.event_name.as_str()));
        assert_eq!(record.attributes.len(), FunnelEvent::FIELDS.len() - 2, "name and time stand apart");
    }
    let alias = |record: &opentelemetry_proto::tonic::logs::v1::LogRecord| {
        let found = record.attributes.iter().find(|attribute| attribute.key == "challenge").unwrap();
        let Some(Told::StringValue(text)) = found.value.clone().unwrap().value else { panic!("a text") };
        text
    };
    assert_eq!(logs.iter().map(alias).collect::<BTreeSet<_>>().len(), 2);

    // Nothing of a person stands in either.
    let sinks = format!("{}{logs:?}", fs::read_to_string(&file).unwrap());
    let user = signed_in.user.unwrap();
    let session = signed_in.session.unwrap();
    for secret in [
        "canary",
        "birds",
        "127.0.0.1",
        &code,
        &challenge.challenge_id,
        &challenge.challenge_id[..13],
        &second.challenge_id,
        &user.user_id,
        &session.session_id,
        "de-CH",
    ] {
        assert!(!sinks.contains(secret), "{secret} in {sinks}");
    }
}

/// A sink that is gone costs events, which are counted, and no request anything.
async fn nobody_waits_for_whoever_counts(store: Store) {
    let folder = crate::support::run::folder("analytics");
    let file = folder.path().join("within/funnel.jsonl");
    fs::create_dir(folder.path().join("within")).unwrap();
    let world = World::with(store, |settings| {
        settings.set("analytics.file", file.to_str().unwrap());
        settings.set("analytics.otlp", true);
        settings.set("telemetry.otlp_endpoint", "http://127.0.0.1:1");
        settings.set("telemetry.metrics_listen", "127.0.0.1:0");
    })
    .await;
    fs::remove_dir_all(folder.path().join("within")).unwrap();
    world.server.sign_in("ada@example.org").await;
    let metrics = world.server.addresses().metrics.unwrap();
    let lost = wait::until("what is lost", Duration::from_secs(20), async || {
        let text = plain::get(metrics, "/metrics").await.body;
        let counts = |event: &str, outcome: &str| {
            text.lines().any(|line| {
                let labels = [format!("event=\"{event}\""), format!("outcome=\"{outcome}\"")];
                line.starts_with("identity_analytics_events_total{") && labels.iter().all(|label| line.contains(label))
            })
        };
        let all = ["requested", "delivered", "verified"];
        all.iter()
            .all(|event| counts(event, "file_failed") && counts(event, "collector_failed"))
            .then_some(text.clone())
    })
    .await;
    assert!(!lost.contains("outcome=\"written\""), "{lost}");
    // The file comes back with its folder.
    fs::create_dir(folder.path().join("within")).unwrap();
    world.server.sign_in("ben@example.org").await;
    wait_for(&file, "verified", 1).await;
}

/// A review account's message is given up before it is put into words.
async fn what_is_sent_to_nobody_has_a_channel_too(store: Store) {
    let folder = crate::support::run::folder("analytics");
    let file = folder.path().join("funnel.jsonl");
    let world = World::with(store, |settings| {
        settings.set("analytics.file", file.to_str().unwrap());
        let accounts = settings.folder().join("reviewers/accounts.toml");
        let expires = SystemClock.now().after(Duration::from_hours(24 * 30)).to_string()[..10].to_owned();
        let account = format!("email = \"review@example.com\"\ncode = \"271828\"\nexpire_date = {expires}");
        write_secret(&accounts, &format!("[[account]]\n{account}\n"));
        settings.set("review.file", accounts.to_str().unwrap());
    })
    .await;
    world.server.client().await.send_otp("review@example.com").await.unwrap();
    let failed = wait_for(&file, "failed", 1).await.pop().unwrap();
    assert_eq!((failed["outcome"].as_str(), failed["channel"].as_str()), ("REVIEW_ACCOUNT", "email"));
}

#[tokio::test]
async fn nothing_is_told_unless_a_sink_is_named() {
    let collector = Collector::start().await;
    let mut world =
        World::with(Store::Sqlite, |settings| settings.set("telemetry.otlp_endpoint", collector.url())).await;
    world.server.sign_in("ada@example.org").await;
    assert!(world.server.terminate().await.success());
    assert!(collector.logs().is_empty() && !collector.spans().is_empty());
}

#[test]
fn a_file_that_cannot_be_written_is_told_at_the_start() {
    let place = crate::support::run::folder("config");
    let mut settings = crate::support::settings::Settings::new(place.path());
    settings.section("limiter.memory");
    settings.set("store.sqlite.path", place.path().join("identity.db").to_str().unwrap());
    settings.set("analytics.file", "nowhere/funnel.jsonl");
    let output = crate::support::world::identity(&["serve", "--config", settings.file().to_str().unwrap()]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(64) && told.contains("nowhere/funnel.jsonl: analytics.file: cannot be"),
        "{told}"
    );
}
