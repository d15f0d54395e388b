//! A service whose providers tell what became of messages, and what it says of them.

use std::time::Duration;

use identity::grpc::proto::get_delivery_request::Of;
use identity::grpc::proto::get_suppression_request::Identifier;
use identity::grpc::proto::{
    Challenge, Delivery, DeliveryState, GetDeliveryRequest, GetSuppressionRequest, GetSuppressionResponse,
    MessageState, WatchChallengeRequest, WatchChallengeResponse,
};
use serde_json::Value;
use tonic::{Status, Streaming};

use super::providers::{sendgrid, twilio};
use crate::support::client::operator;
use crate::support::http::Answer;
use crate::support::mail::Mail;
use crate::support::providers::receipts::{EventKey, Posted, register_callbacks};
use crate::support::providers::{Protocol, ProviderServer};
use crate::support::server::Server;
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

const LIMIT: Duration = Duration::from_secs(10);

/// A service with SendGrid and Twilio, which post receipts.
pub(crate) struct Posting {
    pub(crate) world: World,
    pub(crate) sendgrid: ProviderServer,
    pub(crate) twilio: ProviderServer,
    pub(crate) key: EventKey,
}

impl Posting {
    /// One on `store`.
    pub(crate) async fn on(store: Store) -> Self {
        Self::with(store, |_| {}).await
    }

    /// One whose configuration `adjust` has changed.
    pub(crate) async fn with(store: Store, adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::in_a_world(async |offer| {
            World::with(store, |settings| {
                offer(settings);
                adjust(settings);
            })
            .await
        })
        .await
    }

    /// One in a world of the test's own, whose configuration is to be changed so.
    pub(crate) async fn in_a_world(build: impl AsyncFnOnce(&dyn Fn(&mut Settings)) -> World) -> Self {
        let (mail, texts) =
            (ProviderServer::start(Protocol::SendGrid).await, ProviderServer::start(Protocol::Twilio).await);
        let key = EventKey::new();
        let world = build(&|settings| {
            settings.remove("delivery");
            let section = key.register(&sendgrid(settings, &mail));
            *settings.section("delivery.sendgrid") = section.parse().unwrap();
            let section = register_callbacks(settings, &twilio(settings, &texts));
            *settings.section("delivery.sms.twilio") = section.parse().unwrap();
            settings.set("delivery.sms.domain", "app.example.com");
            for layer in ["identifier", "address", "all"] {
                settings.limit(layer, 1000, 60);
            }
            settings.policy("codes.resend_cooldown", "1s");
        })
        .await;
        Self { world, sendgrid: mail, twilio: texts, key }
    }

    /// Posts what SendGrid tells, signed.
    pub(crate) async fn tell(&self, events: &[Value]) {
        self.post(&self.key.signed(events), 204).await;
    }

    /// Posts, and looks what is answered.
    pub(crate) async fn post(&self, posted: &Posted, status: u16) -> Answer {
        let answer = posted.to(self.world.server.addresses().http).await;
        assert_eq!(answer.status, status, "{answer:?}");
        answer
    }

    /// The code in a message that SendGrid took.
    pub(crate) fn code(&self, number: usize) -> String {
        let text = self.sendgrid.taken()[number].json()["content"][0]["value"].as_str().unwrap().to_owned();
        Mail { raw: String::new(), text }.code().unwrap()
    }

    /// Whether and why an address gets no message, as operators are told.
    pub(crate) async fn suppression(&self, email: &str) -> Result<GetSuppressionResponse, Status> {
        let request = GetSuppressionRequest { identifier: Some(Identifier::Email(email.to_owned())) };
        let request = operator(request, &self.world.server.admin_token());
        let mut admin = self.world.server.admin().await.admin();
        admin.get_suppression(request).await.map(tonic::Response::into_inner)
    }
}

/// The newest message of a challenge, as operators are told.
pub(crate) async fn delivery(server: &Server, challenge: &Challenge) -> Delivery {
    let request = GetDeliveryRequest { of: Some(Of::ChallengeId(challenge.challenge_id.clone())) };
    let answer = server.admin().await.admin().get_delivery(operator(request, &server.admin_token())).await;
    answer.unwrap().into_inner().deliveries.remove(0)
}

/// The same, once it is in that state.
pub(crate) async fn delivery_in(server: &Server, challenge: &Challenge, state: MessageState) -> Delivery {
    wait::until(&format!("a message to be {state:?}"), LIMIT, async || {
        let found = delivery(server, challenge).await;
        (found.state() == state).then_some(found)
    })
    .await
}

/// Those who watch a challenge.
pub(crate) struct Watching(Streaming<WatchChallengeResponse>);

impl Watching {
    /// Begins to watch.
    pub(crate) async fn of(server: &Server, challenge: &Challenge) -> Self {
        let request = WatchChallengeRequest {
            challenge_id: challenge.challenge_id.clone(),
            binding_secret: challenge.binding_secret.clone(),
        };
        Self(server.client().await.identity().watch_challenge(request).await.unwrap().into_inner())
    }

    /// What is told until a state is, this one included.
    pub(crate) async fn until(&mut self, state: DeliveryState) -> Vec<DeliveryState> {
        let mut told = Vec::new();
        let telling = async {
            while told.last() != Some(&state) {
                told.push(self.0.message().await.unwrap().expect("more is told").delivery_state());
            }
        };
        assert!(tokio::time::timeout(LIMIT, telling).await.is_ok(), "not {state:?}, but {told:?}");
        told
    }
}
