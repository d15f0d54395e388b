//! Spans over OTLP: one for each call, with its steps beneath it, in the caller's trace; and the trace of each call in the
//! audit log, with or without a collector.

use std::collections::BTreeSet;
use std::time::Duration;

use identity::grpc::proto::{SendOtpRequest, VerifyOtpRequest};

use super::canaries::hex;
use crate::both_stores::on_both_stores;
use crate::flow::captcha::captcha;
use crate::support::captcha::{CaptchaServer, Provider, SECRET};
use crate::support::client::{send_otp_request, with_metadata};
use crate::support::otlp::Collector;
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

#[tokio::test]
async fn a_call_is_traced_with_its_steps_in_the_callers_trace_sqlite() {
    traced(Store::Sqlite).await;
}

#[tokio::test]
async fn a_call_is_traced_with_its_steps_in_the_callers_trace_postgres() {
    traced(Store::Postgres).await;
}

async fn traced(store: Store) {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let collector = Collector::start().await;
    let world = World::with(store, |settings| settings.set("telemetry.otlp_endpoint", collector.url())).await;
    let client = world.server.client().await;
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let request = with_metadata(send_otp_request("traced@example.com"), "traceparent", &parent);
    let challenge = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let verify = VerifyOtpRequest { challenge_id: challenge.challenge_id, code: "000000".into(), ..Default::default() };
    let _ = client.identity().verify_otp(with_metadata(verify, "traceparent", &parent)).await;

    let call = collector.wait_for("identity.v1.IdentityService/SendOtp").await;
    collector.wait_for("delivery").await;
    assert_eq!((hex(&call.trace_id), hex(&call.parent_span_id)), (TRACE.to_owned(), "00f067aa0ba902b7".to_owned()));
    let spans = collector.spans();
    for step in ["limiter", "store"] {
        let beneath = spans.iter().find(|span| span.name == step && span.parent_span_id == call.span_id);
        assert!(
            beneath.is_some(),
            "{step} beneath the call: {:?}",
            spans.iter().map(|span| &span.name).collect::<Vec<_>>()
        );
    }
    // The audit log leads to the trace.
    let audit = world.audit().await;
    let sent = audit.0.iter().find(|event| event.act == "code.sent").unwrap();
    assert_eq!(sent.trace_id, TRACE);
}

/// How long a provider of captchas takes stands in the trace under its own name.
#[tokio::test]
async fn a_captcha_is_traced_by_its_name() {
    let collector = Collector::start().await;
    let provider = Provider::Turnstile;
    let server = CaptchaServer::start(provider).await;
    let adjust = |settings: &mut Settings| {
        captcha(settings, provider, &server.endpoint(), SECRET);
        settings.set("telemetry.otlp_endpoint", collector.url());
    };
    let world = World::with(Store::Sqlite, adjust).await;
    let request = SendOtpRequest { proof: "good-1".to_owned(), ..send_otp_request("ada@example.org") };
    world.server.client().await.identity().send_otp(request).await.unwrap();
    let call = collector.wait_for("identity.v1.IdentityService/SendOtp").await;
    assert_eq!(collector.wait_for("captcha").await.parent_span_id, call.span_id);
}

// No collector, and no caller who names a trace.
on_both_stores!(what_comes_of_a_call_is_recorded_under_one_trace, |world| {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let (challenge, code) = world.server.request_code("mira@example.org").await;
    let client = world.server.client().await;
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    // A message may be delivered by another thread, another process, or later: it belongs to the call that it came from. So
    // does a notice.
    let request =
        with_metadata(send_otp_request("noa@example.org"), "traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let locked = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let code = world.server.mailbox().wait_for("noa@example.org", 1).await.code().unwrap();
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..3 {
        client.verify_otp(&locked.challenge_id, wrong).await.unwrap_err();
    }
    let delivered = async || Some(world.audit().await).filter(|audit| audit.total("message.delivered") == 3);
    let audit = wait::until("two codes and a notice", Duration::from_secs(15), delivered).await;
    let traces = |act: &str| -> Vec<&str> {
        audit.0.iter().filter(|event| event.act == act).map(|event| event.trace_id.as_str()).collect()
    };
    let (sent, verified, lock) = (traces("code.sent"), traces("code.verified"), traces("identifier.locked"));
    assert_eq!(sent[1], TRACE);
    let messages: BTreeSet<_> = traces("message.delivered").into_iter().collect();
    assert_eq!(messages, BTreeSet::from([sent[0], sent[1], lock[0]]));
    assert_eq!(
        [traces("user.created")[0], traces("session.started")[0], lock[0]],
        [verified[0], verified[0], verified[3]]
    );
    let calls: BTreeSet<_> = sent.iter().chain(&verified).collect();
    assert_eq!(calls.len(), 6, "each call has its own");
    let digits = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    for event in audit.0.iter().filter(|event| event.act != "service.started") {
        assert!(event.trace_id.len() == 32 && event.trace_id.bytes().all(digits), "{event:?}");
    }
});
