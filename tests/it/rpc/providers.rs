//! `ListProviders`, `DrainProvider`, `ResumeProvider` and `GetDelivery`.

use std::time::Duration;

use identity::grpc::proto::get_delivery_request::Of;
use identity::grpc::proto::{
    BreakerState, Channel, Delivery, DrainProviderRequest, DrainProviderResponse, GetDeliveryRequest,
    ListProvidersRequest, MessageState, Provider, ResumeProviderRequest, ResumeProviderResponse,
};
use tonic::{Code, Response, Status};

use super::{NO_SUCH_ID, assert_fields, assert_refused};
use crate::both_stores::{bodies_on_both_stores, on_both_stores};
use crate::flow::repeat_operators::the_one_done;
use crate::ops::providers as providers_of;
use crate::support::client::operator;
use crate::support::providers::{Protocol, ProviderServer};
use crate::support::server::Server;
use crate::support::wait;
use crate::support::world::{Store, World};

const LIMIT: Duration = Duration::from_secs(10);

async fn list(server: &Server) -> Vec<Provider> {
    let request = operator(ListProvidersRequest {}, &server.admin_token());
    server.admin().await.admin().list_providers(request).await.unwrap().into_inner().providers
}

async fn drain(server: &Server, name: &str) {
    drain_as(server, name, "").await.unwrap();
}

async fn drain_as(server: &Server, name: &str, request_id: &str) -> Result<Response<DrainProviderResponse>, Status> {
    let (name, request_id) = (name.to_owned(), request_id.to_owned());
    let request = DrainProviderRequest { channel: Channel::Email.into(), name, request_id };
    server.admin().await.admin().drain_provider(operator(request, &server.admin_token())).await
}

async fn resume(server: &Server, name: &str) {
    resume_as(server, name, "").await.unwrap();
}

async fn resume_as(server: &Server, name: &str, request_id: &str) -> Result<Response<ResumeProviderResponse>, Status> {
    let (name, request_id) = (name.to_owned(), request_id.to_owned());
    let request = ResumeProviderRequest { channel: Channel::Email.into(), name, request_id };
    server.admin().await.admin().resume_provider(operator(request, &server.admin_token())).await
}

async fn deliveries(server: &Server, challenge_id: &str) -> Vec<Delivery> {
    let request = GetDeliveryRequest { of: Some(Of::ChallengeId(challenge_id.to_owned())) };
    let answer = server.admin().await.admin().get_delivery(operator(request, &server.admin_token())).await;
    answer.unwrap().into_inner().deliveries
}

/// What became of the one message of a challenge, once it has ended.
async fn ended(server: &Server, challenge_id: &str) -> Delivery {
    wait::until("the message to end", LIMIT, async || {
        let [delivery] = deliveries(server, challenge_id).await.try_into().unwrap();
        (delivery.state() != MessageState::Queued).then_some(delivery)
    })
    .await
}

/// A service with two providers of email, `first` and `second`, and their doubles.
async fn two(store: Store) -> (World, ProviderServer, ProviderServer) {
    let (first, second) =
        (ProviderServer::start(Protocol::SendGrid).await, ProviderServer::start(Protocol::SendGrid).await);
    let world = World::with(store, |settings| {
        let table = |name: &str, server: &ProviderServer, settings: &mut _| {
            providers_of::provider(&format!(
                "name = \"{name}\"\n[sendgrid]\n{}",
                providers_of::sendgrid(settings, server)
            ))
        };
        let list = vec![table("first", &first, settings), table("second", &second, settings)];
        settings.remove("delivery");
        settings.set("delivery.providers", list);
        for layer in ["address", "all"] {
            settings.limit(layer, 1000, 60);
        }
    })
    .await;
    (world, first, second)
}

/// A drain holds in this process at once, in others within moments, and after a restart.
async fn a_drain_holds_everywhere_until_it_is_ended(store: Store) {
    let (mut world, first, second) = two(store).await;
    let other = if store == Store::Postgres { Some(world.another().await) } else { None };
    drain(&world.server, "first").await;
    let challenge = world.server.client().await.send_otp("a@example.com").await.unwrap();
    assert_eq!(ended(&world.server, &challenge.challenge_id).await.provider, "second");
    if let Some(other) = &other {
        wait::until("the other process to learn of it", LIMIT, async || list(other).await[0].drained.then_some(()))
            .await;
        let challenge = other.client().await.send_otp("b@example.com").await.unwrap();
        assert_eq!(ended(other, &challenge.challenge_id).await.provider, "second");
    }
    world.server.restart_after_kill().await;
    let listed = list(&world.server).await;
    assert!(listed[0].drained && listed[0].drain_time.is_some() && !listed[1].drained, "{listed:?}");
    let challenge = world.server.client().await.send_otp("c@example.com").await.unwrap();
    assert_eq!(ended(&world.server, &challenge.challenge_id).await.provider, "second");
    assert_eq!(first.requests(), 0);
    assert!(second.requests() >= 2);

    resume(&world.server, "first").await;
    let challenge = world.server.client().await.send_otp("d@example.com").await.unwrap();
    assert_eq!(ended(&world.server, &challenge.challenge_id).await.provider, "first");
    let audit = world.audit().await;
    let count = |act: &str| audit.count(act, "email first");
    assert_eq!((count("provider.drained"), count("provider.resumed")), (1, 1));
}

#[tokio::test]
async fn a_drain_holds_everywhere_until_it_is_ended_on_either_store() {
    tokio::join!(
        a_drain_holds_everywhere_until_it_is_ended(Store::Sqlite),
        a_drain_holds_everywhere_until_it_is_ended(Store::Postgres)
    );
}

async fn a_repeated_drain_or_resume_is_done_once(store: Store) {
    let (world, ..) = two(store).await;
    let (server, other) = (&world.server, world.another().await);
    let (id, another) = ("7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8c", "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8d");
    let drained = async || list(server).await.iter().map(|provider| provider.drained).collect::<Vec<_>>();
    drain_as(server, "first", id).await.unwrap();
    assert_eq!(drained().await, [true, false]);
    resume(server, "first").await;
    for server in [server, &other] {
        drain_as(server, "first", id).await.unwrap();
    }
    assert_eq!(drained().await, [false, false], "the repetition drained nothing");
    assert_fields(drain_as(server, "second", id).await, "INVALID_FIELD", &["request_id"]);
    drain(server, "first").await;
    resume_as(server, "first", id).await.unwrap();
    drain(server, "first").await;
    for server in [server, &other] {
        resume_as(server, "first", id).await.unwrap();
    }
    assert_eq!(drained().await, [true, false], "the repetition resumed nothing");
    assert_fields(resume_as(server, "second", id).await, "INVALID_FIELD", &["request_id"]);
    resume(server, "first").await;
    let calls = tokio::join!(drain_as(server, "first", another), drain_as(&other, "second", another));
    let (which, _) = the_one_done(calls.into());
    assert_eq!(drained().await, [which == 0, which == 1]);
    let calls = tokio::join!(resume_as(server, "first", another), resume_as(server, "second", another));
    let (resumed, _) = the_one_done(calls.into());
    assert_eq!(drained().await, [which == 0 && resumed == 1, which == 1 && resumed == 0]);
    let audit = world.audit().await;
    assert_eq!((audit.total("provider.drained"), audit.total("provider.resumed")), (4, 4));
}

bodies_on_both_stores!(a_repeated_drain_or_resume_is_done_once);

#[tokio::test]
async fn the_list_tells_how_each_provider_does() {
    let (world, first, second) = two(Store::Sqlite).await;
    first.says(401, "{\"errors\":[{\"message\":\"canary\",\"field\":null}]}");
    let challenge = world.server.client().await.send_otp("a@example.com").await.unwrap();
    let delivery = ended(&world.server, &challenge.challenge_id).await;
    assert_eq!((delivery.state(), delivery.provider.as_str()), (MessageState::Sent, "second"));
    let [one, two] = list(&world.server).await.try_into().unwrap();
    assert_eq!((one.channel(), one.name.as_str(), one.kind.as_str()), (Channel::Email, "first", "sendgrid"));
    assert_ne!(one.breaker_state(), BreakerState::Closed);
    assert_eq!((one.last_failure_reason.as_str(), one.last_failure_time.is_some()), ("LOGIN_REFUSED", true));
    assert_eq!((two.breaker_state(), two.last_failure_reason.as_str()), (BreakerState::Closed, ""));
    let counts = |provider: &Provider| -> Vec<(String, i64)> {
        let some = provider.handover_counts.iter().filter(|one| one.count > 0);
        some.map(|one| (one.outcome.clone(), one.count)).collect()
    };
    assert_eq!((counts(&one), counts(&two)), (vec![("misconfigured".into(), 1)], vec![("accepted".into(), 1)]));
    assert_eq!(second.taken().len(), 1);
    let ready = crate::support::http::get(world.server.addresses().http, "/health/ready").await;
    assert_eq!(ready.status, 200, "a provider that is down takes no service out of rotation");
}

on_both_stores!(a_message_is_told_without_content_and_recipient, |world| {
    let (challenge, _) = world.server.request_code("mira@example.org").await;
    let delivery = ended(&world.server, &challenge.challenge_id).await;
    assert_eq!(
        (delivery.state(), delivery.provider.as_str(), delivery.reason.as_str()),
        (MessageState::Sent, "mailbox", "")
    );
    assert!(delivery.provider_message_id.contains(&delivery.message_id));
    assert_eq!((delivery.attempt_count, delivery.unanswered_count), (1, 0));
    assert_eq!(delivery.challenge_id, challenge.challenge_id);
    assert!(delivery.settle_time.is_some() && delivery.expire_time.is_some());
    assert!(!format!("{delivery:?}").contains("mira"));

    let (client, token) = (world.server.admin().await, world.server.admin_token());
    let by_id = GetDeliveryRequest { of: Some(Of::MessageId(delivery.message_id.clone())) };
    let answer = client.admin().get_delivery(operator(by_id, &token)).await.unwrap().into_inner();
    assert_eq!(answer.deliveries, [delivery]);
    let unknown = GetDeliveryRequest { of: Some(Of::MessageId(NO_SUCH_ID.to_owned())) };
    assert_refused(client.admin().get_delivery(operator(unknown, &token)).await, Code::NotFound, "NOT_FOUND");
    let wrong = GetDeliveryRequest { of: Some(Of::ChallengeId("x".to_owned())) };
    assert_fields(client.admin().get_delivery(operator(wrong, &token)).await, "INVALID_FIELD", &["challenge_id"]);
    assert_fields(
        client.admin().get_delivery(operator(GetDeliveryRequest { of: None }, &token)).await,
        "INVALID_FIELD",
        &["of"],
    );
    let audit = world.audit().await;
    assert_eq!(audit.count("delivery.read", "NOT_FOUND"), 1);
});

on_both_stores!(unknown_providers_are_not_found, |world| {
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    let of = |channel: Channel, name: &str| DrainProviderRequest {
        channel: channel.into(),
        name: name.to_owned(),
        request_id: String::new(),
    };
    for request in [of(Channel::Email, "nobody"), of(Channel::Sms, "smtp")] {
        assert_refused(client.admin().drain_provider(operator(request, &token)).await, Code::NotFound, "NOT_FOUND");
    }
    let refused = client.admin().drain_provider(operator(of(Channel::Unspecified, ""), &token)).await;
    assert_fields(refused, "INVALID_FIELD", &["channel", "name"]);
    let strange = DrainProviderRequest { channel: 9, ..of(Channel::Email, "smtp") };
    let refused = client.admin().drain_provider(operator(strange, &token)).await;
    let refusal = assert_refused(refused, Code::InvalidArgument, "INVALID_FIELD");
    assert_eq!(refusal.fields, [("channel".to_owned(), "is not a value of its enumeration".to_owned())]);
    assert_eq!(world.number("SELECT count(*) FROM drained_providers").await, 0);
});
