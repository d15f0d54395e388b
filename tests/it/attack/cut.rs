//! A11: an attempt that was counted stays counted, whatever is cut afterwards.

use std::time::Duration;

use identity::grpc::proto::RefreshTokenRequest;
use tonic::Code;

use crate::both_stores::on_both_stores;
use crate::support::proxy::{Fault, Proxy};
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

/// The statement that counts reaches PostgreSQL, and its answer does not reach the service: counted, not compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a11_the_connection_is_cut_right_after_counting() {
    let proxy = Proxy::to_postgres().await;
    let world = World::with(Store::Postgres, |settings| {
        settings.postgres_through(&proxy);
    })
    .await;
    let charged = async || world.number("SELECT SUM(attempts) FROM challenges").await;
    let mut cut_after_counting = 0;
    for round in 0..20 {
        let email = format!("a11-{round}@example.com");
        let (challenge, code) = world.server.request_code(&email).await;
        let client = world.server.client().await;
        let before = charged().await;
        // A connection that has not seen the statement would ask what it means first, and be cut there.
        client.verify_otp("0198c3c4-0000-7000-8000-000000000000", &code).await.unwrap_err();
        // The right code: were it compared, it would sign in.
        proxy.set(Fault::CutAfter(0));
        let refusal = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
        proxy.set(Fault::None);
        assert_eq!(refusal.code, Code::Unavailable, "{}", refusal.message);
        // The jobs of the service may have lost the connections first; then the statement never left.
        if charged().await == before {
            continue;
        }
        cut_after_counting += 1;
        assert_eq!(charged().await, before + 1);
        let failures = "SELECT SUM(consecutive_failures) FROM lockouts";
        assert_eq!(world.number(failures).await, 1, "the identifier's count too");
        assert_eq!(world.audit().await.count("code.verified", ""), cut_after_counting - 1, "nobody was signed in");
        // Neither lost nor used: once the store is back the code signs in, which forgets the failure.
        wait::until("the next attempt is evaluated", Duration::from_secs(10), async || {
            client.verify_otp(&challenge.challenge_id, &code).await.ok()
        })
        .await;
        if cut_after_counting == 3 {
            return;
        }
    }
    panic!("the answer was cut {cut_after_counting} times in 20 rounds");
}

/// A rotation is written and its answer is cut, and then the store is away for longer than the grace: whoever tries again, as it
/// is told to, is given the successor and not taken for a thief.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a92_whoever_is_told_to_try_again_may_do_so_after_the_outage() {
    let proxy = Proxy::to_postgres().await;
    let world = World::with(Store::Postgres, |settings| {
        settings.postgres_through(&proxy);
        settings.set("sessions.refresh_grace", "2s");
    })
    .await;
    let counters = async || world.number("SELECT SUM(counter) FROM sessions").await;
    for round in 0..20 {
        let tokens = world.server.sign_in(&format!("a92-{round}@example.com")).await.tokens.unwrap();
        let client = world.server.client().await;
        let refresh = async |token: &str| {
            let request = RefreshTokenRequest { refresh_token: token.to_owned(), ..RefreshTokenRequest::default() };
            let answer = client.identity().refresh_token(request).await.map_err(Refusal::from)?;
            Ok::<_, Refusal>(answer.into_inner().tokens.unwrap().refresh_token)
        };
        // A connection that has not seen the statement would ask what it means first, and be cut there.
        let mut parent = tokens.refresh_token;
        for _ in 0..8 {
            parent = refresh(&parent).await.unwrap();
        }
        let refresh = async || refresh(&parent).await;
        let before = counters().await;
        proxy.set(Fault::CutAfter(0));
        assert_eq!(refresh().await.unwrap_err().code, Code::Unavailable);
        proxy.set(Fault::Refuse);
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(refresh().await.unwrap_err().code, Code::Unavailable);
        }
        proxy.set(Fault::None);
        // The statement may not have left, as where a job of the service lost the connection first.
        if counters().await == before {
            continue;
        }
        let again = wait::until("the store is back", Duration::from_secs(5), async || match refresh().await {
            Err(refusal) if refusal.code == Code::Unavailable => None,
            answer => Some(answer),
        })
        .await;
        assert_ne!(again.expect("the successor"), parent);
        // Once the grace is over again, which then begins at the end of the outage, the old token is a thief's.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(refresh().await.unwrap_err().reason, "REFRESH_TOKEN_REUSED");
        return;
    }
    panic!("no answer was cut after its commit in 20 rounds");
}

on_both_stores!(a11_no_answer_was_given_that_is_not_counted, |mut world| {
    // SQLite has no connection to cut; the process is killed instead, among calls.
    let mut challenges = Vec::new();
    for nth in 0..16 {
        challenges.push(world.server.request_code(&format!("a11-kill-{nth}@example.com")).await);
    }
    let client = world.server.client().await;
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let calls: Vec<_> = challenges
        .into_iter()
        .map(|(challenge, code)| {
            let (client, answered) = (client.clone(), answered.clone());
            let wrong = if code == "000000" { "000001" } else { "000000" };
            tokio::spawn(async move {
                let refusal = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
                if refusal.reason == "CODE_INVALID" {
                    let _ = answered.send(());
                }
            })
        })
        .collect();
    answers.recv().await.unwrap();
    world.server.restart_after_kill().await;
    for call in calls {
        call.await.unwrap();
    }
    drop(answered);
    let mut told = 1;
    while answers.recv().await.is_some() {
        told += 1;
    }
    let charged = world.number("SELECT SUM(attempts) FROM challenges").await;
    let failures = world.number("SELECT SUM(consecutive_failures) FROM lockouts").await;
    assert!((told..=16).contains(&charged) && failures == charged, "{told} answered, {charged} charged, {failures}");
});
