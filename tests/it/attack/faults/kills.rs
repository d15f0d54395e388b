//! A141: SIGKILL at moments swept over six flows at once. After each the books are true, and whoever repeats a call under
//! its request id has what it asked for, once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use identity::grpc::proto::{
    Challenge, CompleteSignInRequest, LinkCompletion, RedeemMagicLinkRequest, RefreshTokenRequest, ResendOtpRequest,
    SendOtpRequest, SignOutRequest, TokenSet, VerifyOtpRequest,
};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;
use tonic::Status;
use uuid::Uuid;

use super::{books, unlimited};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, send_otp_request};
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(a141_a_kill_at_any_moment_leaves_true_books);

const KILLS: u32 = 7;

/// So much later each kill comes than the one before it: from before the first call arrives until after the last is answered.
const STEP: Duration = Duration::from_millis(6);

/// What the six calls of one round are about.
#[derive(Clone)]
struct Round {
    nth: u32,
    resent: Challenge,
    verified: (Challenge, String),
    refreshed: TokenSet,
    left: TokenSet,
    approved: (Challenge, String),
    ids: [String; 6],
}

impl Round {
    async fn new(world: &World, nth: u32) -> Self {
        let email = |what: &str| format!("a141-{what}-{nth}@example.com");
        let (resent, verified, refreshed, left, approved) = tokio::join!(
            async { world.server.request_code(&email("resend")).await.0 },
            async { world.server.request_code(&email("verify")).await },
            async { world.server.sign_in(&email("refresh")).await.tokens.unwrap() },
            async { world.server.sign_in(&email("leave")).await.tokens.unwrap() },
            async { world.server.request_link(&email("approve"), LinkCompletion::AskingDevice).await },
        );
        Self { nth, resent, verified, refreshed, left, approved, ids: [(); 6].map(|()| Uuid::new_v4().to_string()) }
    }

    async fn send(&self, client: &Client) -> Result<String, Status> {
        let request_id = self.ids[0].clone();
        let request = SendOtpRequest { request_id, ..send_otp_request(&format!("a141-send-{}@example.com", self.nth)) };
        Ok(client.identity().send_otp(request).await?.into_inner().challenge.unwrap().challenge_id)
    }

    async fn resend(&self, client: &Client) -> Result<String, Status> {
        let (challenge_id, request_id) = (self.resent.challenge_id.clone(), self.ids[1].clone());
        let request = ResendOtpRequest { challenge_id, request_id, ..ResendOtpRequest::default() };
        Ok(client.identity().resend_otp(request).await?.into_inner().challenge.unwrap().challenge_id)
    }

    async fn verify(&self, client: &Client) -> Result<String, Status> {
        let (challenge, code) = self.verified.clone();
        let (challenge_id, request_id) = (challenge.challenge_id, self.ids[2].clone());
        let request = VerifyOtpRequest { challenge_id, code, request_id, ..VerifyOtpRequest::default() };
        Ok(client.identity().verify_otp(request).await?.into_inner().tokens.unwrap().refresh_token)
    }

    async fn refresh(&self, client: &Client) -> Result<String, Status> {
        let (refresh_token, request_id) = (self.refreshed.refresh_token.clone(), self.ids[3].clone());
        let request = RefreshTokenRequest { refresh_token, request_id, device: None };
        Ok(client.identity().refresh_token(request).await?.into_inner().tokens.unwrap().refresh_token)
    }

    async fn sign_out(&self, client: &Client) -> Result<String, Status> {
        let (refresh_token, request_id) = (self.left.refresh_token.clone(), self.ids[4].clone());
        let request = SignOutRequest { refresh_token, request_id, all_sessions: false };
        client.identity().sign_out(request).await.map(|_| String::new())
    }

    async fn approve(&self, client: &Client) -> Result<String, Status> {
        let (challenge, token) = self.approved.clone();
        let (match_number, request_id) = (challenge.match_number, self.ids[5].clone());
        let request = RedeemMagicLinkRequest { token, match_number, request_id, ..RedeemMagicLinkRequest::default() };
        let answer = client.identity().redeem_magic_link(request).await?.into_inner();
        assert!(answer.approved && answer.tokens.is_none());
        Ok(String::new())
    }

    async fn call(&self, flow: usize, client: &Client) -> Result<String, Status> {
        match flow {
            0 => self.send(client).await,
            1 => self.resend(client).await,
            2 => self.verify(client).await,
            3 => self.refresh(client).await,
            4 => self.sign_out(client).await,
            _ => self.approve(client).await,
        }
    }
}

/// All six at once, each on a connection of its own, and the kill so much later. Gives what was answered before it.
async fn cut_down(world: &mut World, round: &Round, after: Duration) -> Vec<Option<String>> {
    let all = Arc::new(Barrier::new(7));
    let mut calls: Vec<JoinHandle<Option<String>>> = Vec::new();
    for flow in 0..6 {
        let (round, all, client) = (round.clone(), Arc::clone(&all), world.server.client().await);
        calls.push(tokio::spawn(async move {
            all.wait().await;
            round.call(flow, &client).await.ok()
        }));
    }
    all.wait().await;
    tokio::time::sleep(after).await;
    world.server.restart_after_kill().await;
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

async fn a141_a_kill_at_any_moment_leaves_true_books(store: Store) {
    let mut world = World::with(store, |settings| {
        unlimited(settings);
        settings.policy("codes.resend_cooldown", "1s");
        settings.set("sessions.refresh_grace", "60s");
    })
    .await;
    let rounds = join_all((0..KILLS).map(|nth| Round::new(&world, nth))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut answered = 0;
    for round in &rounds {
        let told = cut_down(&mut world, round, round.nth * STEP).await;
        answered += told.iter().flatten().count();
        books::are_true(&world, &format!("after kill {}", round.nth)).await;
        let client = world.server.client().await;
        for (flow, told) in told.into_iter().enumerate() {
            let again = round.call(flow, &client).await;
            let again = again.unwrap_or_else(|status| panic!("flow {flow} after kill {}: {status:?}", round.nth));
            assert!(told.is_none_or(|told| told == again), "flow {flow}: what was answered is answered again");
        }
        assert!(!client.validate(&round.left.access_token).await.unwrap().active);
        assert!(client.validate(&round.refreshed.access_token).await.unwrap().active);
        let collect = CompleteSignInRequest {
            challenge_id: round.approved.0.challenge_id.clone(),
            binding_secret: round.approved.0.binding_secret.clone(),
            ..CompleteSignInRequest::default()
        };
        client.identity().complete_sign_in(collect.clone()).await.unwrap();
        assert!(client.identity().complete_sign_in(collect).await.is_err(), "it is collected once");
        books::are_true(&world, &format!("after what followed on kill {}", round.nth)).await;
    }
    let most = usize::try_from(KILLS).unwrap() * 6;
    println!("{answered} of {most} calls were answered before the kills on {store:?}");
    assert!((1..most).contains(&answered), "{answered} of {most}: the kills come too early or too late");
    // Every message that was written down is sent in the end.
    wait::until("every code is sent", Duration::from_secs(20), async || {
        (world.number("SELECT COUNT(*) FROM outbox WHERE settle_time IS NULL").await == 0).then_some(())
    })
    .await;
}
