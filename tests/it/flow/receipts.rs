//! DEL-8: what providers tell of messages reaches those who wait for them, and addresses that bounce get no more.

use std::time::Duration;

use identity::grpc::proto::delete_suppression_request::Identifier;
use identity::grpc::proto::{
    DeleteSuppressionRequest, DeliveryState, MessageState, ResendOtpRequest, SuppressionCause,
};
use serde_json::json;
use tonic::Code;

use crate::both_stores::bodies_on_both_stores;
use crate::ops::posting::{Posting, Watching, delivery, delivery_in};
use crate::support::client::operator;
use crate::support::postgres::Postgres;
use crate::support::providers::Behaviour;
use crate::support::providers::receipts::{bounce, callback, event};
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

const EMAIL: &str = "mira@example.org";
const NUMBER: &str = "+491761234567";

bodies_on_both_stores!(
    whoever_waits_learns_what_became_of_the_message,
    an_address_that_bounced_gets_no_more_until_an_operator_says_so,
    a_further_message_of_a_challenge_that_bounced_is_told_as_suppressed,
    a_complaint_is_told_to_nobody_but_operators,
    a_code_that_comes_through_ends_a_bounce,
    what_becomes_of_text_messages_is_told_too,
    a113_a_receipt_tells_more_than_a_lost_answer,
);

async fn whoever_waits_learns_what_became_of_the_message(store: Store) {
    let posting = Posting::on(store).await;
    let server = &posting.world.server;
    let challenge = server.client().await.send_otp(EMAIL).await.unwrap();
    let taken = posting.sendgrid.took(0).await;
    assert_eq!(taken.json()["custom_args"].as_object().unwrap().len(), 1, "SendGrid is told our id and no more");
    let mut watching = Watching::of(server, &challenge).await;
    watching.until(DeliveryState::Sent).await;
    posting.tell(&[event(&taken, "processed", &json!({})), event(&taken, "delivered", &json!({}))]).await;
    assert_eq!(watching.until(DeliveryState::Delivered).await, [DeliveryState::Delivered]);
    let found = delivery(server, &challenge).await;
    assert_eq!((found.state(), found.provider.as_str()), (MessageState::Delivered, "sendgrid"));
    assert!(found.receipt_time.is_some());
    // Late and repeated words change nothing; a bounce after all does.
    posting.tell(&[event(&taken, "deferred", &json!({})), event(&taken, "delivered", &json!({}))]).await;
    posting.tell(&[bounce(&taken)]).await;
    assert_eq!(watching.until(DeliveryState::Bounced).await, [DeliveryState::Bounced]);
    assert_eq!(delivery(server, &challenge).await.state(), MessageState::Bounced);
    let audit = posting.world.audit().await;
    let receipts = ["DEFERRED", "DELIVERED", "BOUNCED"].map(|reason| audit.count("receipt.taken", reason));
    assert_eq!((receipts, audit.count("address.suppressed", "BOUNCED")), ([0, 1, 1], 1));
}

async fn an_address_that_bounced_gets_no_more_until_an_operator_says_so(store: Store) {
    let posting = Posting::on(store).await;
    let (server, client) = (&posting.world.server, posting.world.server.client().await);
    client.send_otp(EMAIL).await.unwrap();
    posting.tell(&[bounce(&posting.sendgrid.took(0).await)]).await;
    let again = client.send_otp(EMAIL).await.unwrap();
    Watching::of(server, &again).await.until(DeliveryState::Bounced).await;
    let found = delivery(server, &again).await;
    assert_eq!((found.state(), found.reason.as_str()), (MessageState::Suppressed, "SUPPRESSED_BOUNCED"));
    // Others are written to, and what bounces for now is no reason to stop.
    client.send_otp("bo@example.org").await.unwrap();
    let taken = posting.sendgrid.took(1).await;
    posting.tell(&[event(&taken, "bounce", &json!({ "type": "blocked", "reason": "550 busy" }))]).await;
    client.send_otp("bo@example.org").await.unwrap();
    posting.sendgrid.took(2).await;

    let found = posting.suppression("MIRA@example.org").await.unwrap().suppression.unwrap();
    assert_eq!((found.cause(), found.provider.as_str()), (SuppressionCause::Bounced, "sendgrid"));
    assert!(found.expire_time.unwrap().seconds - found.create_time.unwrap().seconds == 7 * 86_400);
    let lift = async || {
        let identifier = Some(Identifier::Email(EMAIL.to_owned()));
        let request = DeleteSuppressionRequest { identifier, request_id: String::new() };
        let request = operator(request, &server.admin_token());
        server.admin().await.admin().delete_suppression(request).await.map_err(Refusal::from)
    };
    lift().await.unwrap();
    assert_eq!(lift().await.unwrap_err().reason, "NOT_FOUND");
    assert_eq!(posting.suppression(EMAIL).await.unwrap_err().code(), Code::NotFound);
    client.send_otp(EMAIL).await.unwrap();
    let taken = posting.sendgrid.took(3).await;
    assert_eq!(taken.json()["personalizations"][0]["to"][0]["email"], EMAIL);
    let audit = posting.world.audit().await;
    let acts = [("suppression.read", ""), ("suppression.read", "NOT_FOUND"), ("suppression.lifted", "")];
    assert_eq!(acts.map(|(act, reason)| audit.count(act, reason)), [1, 1, 1]);
    assert_eq!(audit.count("suppression.lifted", "NOT_FOUND"), 1);
    assert_eq!(audit.count("message.dropped", "SUPPRESSED_BOUNCED"), 1);
}

async fn a_further_message_of_a_challenge_that_bounced_is_told_as_suppressed(store: Store) {
    let posting = Posting::on(store).await;
    let (server, client) = (&posting.world.server, posting.world.server.client().await);
    let challenge = client.send_otp(EMAIL).await.unwrap();
    let mut watching = Watching::of(server, &challenge).await;
    posting.tell(&[bounce(&posting.sendgrid.took(0).await)]).await;
    watching.until(DeliveryState::Bounced).await;
    let request = ResendOtpRequest { challenge_id: challenge.challenge_id.clone(), ..ResendOtpRequest::default() };
    wait::until("a resend", Duration::from_secs(10), async || client.identity().resend_otp(request.clone()).await.ok())
        .await;
    watching.until(DeliveryState::Suppressed).await;
    let found = delivery(server, &challenge).await;
    assert_eq!((found.state(), found.reason.as_str()), (MessageState::Suppressed, "SUPPRESSED_BOUNCED_HERE"));
    assert_eq!(posting.sendgrid.taken().len(), 1);
}

async fn a_complaint_is_told_to_nobody_but_operators(store: Store) {
    let posting = Posting::on(store).await;
    let (server, client) = (&posting.world.server, posting.world.server.client().await);
    let challenge = client.send_otp(EMAIL).await.unwrap();
    let taken = posting.sendgrid.took(0).await;
    posting.tell(&[event(&taken, "spamreport", &json!({}))]).await;
    Watching::of(server, &challenge).await.until(DeliveryState::Delivered).await;
    assert_eq!(delivery(server, &challenge).await.state(), MessageState::Complained);
    let again = client.send_otp(EMAIL).await.unwrap();
    delivery_in(server, &again, MessageState::Suppressed).await;
    assert_eq!(Watching::of(server, &again).await.until(DeliveryState::Sent).await, [DeliveryState::Sent]);
    let cause = posting.suppression(EMAIL).await.unwrap().suppression.unwrap().cause();
    assert_eq!((cause, posting.sendgrid.taken().len()), (SuppressionCause::Complained, 1));
    // A code that the person had enters: the complaint stands.
    client.verify_otp(&challenge.challenge_id, &posting.code(0)).await.unwrap();
    assert!(posting.suppression(EMAIL).await.is_ok());
}

async fn a_code_that_comes_through_ends_a_bounce(store: Store) {
    let posting = Posting::on(store).await;
    let client = posting.world.server.client().await;
    let challenge = client.send_otp(EMAIL).await.unwrap();
    posting.tell(&[bounce(&posting.sendgrid.took(0).await)]).await;
    assert!(posting.suppression(EMAIL).await.is_ok());
    client.verify_otp(&challenge.challenge_id, "000000").await.unwrap_err();
    assert!(posting.suppression(EMAIL).await.is_ok(), "a wrong code proves nothing");
    client.verify_otp(&challenge.challenge_id, &posting.code(0)).await.unwrap();
    assert_eq!(posting.suppression(EMAIL).await.unwrap_err().code(), Code::NotFound);
    client.send_otp(EMAIL).await.unwrap();
    posting.sendgrid.took(1).await;
    assert_eq!(posting.world.audit().await.count("suppression.lifted", ""), 1);
}

async fn what_becomes_of_text_messages_is_told_too(store: Store) {
    let posting = Posting::on(store).await;
    let (server, client) = (&posting.world.server, posting.world.server.client().await);
    let challenge = client.send_sms(NUMBER).await.unwrap();
    let taken = posting.twilio.took(0).await;
    let mut watching = Watching::of(server, &challenge).await;
    posting.post(&callback(&taken, "sent", None), 204).await;
    watching.until(DeliveryState::Sent).await;
    posting.post(&callback(&taken, "delivered", None), 204).await;
    assert_eq!(watching.until(DeliveryState::Delivered).await, [DeliveryState::Delivered]);
    assert_eq!(delivery(server, &challenge).await.state(), MessageState::Delivered);

    let other = client.send_sms("+491769876543").await.unwrap();
    let taken = posting.twilio.took(1).await;
    // A phone that is off says nothing of its number.
    posting.post(&callback(&taken, "undelivered", Some(30003)), 204).await;
    Watching::of(server, &other).await.until(DeliveryState::Bounced).await;
    assert_eq!(delivery(server, &other).await.state(), MessageState::Failed);
    posting.post(&callback(&taken, "undelivered", Some(30005)), 204).await;
    assert_eq!(delivery(server, &other).await.state(), MessageState::Bounced);
    let again = client.send_sms("+491769876543").await.unwrap();
    Watching::of(server, &again).await.until(DeliveryState::Bounced).await;
    assert_eq!(delivery(server, &again).await.state(), MessageState::Suppressed);
    assert_eq!(posting.twilio.taken().len(), 2);
}

/// A113: of a message whose answers were lost the service knows nothing but what the provider tells later.
async fn a113_a_receipt_tells_more_than_a_lost_answer(store: Store) {
    let posting = Posting::on(store).await;
    posting.twilio.set(Behaviour::HangsUp);
    let (server, client) = (&posting.world.server, posting.world.server.client().await);
    let challenge = client.send_sms(NUMBER).await.unwrap();
    let mut watching = Watching::of(server, &challenge).await;
    watching.until(DeliveryState::Bounced).await;
    let found = delivery(server, &challenge).await;
    assert_eq!((found.state(), found.reason.as_str()), (MessageState::Dropped, "UNANSWERED"));
    posting.post(&callback(&posting.twilio.took(0).await, "delivered", None), 204).await;
    watching.until(DeliveryState::Delivered).await;
    let body = posting.twilio.took(1).await.field("Body").unwrap();
    let (_, code) = body.split_once("@app.example.com #").unwrap();
    client.verify_otp(&challenge.challenge_id, code).await.unwrap();
}

/// What one process hears another heeds.
#[tokio::test]
async fn a_bounce_that_one_process_hears_of_holds_in_another() {
    let posting = Posting::on(Store::Postgres).await;
    let other = posting.world.another().await;
    posting.world.server.client().await.send_otp(EMAIL).await.unwrap();
    posting.tell(&[bounce(&posting.sendgrid.took(0).await)]).await;
    let client = other.client().await;
    wait::until("the other process to learn of it", Duration::from_secs(10), async || {
        let challenge = client.send_otp(EMAIL).await.unwrap();
        let ended = wait::until("an end", Duration::from_secs(10), async || {
            let state = delivery(&other, &challenge).await.state();
            (state != MessageState::Queued).then_some(state)
        });
        (ended.await == MessageState::Suppressed).then_some(())
    })
    .await;
}

/// A provider that cannot be heard is asked to come again, and nothing is lost by it.
#[tokio::test]
async fn a_receipt_is_repeated_while_the_store_is_away() {
    let mut own = None;
    let posting = Posting::in_a_world(async |offer| {
        let (cluster, world) = World::on_own_postgres_and(Postgres::start(&[]), offer).await;
        own = Some(cluster);
        world
    })
    .await;
    let mut cluster = own.unwrap();
    let server = &posting.world.server;
    let challenge = server.client().await.send_otp(EMAIL).await.unwrap();
    let taken = posting.sendgrid.took(0).await;
    delivery_in(server, &challenge, MessageState::Sent).await;
    let posted = posting.key.signed(&[event(&taken, "delivered", &json!({}))]);
    cluster.stop();
    let answer = posting.post(&posted, 503).await;
    assert!(!answer.body.contains("postgres") && answer.body.contains("post it again"), "{}", answer.body);
    cluster.start_again();
    wait::until("the receipt to be taken", Duration::from_secs(15), async || {
        (posted.to(server.addresses().http).await.status == 204).then_some(())
    })
    .await;
    assert_eq!(delivery(server, &challenge).await.state(), MessageState::Delivered);
}
