//! A26, A30: how long an answer takes tells nobody who has an account.
//!
//! On a machine that does other work too, ten thousand requests show differences that mean nothing: the tests fail only
//! where a rank test is all but certain and the medians differ by what a caller across a network could see, in each of
//! three rounds and to the same side. A second and a third round are run only where the one before told them apart.

use std::time::{Duration, Instant};

use identity::adapters::system::SystemEntropy;
use identity::domain::contact::EmailAddress;
use identity::domain::secret::secret32;
use identity::ports::entropy::Entropy;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::Client;
use crate::support::world::{Store, World};

/// Pairs of a known and an unknown address: ten thousand requests for codes.
const PAIRS: usize = 5000;

/// Of so many pairs one is also verified, with a wrong code.
const VERIFIED: usize = 4;

/// So often a difference has to show: what the machine did meanwhile does not come back, a leak does.
const ROUNDS: usize = 3;

/// Requests that are on their way at a time.
const AT_ONCE: usize = 4;

bodies_on_both_stores!(a26_a30_answers_take_as_long_for_the_known_as_for_the_unknown);

async fn a26_a30_answers_take_as_long_for_the_known_as_for_the_unknown(store: Store) {
    let world = World::with(store, |settings| {
        for layer in ["identifier", "address", "all"] {
            settings.limit(layer, 100_000, 3600);
        }
        settings.guard(100_000, 3600);
    })
    .await;
    let mut verdicts = Vec::new();
    for round in 0..ROUNDS {
        let (sends, verifies) = round_of_pairs(&world, round).await;
        let evaluated = world.audit().await.count("code.verified", "CODE_INVALID");
        assert_eq!(
            (sends.len(), 2 * verifies.len() * (round + 1)),
            (PAIRS, evaluated),
            "every wrong code was compared"
        );
        verdicts.push([judge("SendOtp", store, &sends), judge("VerifyOtp", store, &verifies)]);
        if (0..2).all(|method| !same_in_all(&verdicts, method)) {
            return;
        }
    }
    panic!("known and unknown addresses can be told apart by time in each of {ROUNDS} rounds: {verdicts:?}");
}

/// Who is told apart by the method in every round so far, if it is the same one.
fn same_in_all(verdicts: &[[Option<Slower>; 2]], method: usize) -> bool {
    let first = verdicts[0][method];
    first.is_some() && verdicts.iter().all(|round| round[method] == first)
}

/// Asks for codes for as many known and unknown addresses as there are pairs, by turns and by several callers.
async fn round_of_pairs(world: &World, round: usize) -> (Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let emails: Vec<[String; 2]> =
        (0..PAIRS).map(|nth| ["known", "other"].map(|who| format!("{who}-{round}-{nth:05}@example.com"))).collect();
    know(world, emails.iter().map(|[known, _]| known.as_str())).await;
    let calls: Vec<_> = (0..AT_ONCE)
        .map(|nth| {
            let emails: Vec<_> = emails.iter().skip(nth).step_by(AT_ONCE).cloned().collect();
            let address = world.server.addresses().grpc;
            tokio::spawn(async move { measure(&Client::connect(address).await, &emails).await })
        })
        .collect();
    let (mut sends, mut verifies) = (Vec::new(), Vec::new());
    for call in calls {
        let measured = call.await.unwrap();
        sends.extend(measured.sends);
        verifies.extend(measured.verifies);
    }
    (sends, verifies)
}

/// How long the known and the unknown one of each pair had to wait, in microseconds.
#[derive(Default)]
struct Measured {
    sends: Vec<[f64; 2]>,
    verifies: Vec<[f64; 2]>,
}

/// Asks for codes and presents wrong ones. Who of a pair comes first follows the Thue-Morse sequence: merely taking turns
/// would give the known one always the same places in the cycle of verified and other pairs.
async fn measure(client: &Client, emails: &[[String; 2]]) -> Measured {
    let micros = |start: Instant| start.elapsed().as_secs_f64() * 1e6;
    let mut measured = Measured::default();
    for (nth, pair) in emails.iter().enumerate() {
        let order = if nth.count_ones().is_multiple_of(2) { [0, 1] } else { [1, 0] };
        let (mut ids, mut times) = ([String::new(), String::new()], [0.0; 2]);
        for who in order {
            let start = Instant::now();
            let challenge = client.send_otp(&pair[who]).await.unwrap();
            times[who] = micros(start);
            ids[who] = challenge.challenge_id;
        }
        measured.sends.push(times);
        if !(nth / 2).is_multiple_of(VERIFIED) {
            continue;
        }
        for who in order {
            let start = Instant::now();
            let refusal = client.verify_otp(&ids[who], "000000").await;
            times[who] = micros(start);
            // One in a million is right.
            assert!(refusal.is_err_and(|refusal| refusal.reason == "CODE_INVALID"), "run again");
        }
        measured.verifies.push(times);
    }
    measured
}

/// A user as a sign-in would make it; nobody here opens the address.
const INSERT: &str = "INSERT INTO users (user_id, identifier_key, email_key_id, email, roles, disabled, create_time) \
    VALUES ($1, $2, '1', $2, '', false, 0)";

/// Makes users of the addresses, as five thousand sign-ins would, in one go.
async fn know(world: &World, emails: impl Iterator<Item = &str>) {
    let text = std::fs::read_to_string(world.settings.secrets().join("index-key")).unwrap();
    let digits: Vec<u8> = text
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let index = secret32(digits.try_into().unwrap());
    let keys: Vec<(uuid::Uuid, Vec<u8>)> = emails
        .map(|email| {
            let key = EmailAddress::parse(email).unwrap().identity_key(&index);
            (SystemEntropy.uuid(), key.0.bytes().to_vec())
        })
        .collect();
    if let Some(database) = &world.database {
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let mut all = connection.begin().await.unwrap();
        for (id, key) in keys {
            sqlx::query(INSERT).bind(id).bind(key).execute(&mut *all).await.unwrap();
        }
        all.commit().await.unwrap();
    } else {
        let mut connection = SqliteConnectOptions::new().filename(world.sqlite_file()).connect().await.unwrap();
        let mut all = connection.begin().await.unwrap();
        for (id, key) in keys {
            sqlx::query(INSERT).bind(id).bind(key).execute(&mut *all).await.unwrap();
        }
        all.commit().await.unwrap();
    }
}

/// Which of a pair took longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slower {
    Known,
    Unknown,
}

/// Prints what the times say; tells who was slower where that is both certain and large.
fn judge(what: &str, store: Store, pairs: &[[f64; 2]]) -> Option<Slower> {
    let [known, unknown] = [0, 1].map(|who| pairs.iter().map(|pair| pair[who]).collect::<Vec<_>>());
    let p = mann_whitney(&known, &unknown);
    let (known, unknown) = (median(known), median(unknown));
    let gap = known - unknown;
    println!("A26 {what} on {store:?}: p = {p:.4}, medians {known:.0} and {unknown:.0} µs, gap {gap:.1} µs");
    let limit = Duration::from_millis(1).as_secs_f64() * 1e6;
    (p < 0.0001 && gap.abs() > limit).then_some(if gap > 0.0 { Slower::Known } else { Slower::Unknown })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The two-sided p of the Mann-Whitney U test, by the normal approximation with ties and continuity corrected.
fn mann_whitney(first: &[f64], second: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = first.iter().map(|time| (*time, true)).collect();
    all.extend(second.iter().map(|time| (*time, false)));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let [n1, n2, n] = [first.len(), second.len(), all.len()].map(count);
    let (mut ranks, mut ties, mut passed) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let size = count(group.len());
        let rank = passed + f64::midpoint(size, 1.0);
        ranks += rank * count(group.iter().filter(|(_, first)| *first).count());
        ties += size.powi(3) - size;
        passed += size;
    }
    let u = ranks - n1 * (n1 + 1.0) / 2.0;
    let variance = n1 * n2 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - n1 * n2 / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    complementary_error(z / std::f64::consts::SQRT_2)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// erfc for values from 0 on, to 1.5e-7 (Abramowitz and Stegun 7.1.26).
fn complementary_error(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let terms = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t) * (-x * x).exp()
}

#[test]
fn the_rank_test_agrees_with_known_values() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-4, "{found} and not {expected}");
    close(mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 0.0809);
    close(mann_whitney(&[1.0, 1.0, 2.0, 2.0], &[1.0, 1.0, 2.0, 2.0]), 1.0);
    close(mann_whitney(&[5.0; 9], &[5.0; 7]), 1.0);
    let many: Vec<f64> = (0..2000).map(f64::from).collect();
    let shifted: Vec<f64> = many.iter().map(|value| value + 150.0).collect();
    assert!(mann_whitney(&many, &shifted) < 1e-4);
    close(complementary_error(0.0), 1.0);
    close(complementary_error(1.0), 0.1573);
}
