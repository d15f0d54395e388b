//! Proof of work before anything is sent: without one nothing is, with one a code is, and each is good once.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use identity::domain::proof::work::zero_bits;
use identity::grpc::proto::{Challenge, SendOtpRequest, SendOtpResponse};
use toml::{Table, Value};
use tonic::{Code, Response, Status};

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

/// Bits that a test finds in a blink.
const DIFFICULTY: i64 = 10;

fn windows(limit: i64, seconds: i64) -> Value {
    let window = [("limit", limit), ("seconds", seconds)].map(|(key, value)| (key.to_owned(), Value::from(value)));
    Value::Array(vec![Value::Table(Table::from_iter(window))])
}

/// A proof of work before every code, and limits that are out of the way.
pub(super) fn always(settings: &mut Settings) {
    settings.set("proof.when", "always");
    settings.set("proof.difficulty", DIFFICULTY);
    for layer in ["identifier", "address", "all"] {
        settings.limit(layer, 10_000, 3600);
    }
}

async fn world(store: Store) -> World {
    World::with(store, always).await
}

async fn ask(client: &Client, request: SendOtpRequest) -> Result<Challenge, Refusal> {
    Ok(client.identity().send_otp(request).await?.into_inner().challenge.unwrap())
}

async fn ask_with(client: &Client, email: &str, proof: &str) -> Result<Challenge, Refusal> {
    ask(client, SendOtpRequest { proof: proof.to_owned(), ..send_otp_request(email) }).await
}

/// The challenge of a refusal that asks for work.
#[track_caller]
pub(super) fn challenge_of(refusal: &Refusal) -> String {
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::FailedPrecondition, "PROOF_REQUIRED"));
    assert_eq!(refusal.metadata["kind"], "proof_of_work");
    assert!(refusal.retry_delay.is_none(), "time does not cure it");
    refusal.metadata["challenge"].clone()
}

#[track_caller]
pub(super) fn assert_does_not_hold(answer: Result<Challenge, Refusal>) {
    let refusal = answer.expect_err("a refusal");
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "PROOF_INVALID"));
    assert_eq!(refusal.field_names(), ["proof"]);
}

/// The first proof of a challenge.
pub(super) fn solve(challenge: &str, difficulty: i64) -> String {
    let bits = u32::try_from(difficulty).unwrap();
    (0..u64::MAX).map(|count| format!("{challenge}.{count}")).find(|proof| zero_bits(proof) >= bits).unwrap()
}

/// A proof for `email`, of a challenge that was asked for.
async fn proof_for(client: &Client, email: &str) -> String {
    let refusal = ask_with(client, email, "").await.expect_err("a refusal");
    assert_eq!(refusal.metadata["difficulty"], DIFFICULTY.to_string());
    solve(&challenge_of(&refusal), DIFFICULTY)
}

async fn without_a_proof_nothing_is_sent(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    for proof in ["", "x", "pow1.", "pow1.10.9999999999.AAAAAAAAAAAAAAAAAAAAAA.AAAA.0"] {
        let refusal = ask_with(&client, "ada@example.org", proof).await.unwrap_err();
        let expected = if proof.is_empty() { "PROOF_REQUIRED" } else { "PROOF_INVALID" };
        assert_eq!(refusal.reason, expected, "{proof}");
        assert!(!refusal.status.metadata().contains_key("x-ratelimit-limit"), "no limit was touched");
    }
    let challenge = challenge_of(&ask_with(&client, "ada@example.org", "").await.unwrap_err());
    let lazy = (0..u64::MAX).map(|count| format!("{challenge}.{count}")).find(|proof| zero_bits(proof) == 9).unwrap();
    assert_does_not_hold(ask_with(&client, "ada@example.org", &lazy).await);
    let audit = world.audit().await;
    assert_eq!((audit.count("code.sent", "PROOF_REQUIRED"), audit.count("code.sent", "PROOF_INVALID")), (2, 4));
    assert_eq!(audit.of_callers(), 6, "and nothing else was written");
    assert_eq!(world.server.mailbox().all().len(), 0);
}

async fn one_proof_is_good_for_one_code(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let proof = proof_for(&client, "ada@example.org").await;
    let challenge = ask_with(&client, "ada@example.org", &proof).await.unwrap();
    let code = world.server.mailbox().wait_for("ada@example.org", 1).await.code().unwrap();
    assert_does_not_hold(ask_with(&client, "ada@example.org", &proof).await);
    // Nor is another solution of the same challenge.
    let (solved, count) = proof.rsplit_once('.').unwrap();
    let further = (count.parse::<u64>().unwrap() + 1..u64::MAX).map(|count| format!("{solved}.{count}"));
    let further = further.into_iter().find(|proof| i64::from(zero_bits(proof)) >= DIFFICULTY).unwrap();
    assert_does_not_hold(ask_with(&client, "ada@example.org", &further).await);
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    let another = proof_for(&client, "ada@example.org").await;
    ask_with(&client, "ada@example.org", &another).await.unwrap();
    world.server.mailbox().wait_for("ada@example.org", 2).await;
    assert_eq!(world.server.mailbox().all().len(), 2);
}

async fn it_is_good_for_nobody_else(store: Store) {
    let world = World::with(store, |settings| {
        always(settings);
        settings.client("bank");
    })
    .await;
    let client = world.server.client().await;
    let proof = proof_for(&client, "ada@example.org").await;
    assert_does_not_hold(ask_with(&client, "eve@example.org", &proof).await);
    let bank = SendOtpRequest { client_id: "bank".to_owned(), ..send_otp_request("ada@example.org") };
    assert_does_not_hold(ask(&client, SendOtpRequest { proof: proof.clone(), ..bank }).await);
    assert_eq!(world.server.mailbox().all().len(), 0);
    // The same person in another spelling; and what was refused has not used it up.
    ask_with(&client, "ada@EXAMPLE.ORG", &proof).await.unwrap();
}

async fn it_expires(store: Store) {
    let world = World::with_clock_and(store, always).await;
    let client = world.server.client().await;
    let (early, late) = (proof_for(&client, "early@example.org").await, proof_for(&client, "late@example.org").await);
    world.advance(Duration::from_secs(100));
    ask_with(&client, "early@example.org", &early).await.unwrap();
    world.advance(Duration::from_secs(20));
    assert_does_not_hold(ask_with(&client, "late@example.org", &late).await);
    // One that was used is not forgotten before it expires.
    assert_does_not_hold(ask_with(&client, "early@example.org", &early).await);
}

async fn sixty_four_uses_at_once_get_one_code(store: Store) {
    let world = World::with(store, |settings| {
        always(settings);
        if store == Store::Postgres {
            settings.set("limiter.redis.timeout", "5s");
        }
    })
    .await;
    let other = if store == Store::Postgres { Some(world.another().await) } else { None };
    let mut clients = vec![world.server.client().await];
    if let Some(other) = &other {
        clients.push(other.client().await);
    }
    for round in 0..3 {
        let email = format!("race-{round}@example.org");
        let proof = proof_for(&clients[0], &email).await;
        let calls = (0..64).map(|nth: usize| {
            let (client, email, proof) = (clients[nth % clients.len()].clone(), email.clone(), proof.clone());
            tokio::spawn(async move { ask_with(&client, &email, &proof).await })
        });
        let mut sent = 0;
        for call in calls.collect::<Vec<_>>() {
            match call.await.unwrap() {
                Ok(_) => sent += 1,
                refused => assert_does_not_hold(refused),
            }
        }
        assert_eq!(sent, 1, "round {round}");
        world.server.mailbox().wait_for(&email, 1).await;
    }
    assert_eq!(world.audit().await.count("code.sent", ""), 3);
    assert_eq!(world.server.mailbox().all().len(), 3);
}

async fn a_limit_does_not_use_it_up(store: Store) {
    let world = World::with(store, |settings| {
        always(settings);
        settings.limit("identifier", 1, 2);
    })
    .await;
    let client = world.server.client().await;
    let (first, second) = (proof_for(&client, "ada@example.org").await, proof_for(&client, "ada@example.org").await);
    ask_with(&client, "ada@example.org", &first).await.unwrap();
    let refusal = ask_with(&client, "ada@example.org", &second).await.unwrap_err();
    assert_eq!((refusal.reason.as_str(), refusal.metadata["layer"].as_str()), ("RATE_LIMITED", "identifier"));
    tokio::time::sleep(refusal.retry_delay.unwrap()).await;
    ask_with(&client, "ada@example.org", &second).await.unwrap();
}

async fn a_repeated_call_needs_no_further_proof(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let request_id = "0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e".to_owned();
    let request = SendOtpRequest { request_id, ..send_otp_request("ada@example.org") };
    let challenge = challenge_of(&ask(&client, request.clone()).await.unwrap_err());
    let request = SendOtpRequest { proof: solve(&challenge, DIFFICULTY), ..request };
    let first = ask(&client, request.clone()).await.unwrap();
    assert_eq!(ask(&client, request).await.unwrap(), first);
    world.server.mailbox().wait_for("ada@example.org", 1).await;
    assert_eq!(world.audit().await.count("code.sent", ""), 1);
}

/// Names and lengths of what a refusal says; its values are drawn at random.
fn shape(status: &Status) -> (String, BTreeSet<(String, usize)>, usize) {
    let told = status.metadata().clone().into_headers();
    let headers = told.iter().filter(|(name, _)| *name != "date").map(|(name, value)| (name.to_string(), value.len()));
    (status.message().to_owned(), headers.collect(), status.details().len())
}

async fn known_and_unknown_are_asked_alike(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let (known, unknown) = ("known--@example.org", "unknown@example.org");
    let proof = proof_for(&client, known).await;
    let challenge = ask_with(&client, known, &proof).await.unwrap();
    let code = world.server.mailbox().wait_for(known, 1).await.code().unwrap();
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    for proof in ["", "x", "pow1.x"] {
        let mut seen = BTreeSet::new();
        for email in [known, unknown] {
            let request = SendOtpRequest { proof: proof.to_owned(), ..send_otp_request(email) };
            let answer: Result<Response<SendOtpResponse>, Status> = client.identity().send_otp(request).await;
            seen.insert(shape(&answer.unwrap_err()));
        }
        assert_eq!(seen.len(), 1, "{proof:?}: {seen:?}");
    }
}

async fn asked_for_after_so_many_requests(store: Store) {
    let world = World::with(store, |settings| {
        always(settings);
        settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
        settings.set("proof.when", "after_requests");
        settings.set("proof.identifier", windows(2, 3600));
        settings.set("proof.address", windows(4, 3600));
    })
    .await;
    let client = world.server.client().await;
    let from = async |email: &str, address: &str, proof: &str| {
        let request = SendOtpRequest { proof: proof.to_owned(), ..send_otp_request(email) };
        let request = crate::support::client::with_metadata(request, "x-forwarded-for", address);
        client.identity().send_otp(request).await.map(|_| ()).map_err(Refusal::from)
    };
    for address in ["203.0.113.1", "203.0.113.2"] {
        from("ada@example.org", address, "").await.unwrap();
    }
    let challenge = challenge_of(&from("ada@example.org", "203.0.113.3", "").await.unwrap_err());
    for email in ["b@example.org", "c@example.org", "d@example.org"] {
        from(email, "203.0.113.1", "").await.unwrap();
    }
    challenge_of(&from("e@example.org", "203.0.113.1", "").await.unwrap_err());
    from("e@example.org", "203.0.113.4", "").await.unwrap();
    // What has a proof is sent, and counts in neither budget.
    from("ada@example.org", "203.0.113.1", &solve(&challenge, DIFFICULTY)).await.unwrap();
    assert_eq!(world.audit().await.count("code.sent", ""), 7);
    assert_eq!(world.audit().await.count("code.sent", "PROOF_REQUIRED"), 2);
}

async fn where_nothing_is_asked_for_anything_goes(store: Store) {
    let world = World::on(store).await;
    let client = world.server.client().await;
    ask_with(&client, "ada@example.org", "pow1.rubbish").await.unwrap();
    world.server.mailbox().wait_for("ada@example.org", 1).await;
}

/// The solver of `docs/proof-of-work.md`, run as it stands there.
async fn the_documented_client_is_let_in(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let documentation = include_str!("../../../docs/proof-of-work.md");
    let (_, rest) = documentation.split_once("```python\n").unwrap();
    let (solver, _) = rest.split_once("```").unwrap();
    let challenge = challenge_of(&ask_with(&client, "ada@example.org", "").await.unwrap_err());
    let program = format!("{solver}\nprint(solve({challenge:?}, {DIFFICULTY}))");
    let output = Command::new("python3").args(["-c", &program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let proof = String::from_utf8(output.stdout).unwrap();
    ask_with(&client, "ada@example.org", proof.trim()).await.unwrap();
}

bodies_on_both_stores!(
    without_a_proof_nothing_is_sent,
    one_proof_is_good_for_one_code,
    it_is_good_for_nobody_else,
    it_expires,
    sixty_four_uses_at_once_get_one_code,
    a_limit_does_not_use_it_up,
    a_repeated_call_needs_no_further_proof,
    known_and_unknown_are_asked_alike,
    asked_for_after_so_many_requests,
    where_nothing_is_asked_for_anything_goes,
    the_documented_client_is_let_in,
);
