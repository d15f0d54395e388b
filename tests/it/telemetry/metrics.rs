//! Metrics for Prometheus on a listener of their own, and over OTLP.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use http::uri::PathAndQuery;
use identity::domain::sms::SmsStop;

use crate::support::http as plain;
use crate::support::otlp::Collector;
use crate::support::redis::Redis;
use crate::support::server::Server;
use crate::support::wait;
use crate::support::world::{Store, World};

pub(crate) async fn scrape(address: SocketAddr) -> String {
    let answer = plain::get(address, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.body
}

/// The value of the series with this name and these words in its labels.
pub(crate) fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let line = text
        .lines()
        .find(|line| line.split(['{', ' ']).next() == Some(name) && labels.iter().all(|label| line.contains(label)))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

#[tokio::test]
async fn prometheus_reads_them_on_a_listener_of_their_own() {
    let server = Server::embedded_with(&["--metrics-listen", "127.0.0.1:0"]).await;
    let address = server.addresses().metrics.expect("told on standard output");
    server.sign_in("metrics@example.com").await;
    let client = server.client().await;
    for _ in 0..4 {
        let _ = client.send_otp("metrics@example.com").await;
    }
    // A German number of the premium kind: answered as ever, and kept back.
    client.send_sms("+499001234567").await.unwrap();
    let text = scrape(address).await;
    let calls = |method: &str, code: &str| {
        let labels = [format!("/{method}\""), format!("\"{code}\"")];
        value(&text, "identity_rpc_calls_total", &[&labels[0], &labels[1]])
    };
    assert_eq!(calls("SendOtp", "OK"), Some(4.0), "{text}");
    assert_eq!(calls("SendOtp", "RESOURCE_EXHAUSTED"), Some(2.0), "{text}");
    assert_eq!(calls("VerifyOtp", "OK"), Some(1.0));
    let decisions = |layer: &str, outcome: &str| {
        let labels = [format!("layer=\"{layer}\""), format!("outcome=\"{outcome}\"")];
        value(&text, "identity_limiter_decisions_total", &[&labels[0], &labels[1]])
    };
    assert_eq!(decisions("identifier", "admitted"), Some(4.0), "{text}");
    assert_eq!(decisions("identifier", "refused"), Some(2.0));
    assert_eq!(decisions("address", "refused"), Some(0.0), "shown before the first");
    assert_eq!(value(&text, "identity_limiter_alone", &[]), Some(0.0));
    let stopped = |reason: &str| value(&text, "identity_text_messages_stopped_total", &[reason, "\"withheld\""]);
    assert_eq!(stopped("SMS_NUMBER_TYPE_REFUSED"), Some(1.0), "{text}");
    for stop in SmsStop::ALL {
        assert!(stopped(stop.as_str()).is_some(), "{} has a series of its own", stop.as_str());
    }
    for line in text.lines().filter(|line| line.starts_with("# TYPE identity_")) {
        let name = line.split(' ').nth(2).unwrap();
        let help = text.lines().find_map(|line| line.strip_prefix(&format!("# HELP {name} "))).unwrap_or_default();
        assert!(help.ends_with('.'), "{name} is explained: {help:?}");
    }

    for public in [server.addresses().http, server.addresses().grpc, server.addresses().admin] {
        assert_ne!(plain::get(public, "/metrics").await.status, 200, "{public} is for others");
    }
    assert_eq!(plain::get(address, "/").await.status, 404);
}

#[tokio::test]
async fn without_being_asked_for_nothing_listens() {
    assert_eq!(Server::embedded().await.addresses().metrics, None);
}

/// What callers write makes no label: however many names they try, the same series.
#[tokio::test]
async fn a101_callers_words_are_no_labels() {
    let server = Server::embedded_with(&["--metrics-listen", "127.0.0.1:0"]).await;
    let address = server.addresses().metrics.unwrap();
    let client = server.client().await;
    for nth in 0..200 {
        let path: PathAndQuery = format!("/identity.v1.TokenService/canary{nth}").parse().unwrap();
        let mut grpc = tonic::client::Grpc::new(client.channel());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let _ = grpc.unary(tonic::Request::new(()), path, codec).await.unwrap_err();
        let _ = client.send_otp(&format!("canary{nth}@example.com")).await;
    }
    let text = scrape(address).await;
    assert!(!text.contains("canary"), "{text}");
    let series: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("identity_rpc_calls")).collect();
    assert!(series.len() <= 6, "{series:#?}");
    assert_eq!(value(&text, "identity_rpc_calls_total", &["\"other\"", "UNIMPLEMENTED"]), Some(200.0), "{text}");
}

#[tokio::test]
async fn a_redis_that_goes_away_is_seen_and_a_collector_hears_of_it() {
    let mut redis = Redis::start();
    let collector = Collector::start().await;
    let mut world = World::with(Store::Sqlite, |settings| {
        settings.remove("limiter");
        settings.set("limiter.redis.address", format!("127.0.0.1:{}", redis.port()));
        settings.set("limiter.redis.tls", "disable-on-loopback");
        settings.set("limiter.redis.timeout", "1s");
        settings.set("telemetry.metrics_listen", "127.0.0.1:0");
        settings.set("telemetry.otlp_endpoint", collector.url());
    })
    .await;
    let address = world.server.addresses().metrics.unwrap();
    redis.stop();
    let alone = |wanted: f64| {
        wait::until("the change", Duration::from_secs(20), async move || {
            let text = scrape(address).await;
            (value(&text, "identity_limiter_alone", &[]) == Some(wanted)).then_some(text)
        })
    };
    let text = alone(1.0).await;
    assert_eq!(value(&text, "identity_limiter_changes_total", &["\"degraded\"", "UNREACHABLE"]), Some(1.0), "{text}");
    redis.start_again();
    let text = alone(0.0).await;
    assert_eq!(value(&text, "identity_limiter_changes_total", &["\"restored\""]), Some(1.0), "{text}");

    // What was counted last is sent at the end.
    assert!(world.server.terminate().await.success());
    let names: BTreeSet<String> = collector.metrics().into_iter().map(|metric| metric.name).collect();
    for name in ["identity.limiter.changes", "identity.limiter.alone", "identity.limiter.decisions"] {
        assert!(names.contains(name), "{names:?}");
    }
    assert!(collector.metrics().iter().all(|metric| !metric.description.is_empty() && !metric.unit.is_empty()));
}
