//! Receipts that no provider signed, or that are too old or too much; and what suppression shows to those outside.

use std::time::Duration;

use identity::adapters::system::SystemClock;
use identity::ports::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::both_stores::bodies_on_both_stores;
use crate::ops::delivery::books::Books;
use crate::ops::posting::{Posting, delivery};
use crate::ops::providers::{provider, sendgrid};
use crate::support::http;
use crate::support::providers::receipts::{
    AUTH_TOKEN, CALLBACK, EventKey, Posted, bounce, callback, event, signed_callback,
};
use crate::support::providers::{Protocol, ProviderServer};
use crate::support::wait;
use crate::support::world::{Store, World};

use identity::grpc::proto::MessageState;

const EMAIL: &str = "mira@example.org";
const NUMBER: &str = "+491761234567";

bodies_on_both_stores!(
    what_sendgrid_did_not_sign_changes_nothing,
    what_twilio_did_not_sign_changes_nothing,
    no_more_is_read_than_may_be,
    a_provider_tells_of_its_own_messages_alone,
    slow_posts_hold_up_no_other_provider,
    suppression_leaves_no_trace,
);

/// Nothing is kept, and nothing is in the audit log.
async fn assert_nothing_was_taken(posting: &Posting) {
    let kept = "SELECT (SELECT count(*) FROM outbox WHERE receipt <> 0) + (SELECT count(*) FROM suppressions)";
    assert_eq!(posting.world.number(kept).await, 0);
    let audit = posting.world.audit().await;
    assert_eq!(audit.total("receipt.taken") + audit.total("address.suppressed"), 0);
}

async fn what_sendgrid_did_not_sign_changes_nothing(store: Store) {
    let posting = Posting::with(store, |settings| settings.set("telemetry.metrics_listen", "127.0.0.1:0")).await;
    posting.world.server.client().await.send_otp(EMAIL).await.unwrap();
    let taken = posting.sendgrid.took(0).await;
    let good = posting.key.signed(&[bounce(&taken)]);
    let now = SystemClock.now().seconds();
    let without = |name: &str| {
        let kept = good.headers.split_inclusive("\r\n").filter(|line| !line.starts_with(name));
        Posted { headers: kept.collect(), ..good.clone() }
    };
    let forged = [
        EventKey::new().signed(&[bounce(&taken)]),
        Posted { body: good.body.replace("bounce", "dropped"), ..good.clone() },
        Posted { body: format!("{} ", good.body), ..good.clone() },
        Posted { headers: good.headers.replace(&format!("{now}"), &format!("{}", now - 1)), ..good.clone() },
        Posted { headers: format!("{0}{0}", good.headers), ..good.clone() },
        Posted { headers: good.headers.replace("Signature: ", "Signature: AAAA"), ..good.clone() },
        without("X-Twilio-Email-Event-Webhook-Signature"),
        without("X-Twilio-Email-Event-Webhook-Timestamp"),
        Posted { headers: String::new(), ..good.clone() },
    ];
    for posted in &forged {
        posting.post(posted, 403).await;
    }
    // Signed, and posted once more a day and two hours later; or by a clock that is far ahead.
    for seconds in [now - 26 * 3600, now + 3600] {
        posting.post(&posting.key.signed_at(seconds, &good.body), 403).await;
    }
    for bad in ["{}", "", "[1]", "not JSON"] {
        posting.post(&posting.key.signed_at(now, bad), 400).await;
    }
    assert_nothing_was_taken(&posting).await;
    let log = posting.world.server.log();
    assert_eq!(log.lines_with("a receipt is not taken").len(), 1, "said once a minute");
    posting.post(&good, 204).await;
    posting.post(&good, 204).await;
    assert_eq!(posting.world.audit().await.total("receipt.taken"), 1);
    let metrics = http::get(posting.world.server.addresses().metrics.unwrap(), "/metrics").await.body;
    for (outcome, count) in [("forged", 9), ("stale", 2), ("malformed", 4), ("taken", 1), ("no_news", 1)] {
        let line = metrics.lines().find(|line| {
            line.starts_with("identity_delivery_receipts") && line.contains(outcome) && line.contains("sendgrid")
        });
        assert!(line.is_some_and(|line| line.ends_with(&format!(" {count}"))), "{outcome}: {line:?}");
    }
}

async fn what_twilio_did_not_sign_changes_nothing(store: Store) {
    let posting = Posting::on(store).await;
    posting.world.server.client().await.send_sms(NUMBER).await.unwrap();
    let taken = posting.twilio.took(0).await;
    let good = callback(&taken, "undelivered", Some(30005));
    let url = taken.field("StatusCallback").unwrap();
    let other = "019aa2f0-1c3e-7b1a-8f00-0123456789ab";
    let here = format!("http://{}/receipts/sms/twilio", posting.world.server.addresses().http);
    let query = url.split_once('?').unwrap().1;
    let elsewhere = signed_callback(&format!("{here}?{query}"), AUTH_TOKEN, &good.body);
    for forged in [
        signed_callback(&url, "another token", &good.body),
        Posted { body: good.body.replace("30005", "30006"), ..good.clone() },
        Posted { body: format!("{}&More=1", good.body), ..good.clone() },
        Posted { path: good.path.replace("message=", &format!("message={other}&message=")), ..good.clone() },
        Posted { path: "/receipts/sms/twilio".to_owned(), ..good.clone() },
        // Signed for the address where the service listens, as a Host header would tell it.
        Posted { path: good.path.clone(), ..elsewhere },
        Posted { headers: String::new(), ..good.clone() },
    ] {
        posting.post(&forged, 403).await;
    }
    for url in [CALLBACK.to_owned(), format!("{CALLBACK}?"), format!("{CALLBACK}?message=x")] {
        let posted = signed_callback(&url, AUTH_TOKEN, &good.body);
        // Without a query Twilio signs no question mark; our own callbacks always have one.
        let answer = posted.to(posting.world.server.addresses().http).await;
        assert!([400, 403].contains(&answer.status), "{url}: {answer:?}");
    }
    assert_nothing_was_taken(&posting).await;
    posting.post(&good, 204).await;
}

async fn no_more_is_read_than_may_be(store: Store) {
    let posting = Posting::on(store).await;
    posting.world.server.client().await.send_otp(EMAIL).await.unwrap();
    let taken = posting.sendgrid.took(0).await;
    let address = posting.world.server.addresses().http;
    let many = vec![json!({ "event": "delivered" }); 10_000];
    posting.post(&posting.key.signed(&many), 413).await;
    assert_nothing_was_taken(&posting).await;
    // As many as SendGrid posts at the most are read, and of one message the last word counts.
    let mut some = vec![event(&taken, "deferred", &json!({})); 1500];
    some.push(event(&taken, "delivered", &json!({})));
    posting.tell(&some).await;
    assert_eq!(posting.world.audit().await.total("receipt.taken"), 1);
    // A length beyond the bound is refused before anything of it comes; a stream beyond it, when it gets there.
    let good = posting.key.signed(&[bounce(&taken)]);
    let head = format!("POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{}", good.path, good.headers);
    let told = http::exchange(address, &format!("{head}content-length: 1048577\r\n\r\n")).await;
    assert_eq!(told.status, 413, "{told:?}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    for _ in 0..17 {
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    for (path, status) in [
        ("/receipts/email/other", 404),
        ("/receipts/sms/sendgrid", 404),
        ("/receipts/email/sendgrid/x", 404),
        ("/receipts", 404),
    ] {
        posting.post(&Posted { path: path.to_owned(), ..good.clone() }, status).await;
    }
    assert_eq!(http::get(address, &good.path).await.status, 405);
    assert_eq!(posting.world.audit().await.total("receipt.taken"), 1);
}

/// Whoever poses as SendGrid and sends slowly takes its places, and no others; those that go make room.
async fn slow_posts_hold_up_no_other_provider(store: Store) {
    let posting = Posting::on(store).await;
    let client = posting.world.server.client().await;
    client.send_otp(EMAIL).await.unwrap();
    client.send_sms(NUMBER).await.unwrap();
    let (mail, text) = (posting.sendgrid.took(0).await, posting.twilio.took(0).await);
    let address = posting.world.server.addresses().http;
    let forged = EventKey::new().signed(&[bounce(&mail)]);
    let head = format!("POST {} HTTP/1.1\r\nhost: a\r\n{}content-length: 1000\r\n\r\n[", forged.path, forged.headers);
    let mut slow = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let good = posting.key.signed(&[event(&mail, "delivered", &json!({}))]);
    wait::until("every place to be taken", Duration::from_secs(5), async || {
        (good.to(address).await.status == 503).then_some(())
    })
    .await;
    posting.post(&callback(&text, "delivered", None), 204).await;
    drop(slow);
    wait::until("a place", Duration::from_secs(5), async || (good.to(address).await.status == 204).then_some(())).await;
}

/// Two accounts of SendGrid: neither tells of what the other took, whatever it signs. Nor is there an address for a
/// provider that posts nothing.
async fn a_provider_tells_of_its_own_messages_alone(store: Store) {
    let (first, second) =
        (ProviderServer::start(Protocol::SendGrid).await, ProviderServer::start(Protocol::SendGrid).await);
    let (own, others) = (EventKey::new(), EventKey::new());
    let world = World::with(store, |settings| {
        let table = |name: &str, section: String| provider(&format!("name = \"{name}\"\n[sendgrid]\n{section}"));
        let list = vec![
            table("sendgrid", own.register(&sendgrid(settings, &first))),
            table("second", others.register(&sendgrid(settings, &second))),
        ];
        settings.remove("delivery");
        settings.set("delivery.providers", list);
    })
    .await;
    let challenge = world.server.client().await.send_otp(EMAIL).await.unwrap();
    let taken = first.took(0).await;
    Books::settled(&world, 1).await;
    let address = world.server.addresses().http;
    let by_other = Posted { path: "/receipts/email/second".to_owned(), ..others.signed(&[bounce(&taken)]) };
    assert_eq!(by_other.to(address).await.status, 204, "understood, and nothing to repeat");
    assert_eq!(others.signed(&[bounce(&taken)]).to(address).await.status, 403);
    assert_eq!(delivery(&world.server, &challenge).await.state(), MessageState::Sent);
    let unknown = json!({ "event": "bounce", "type": "bounce", "identity_message_id": challenge.challenge_id });
    assert_eq!(own.signed(&[unknown]).to(address).await.status, 204);
    assert_eq!(world.audit().await.total("receipt.taken"), 0);
    assert_eq!(own.signed(&[bounce(&taken)]).to(address).await.status, 204);
    assert_eq!(delivery(&world.server, &challenge).await.state(), MessageState::Bounced);

    let without = World::on(Store::Sqlite).await;
    assert_eq!(own.signed(&[]).to(without.server.addresses().http).await.status, 404);
}

/// Whoever asks for a code to a suppressed address is answered as for any other: the same fields of the same length, the
/// same headers, the same steps of the store and of the limiter before the answer.
async fn suppression_leaves_no_trace(store: Store) {
    let posting = Posting::on(store).await;
    let mut identity = posting.world.server.client().await.identity();
    let (bounced, complained, other) = ("aaaa@example.org", "bbbb@example.org", "cccc@example.org");
    let client = posting.world.server.client().await;
    for address in [bounced, complained, other] {
        client.send_otp(address).await.unwrap();
    }
    let mut events: Vec<Value> = Vec::new();
    for number in 0..3 {
        let taken = posting.sendgrid.took(number).await;
        let to = taken.json()["personalizations"][0]["to"][0]["email"].as_str().unwrap().to_owned();
        match to.as_str() {
            to if to == bounced => events.push(bounce(&taken)),
            to if to == complained => events.push(event(&taken, "spamreport", &json!({}))),
            _ => {}
        }
    }
    posting.tell(&events).await;
    let mut answers = Vec::new();
    for address in [bounced, complained, other] {
        let answer = identity.send_otp(crate::support::client::send_otp_request(address)).await.unwrap();
        let names: Vec<_> = answer.metadata().keys().map(|key| format!("{key:?}")).collect();
        let challenge = answer.into_inner().challenge.unwrap();
        let lengths =
            (challenge.challenge_id.len(), challenge.binding_secret.len(), challenge.masked_destination.len());
        let waits = (challenge.code_length, challenge.attempts_remaining);
        let standing = (challenge.channel, challenge.purpose, challenge.masked_destination[1..].to_owned());
        answers.push((names, lengths, waits, standing));
        let ended = wait::until("an end", Duration::from_secs(10), async || {
            let state = delivery(&posting.world.server, &challenge).await.state();
            (state != MessageState::Queued).then_some(state)
        });
        assert_eq!(ended.await == MessageState::Sent, address == other);
    }
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[2]);
    assert_eq!(posting.sendgrid.taken().len(), 4);
}
