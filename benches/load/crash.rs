//! What is lost when a process is killed under load, of what had been acknowledged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use tonic::Code;

use super::clients::Clients;
use super::drive::Work;
use super::options::{Options, Pair};
use super::procfs;
use super::stack::Stack;
use super::stats::Latency;
use super::work::{Kept, People, Refresh, Sessions, SignIn};
use identity::grpc::proto::RefreshTokenRequest;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Postgres,
}

/// How crashes ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losses {
    /// Kills.
    pub(crate) kills: usize,
    /// Sign-ins and refreshes that had been answered.
    pub(crate) acknowledged: usize,
    /// Those of them whose session is not there, or not with the acknowledged token.
    pub(crate) lost: usize,
}

/// Kills each process of the pair a few times under load.
pub(crate) async fn measure(pair: Pair, options: &Options) -> anyhow::Result<Losses> {
    let mut losses = Losses::default();
    let victims: &[Victim] =
        if pair == Pair::Postgres { &[Victim::Server, Victim::Postgres] } else { &[Victim::Server] };
    let mut stack = Stack::start(pair, options).await?;
    let people = People::new(options.people());
    for _ in 0..if options.quick { 1 } else { 3 } {
        for victim in victims {
            let kept = until_killed(&mut stack, *victim, &people, options).await?;
            losses.kills += 1;
            losses.acknowledged += kept.len();
            losses.lost += lost(&stack, kept, options).await?;
        }
    }
    Ok(losses)
}

/// Signs people in and refreshes their sessions until the victim is dead, and brings it up again.
async fn until_killed(
    stack: &mut Stack,
    victim: Victim,
    people: &People,
    options: &Options,
) -> anyhow::Result<Vec<Kept>> {
    let sessions = Sessions::default();
    let clients = stack.clients(options.connections).await?;
    let sign_in = Arc::new(SignIn {
        clients: clients.clone(),
        inbox: stack.inbox.clone(),
        people: people.clone(),
        sessions: sessions.clone(),
        delivery: Arc::new(Mutex::new(Latency::new())),
    });
    let refresh = Arc::new(Refresh { clients, sessions: sessions.clone() });
    let mut workers = JoinSet::new();
    for number in 0..16 {
        let (sign_in, refresh) = (Arc::clone(&sign_in), Arc::clone(&refresh));
        workers.spawn(async move {
            loop {
                let ended = if number % 2 == 0 { sign_in.once(number).await } else { refresh.once(number).await };
                if ended.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        });
    }
    tokio::time::sleep(options.seconds(3.0)).await;
    match victim {
        Victim::Server => stack.kill_server(),
        Victim::Postgres => kill_postgres(stack)?,
    }
    // At once, on the one thread of all of them: what is in flight counts neither as acknowledged nor as lost.
    workers.shutdown().await;
    match victim {
        Victim::Server => stack.start_server().await?,
        Victim::Postgres => stack.postgres.iter_mut().for_each(|postgres| {
            postgres.stop();
            postgres.start_again();
        }),
    }
    Ok(sessions.drain())
}

fn kill_postgres(stack: &Stack) -> anyhow::Result<()> {
    let first = stack.postgres_id().unwrap_or(0);
    // The first process before its children, or it would take note of their death and end in order.
    for id in std::iter::once(first).chain(procfs::child_ids(first)) {
        if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            kill_process(id, Signal::KILL)?;
        }
    }
    Ok(())
}

/// How many of the sessions cannot be refreshed with the token that was given out last.
async fn lost(stack: &Stack, kept: Vec<Kept>, options: &Options) -> anyhow::Result<usize> {
    let clients = stack.clients(options.connections).await?;
    let mut lost = 0;
    for (number, kept) in kept.into_iter().enumerate() {
        if !alive(&clients, number, kept).await {
            lost += 1;
        }
    }
    Ok(lost)
}

/// Whether the session is there; a store that is still coming up is waited for, up to half a minute.
async fn alive(clients: &Clients, number: usize, kept: Kept) -> bool {
    for _ in 0..300 {
        let request = RefreshTokenRequest { refresh_token: kept.refresh_token.clone(), ..Default::default() };
        match clients.identity(number).refresh_token(request).await {
            Ok(_) => return true,
            Err(status) if status.code() == Code::Unauthenticated => return false,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    false
}
