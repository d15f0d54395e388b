//! Two processes on one PostgreSQL: this test starts its own program again, and both race on the same rows.

use super::MANY;
use crate::contract::store::{
    Engine, Given,
    given::{NOW, an_attempt, at, completion, rotation},
    options,
};
use futures_util::future::join_all;
use identity::{
    adapters::sql::PostgresStore,
    domain::{
        challenge::ChargedAttempt,
        id::{ChallengeId, SessionId},
        lockout::Ladder,
    },
    ports::store::{ChallengeStore as _, ChargeOutcome, RotationOutcome, SessionStore as _, SignInOutcome},
};
use std::{
    env,
    io::{BufRead as _, BufReader, Write as _, stdin},
    process::{Child, ChildStdout, Command, Stdio},
};

/// Tells a process of this program that it is a racer, and what to race for.
const TASK: &str = "IDENTITY_TEST_RACE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_keep_to_one_count() {
    let given = Given::on(Engine::Postgres).await;
    let session = given.signed_in("ada@example.com", NOW).await.session_id;
    let right = given.begun("bob@example.com", NOW).await;
    let guessed = given.begun("eve@example.com", NOW).await;
    let server = options(given.held.database().name());
    let task = format!("{} {} {guessed} {right} {session}", server.port, server.database);
    let sums = tokio::task::spawn_blocking(move || {
        let mut racers: Vec<_> = (0..2).map(|_| start(&task)).collect();
        for (_, lines) in &mut racers {
            line(lines, "ready");
        }
        for (racer, _) in &mut racers {
            racer.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        }
        let mut sums = [0; 4];
        for (mut racer, mut lines) in racers {
            let told = line(&mut lines, "tally ");
            for (sum, count) in sums.iter_mut().zip(told.split(' ')) {
                *sum += count.parse::<usize>().unwrap();
            }
            assert!(racer.wait().unwrap().success());
        }
        sums
    });
    assert_eq!(sums.await.unwrap(), [5, 1, 1, MANY - 1], "charged, signed in, rotated, answered again");
    assert_eq!(given.inspect.number("SELECT MAX(attempts) FROM challenges").await, 5);
    assert_eq!(given.inspect.count("users").await, 2);
}

/// A process of this program that runs `racer` below, and what it says.
fn start(task: &str) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "race::processes::racer", "--nocapture"]).env(TASK, task);
    let mut racer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(racer.stdout.take().unwrap());
    (racer, lines)
}

/// What follows `word` in the next line that has it.
fn line(lines: &mut BufReader<ChildStdout>, word: &str) -> String {
    for line in lines.lines() {
        if let Some((_, rest)) = line.unwrap().split_once(word) {
            return rest.to_owned();
        }
    }
    panic!("the racer ended without a word of {word}");
}

/// The other side of the test above; nothing to do in a run of all tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racer() {
    let Ok(task) = env::var(TASK) else { return };
    let [port, database, guessed, right, session] = task.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let mut server =
        identity::adapters::sql::PostgresOptions::new("127.0.0.1", database, crate::support::postgres::USER);
    server.port = port.parse().unwrap();
    let store = PostgresStore::connect(server).await.unwrap();
    let (guessed, right) = (ChallengeId::parse(guessed).unwrap(), ChallengeId::parse(right).unwrap());
    let session = SessionId::parse(session).unwrap();
    let attempt = charged(&store, right).await;
    println!("ready");
    stdin().read_line(&mut String::new()).unwrap();

    let half = || 0..MANY / 2;
    let none = Ladder::new(Vec::new()).unwrap();
    let tries = join_all(half().map(|_| store.charge_attempt(an_attempt(guessed, at(1), &none))));
    let sign_ins = join_all(half().map(|_| store.complete_sign_in(completion(&attempt, at(1)))));
    let rotations = join_all(half().map(|_| store.rotate(rotation(session, 0, at(1)))));
    let (tries, sign_ins, rotations) = tokio::join!(tries, sign_ins, rotations);
    let charged = tries.into_iter().filter(|outcome| matches!(outcome, Ok(ChargeOutcome::Charged(_)))).count();
    let signed_in = sign_ins.into_iter().filter(|outcome| matches!(outcome, Ok(SignInOutcome::SignedIn))).count();
    let (mut rotated, mut repeated) = (0, 0);
    for outcome in rotations {
        match outcome.unwrap() {
            RotationOutcome::Rotated(_) => rotated += 1,
            RotationOutcome::Repeated(_) => repeated += 1,
            other => panic!("{other:?}"),
        }
    }
    println!("tally {charged} {signed_in} {rotated} {repeated}");
}

async fn charged(store: &PostgresStore, id: ChallengeId) -> ChargedAttempt {
    match store.charge_attempt(an_attempt(id, at(1), &Ladder::new(Vec::new()).unwrap())).await.unwrap() {
        ChargeOutcome::Charged(attempt) => *attempt,
        other => panic!("not charged: {other:?}"),
    }
}
