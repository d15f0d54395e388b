//! DEL-5, A105: what providers post names the recipient and carries their own words. Neither goes any further.

use serde_json::json;

use super::{Canaries, search_sinks};
use crate::both_stores::bodies_on_both_stores;
use crate::ops::posting::Posting;
use crate::support::otlp::Collector;
use crate::support::providers::receipts::{AUTH_TOKEN, EventKey, Posted, bounce, callback, event};
use crate::support::world::Store;

const EMAIL: &str = "canary-receipt-5e2a@birds.example";
const NUMBER: &str = "+4915174839265";

async fn no_sink_tells_what_receipts_say(store: Store) {
    let collector = Collector::start().await;
    let mut posting = Posting::with(store, |settings| {
        settings.set("telemetry.otlp_endpoint", collector.url());
        settings.set("telemetry.log_level", "trace");
    })
    .await;
    let mut canaries = Canaries::default();
    for secret in [EMAIL, NUMBER, &NUMBER[1..], AUTH_TOKEN, "canary-of-the-provider"] {
        canaries.plant("what a provider posts", secret);
    }
    let client = posting.world.server.client().await;
    client.send_otp(EMAIL).await.unwrap();
    client.send_sms(NUMBER).await.unwrap();
    let (mail, text) = (posting.sendgrid.took(0).await, posting.twilio.took(0).await);
    posting.tell(&[event(&mail, "deferred", &json!({})), event(&mail, "open", &json!({ "useragent": EMAIL }))]).await;
    let good = posting.key.signed(&[bounce(&mail)]);
    let texted = callback(&text, "undelivered", Some(30005));
    canaries.plant("a signature", good.headers.split("Signature: ").nth(1).unwrap().split('\r').next().unwrap());
    canaries.plant("a signature", texted.headers.split("Signature: ").nth(1).unwrap().split('\r').next().unwrap());
    let mut answers = Vec::new();
    for (posted, status) in [
        (EventKey::new().signed(&[bounce(&mail)]), 403),
        (Posted { body: format!("{EMAIL}{}", good.body), ..good.clone() }, 403),
        (posting.key.signed(&[json!(EMAIL)]), 400),
        (Posted { path: format!("/receipts/email/{EMAIL}"), ..good.clone() }, 404),
        (Posted { body: format!("{}&Body={EMAIL}", texted.body), ..texted.clone() }, 403),
        (good, 204),
        (texted, 204),
    ] {
        answers.push(posting.post(&posted, status).await);
    }
    for answer in answers {
        canaries.assert_absent("an answer", format!("{answer:?}").as_bytes());
    }
    client.send_otp(EMAIL).await.unwrap();
    posting.suppression(EMAIL).await.unwrap();
    collector.wait_for("identity.v1.AdminService/GetSuppression").await;
    search_sinks(store, &mut posting.world, &collector, &canaries).await;
}

bodies_on_both_stores!(no_sink_tells_what_receipts_say);
