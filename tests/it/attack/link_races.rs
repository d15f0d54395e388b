//! A58: whatever many callers do with a link at once, one of them signs in.

use identity::grpc::proto::{LinkCompletion, SendOtpRequest};

use crate::both_stores::on_both_stores;
use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::world::World;

const EMAIL: &str = "mira@example.org";

/// So many callers at once, each on a connection of its own.
async fn at_once<T: Send + 'static, F>(world: &World, count: usize, call: impl Fn(Client, usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let mut calls = Vec::new();
    for nth in 0..count {
        calls.push(tokio::spawn(call(world.server.client().await, nth)));
    }
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

// A58: of 64 at once one wins.
on_both_stores!(a58_of_many_at_once_one_redeems, |world| {
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let answers = at_once(&world, 64, |client, _| {
        let token = token.clone();
        async move { client.redeem(&token).await.map(|answer| answer.tokens.is_some()) }
    })
    .await;
    won_by_one(&world, answers).await;
});

on_both_stores!(a58_of_codes_and_links_at_once_one_signs_in, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest { include_magic_link: true, ..send_otp_request(EMAIL) };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (challenge, token) = world.server.link_of(EMAIL, send).await;
    let code = world.server.mailbox().to(EMAIL)[0].code().unwrap();
    let answers = at_once(&world, 64, |client, nth| {
        let (token, id, code) = (token.clone(), challenge.challenge_id.clone(), code.clone());
        async move {
            if nth % 2 == 0 {
                client.redeem(&token).await.map(|answer| answer.tokens.is_some())
            } else {
                client.verify_otp(&id, &code).await.map(|answer| answer.tokens.is_some())
            }
        }
    })
    .await;
    won_by_one(&world, answers).await;
});

on_both_stores!(a58_of_many_at_once_one_collects, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    client.approve(&token, &challenge.match_number).await.unwrap();
    let answers = at_once(&world, 64, |client, _| {
        let challenge = challenge.clone();
        async move { client.collect(&challenge).await.map(|answer| answer.tokens.is_some()) }
    })
    .await;
    won_by_one(&world, answers).await;
});

/// One of the callers got tokens, the others were refused, and there is one session.
async fn won_by_one(world: &World, answers: Vec<Result<bool, Refusal>>) {
    let mut won = 0;
    for answer in answers {
        match answer {
            Ok(tokens) => {
                assert!(tokens);
                won += 1;
            }
            Err(refusal) => {
                let lost = ["LINK_INVALID", "CODE_INVALID", "ATTEMPTS_EXHAUSTED", "ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"];
                assert!(lost.contains(&refusal.reason.as_str()), "{}", refusal.reason);
            }
        }
    }
    assert_eq!(won, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM challenges WHERE used").await, 1);
}

on_both_stores!(an_approval_and_a_rejection_at_once_leave_one_of_them, |world| {
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    at_once(&world, 32, |client, nth| {
        let (token, number) = (token.clone(), challenge.match_number.clone());
        async move {
            if nth % 2 == 0 {
                drop(client.approve(&token, &number).await);
            } else {
                drop(client.reject(&token, false).await);
            }
        }
    })
    .await;
    // A rejection takes an approval back, so it has the last word.
    let client = world.server.client().await;
    assert_eq!(client.collect(&challenge).await.unwrap_err().reason, "LINK_INVALID");
    let audit = world.audit().await;
    assert_eq!(audit.count("link.rejected", ""), 1);
    assert!(audit.count("link.approved", "") <= 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 0);
});
