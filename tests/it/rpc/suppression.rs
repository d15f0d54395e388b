//! `GetSuppression` and `DeleteSuppression`.

use identity::grpc::proto::{
    DeleteSuppressionRequest, GetSuppressionRequest, SuppressionCause, delete_suppression_request,
    get_suppression_request,
};
use tokio::task::JoinSet;
use tonic::Code;

use super::{assert_fields, assert_refused};
use crate::both_stores::bodies_on_both_stores;
use crate::ops::posting::Posting;
use crate::support::client::operator;
use crate::support::providers::receipts::callback;
use crate::support::world::Store;

const NUMBER: &str = "+491761234567";

fn get(number: &str) -> GetSuppressionRequest {
    let identifier = Some(get_suppression_request::Identifier::PhoneNumber(number.to_owned()));
    GetSuppressionRequest { identifier }
}

fn delete(number: &str, request_id: &str) -> DeleteSuppressionRequest {
    let identifier = Some(delete_suppression_request::Identifier::PhoneNumber(number.to_owned()));
    DeleteSuppressionRequest { identifier, request_id: request_id.to_owned() }
}

/// Another number, which is not suppressed.
const ANOTHER: &str = "+491761234568";

/// Has the number bounce, `nth` of the messages that Twilio took.
async fn bounce(posting: &Posting, nth: usize) {
    posting.world.server.client().await.send_sms(NUMBER).await.unwrap();
    let taken = posting.twilio.took(nth).await;
    posting.post(&callback(&taken, "failed", Some(30006)), 204).await;
}

async fn a_number_is_found_in_any_spelling_and_a_repeated_lift_lifts_once(store: Store) {
    let posting = Posting::on(store).await;
    let mut admin = posting.world.server.admin().await.admin();
    let token = posting.world.server.admin_token();
    bounce(&posting, 0).await;
    let found = admin.get_suppression(operator(get("+49 176 1234567"), &token)).await.unwrap().into_inner();
    let found = found.suppression.unwrap();
    assert_eq!((found.cause(), found.provider.as_str()), (SuppressionCause::Bounced, "twilio"));
    assert!(found.message_id.len() == 36 && super::seconds_until(found.expire_time) > 6 * 86_400);
    let request_id = "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8c";
    let mut lift = async || admin.delete_suppression(operator(delete(NUMBER, request_id), &token)).await;
    lift().await.unwrap();
    bounce(&posting, 1).await;
    lift().await.unwrap();
    let mut admin = posting.world.server.admin().await.admin();
    assert!(admin.get_suppression(operator(get(NUMBER), &token)).await.is_ok(), "the repetition lifted nothing");
    assert_eq!(posting.world.audit().await.count("suppression.lifted", ""), 1);
}

async fn a_lift_that_is_asked_for_at_once_at_two_processes_is_one(store: Store) {
    let posting = Posting::on(store).await;
    let world = &posting.world;
    bounce(&posting, 0).await;
    let (other, token) = (world.another().await, world.server.admin_token());
    let admins = [world.server.admin().await, other.admin().await];
    let request_id = "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8c";
    let callers = admins.iter().cycle().take(16).cloned();
    let calls: JoinSet<_> = callers
        .map(|client| {
            let request = operator(delete(NUMBER, request_id), &token);
            async move { client.admin().delete_suppression(request).await }
        })
        .collect();
    for answer in calls.join_all().await {
        answer.unwrap();
    }
    let refused = admins[1].admin().delete_suppression(operator(delete(ANOTHER, request_id), &token)).await;
    assert_fields(refused, "INVALID_FIELD", &["request_id"]);
    assert_eq!(world.audit().await.total("suppression.lifted"), 1);
}

async fn what_names_nobody_or_is_nobodys_to_ask_is_refused(store: Store) {
    let posting = Posting::on(store).await;
    let mut admin = posting.world.server.admin().await.admin();
    let token = posting.world.server.admin_token();
    let before = posting.world.audit().await.of_callers();
    let nobody = admin.get_suppression(operator(GetSuppressionRequest { identifier: None }, &token)).await;
    assert_fields(nobody, "INVALID_FIELD", &["identifier"]);
    let wrong = admin.delete_suppression(operator(delete("1", "?"), &token)).await;
    assert_fields(wrong, "INVALID_PHONE_NUMBER", &["phone_number", "request_id"]);
    assert_eq!(posting.world.audit().await.of_callers(), before);
    let stranger = admin.get_suppression(operator(get(NUMBER), "x")).await;
    assert_refused(stranger, Code::Unauthenticated, "SERVICE_CREDENTIAL_REQUIRED");
    let none = admin.delete_suppression(operator(delete(NUMBER, ""), &token)).await;
    assert_refused(none, Code::NotFound, "NOT_FOUND");
    let audit = posting.world.audit().await;
    assert_eq!((audit.count("suppression.lifted", "NOT_FOUND"), audit.total("operator.refused")), (1, 1));
}

bodies_on_both_stores!(
    a_number_is_found_in_any_spelling_and_a_repeated_lift_lifts_once,
    a_lift_that_is_asked_for_at_once_at_two_processes_is_one,
    what_names_nobody_or_is_nobodys_to_ask_is_refused,
);
