//! Round trips to the stores: PostgreSQL says what it was asked, Redis how often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use deadpool_redis::redis::Value;

use super::drive::Work;
use super::options::{Options, Pair};
use super::stack::Stack;
use super::stats::Latency;
use super::work::{People, Refresh, Send, Sessions, SignIn, Validate};

/// Calls over which each method is counted.
const CALLS: usize = 40;

/// Round trips of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trips {
    /// To PostgreSQL, delivery apart.
    pub(crate) store: f64,
    /// To PostgreSQL, by the worker that delivers.
    pub(crate) delivery: f64,
    /// To Redis.
    pub(crate) limiter: f64,
}

/// Counts the round trips of each method, by name.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<Vec<(&'static str, Trips)>> {
    let stack = Stack::start(Pair::Postgres, options).await?;
    let sessions = Sessions::default();
    let clients = stack.clients(1).await?;
    let people = People::new(CALLS);
    let sign_in = |people| SignIn {
        clients: clients.clone(),
        inbox: stack.inbox.clone(),
        people,
        sessions: sessions.clone(),
        delivery: Arc::new(Mutex::new(Latency::new())),
    };
    let refresh = Refresh { clients: clients.clone(), sessions: sessions.clone() };
    let send = Send { clients: clients.clone(), people: people.clone() };
    let ordinary = sign_in(people.clone());
    for _ in 0..CALLS {
        ordinary.once(0).await?;
    }
    let postgres = stack.postgres.as_ref().context("PostgreSQL is not the store")?;
    postgres.execute("postgres", "ALTER SYSTEM SET log_statement = 'all'".to_owned()).await;
    postgres.execute("postgres", "SELECT pg_reload_conf()".to_owned()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let validate = Validate::new(clients.clone(), sessions.access_tokens());
    let of_send = count(&stack, &send).await?;
    let verified = |signed_in: Trips| Trips {
        store: signed_in.store - of_send.store,
        delivery: (signed_in.delivery - of_send.delivery).max(0.0),
        limiter: signed_in.limiter - of_send.limiter,
    };
    let known = verified(count(&stack, &ordinary).await?);
    let new_device = verified(count(&stack, &sign_in(people.on_new_devices())).await?);
    let first = verified(count(&stack, &sign_in(People::new(2 * CALLS).after(CALLS))).await?);
    let refreshed = count(&stack, &refresh).await?;
    let validated = count(&stack, &validate).await?;
    Ok(vec![
        ("SendOtp", of_send),
        ("VerifyOtp", known),
        ("VerifyOtp, first", first),
        ("VerifyOtp, new device", new_device),
        ("RefreshToken", refreshed),
        ("ValidateToken", validated),
    ])
}

async fn count<W: Work>(stack: &Stack, work: &W) -> anyhow::Result<Trips> {
    let log = stack.postgres.as_ref().context("PostgreSQL is not the store")?.log();
    let limiter = stack.redis.as_ref().context("Redis is not the limiter")?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = log.text().len();
    let asked = commands(&limiter.command(&["INFO", "commandstats"]));
    for _ in 0..CALLS {
        work.once(0).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // One command is the question itself.
    let asked = commands(&limiter.command(&["INFO", "commandstats"])) - asked - 1.0;
    let text = log.text();
    let (store, delivery) = statements(text.get(begin..).unwrap_or_default());
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let calls = CALLS as f64;
    Ok(Trips { store: store / calls, delivery: delivery / calls, limiter: (asked / calls).max(0.0) })
}

/// How many statements belonged to the calls, and how many to the delivery of their messages.
fn statements(log: &str) -> (f64, f64) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut current = String::new();
    for line in log.lines().chain(["LOG:  end"]) {
        if line.starts_with('\t') {
            current.push(' ');
            current.push_str(line.trim());
            continue;
        }
        if !current.is_empty() {
            *counts.entry(std::mem::take(&mut current)).or_default() += 1;
        }
        // `LOG:  execute sqlx_s_1: SELECT …` or `LOG:  statement: BEGIN`
        if let Some((_, said)) = line.split_once("LOG:  ")
            && let Some((kind, text)) = said.split_once(": ")
            && (kind.starts_with("execute ") || kind == "statement")
        {
            text.trim().clone_into(&mut current);
        }
    }
    let mut of = (0.0, 0.0);
    for (text, count) in counts {
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let count = count as f64;
        if std::env::var_os("LOAD_SHOW_STATEMENTS").is_some() {
            eprintln!("{count:>5} {}", text.chars().take(160).collect::<String>());
        }
        match belongs(&text) {
            Whose::Call => of.0 += count,
            Whose::Delivery => of.1 += count,
            Whose::Nobody => {}
        }
    }
    of
}

enum Whose {
    Call,
    Delivery,
    Nobody,
}

/// What runs beside the calls is told by what it does: the worker claims and settles, feeds ask once a second for ended
/// sessions, suppressed addresses and drained providers, the sweep deletes, connections say that they live.
fn belongs(text: &str) -> Whose {
    let delivery = ["WITH codes AS MATERIALIZED (SELECT message_id FROM outbox", "settled AS (UPDATE outbox"];
    let feeds = ["FROM sessions WHERE end_time >=", "FROM suppressions WHERE (create_time", "FROM drained_providers"];
    let beside = ["SELECT pg_reload_conf", "ALTER SYSTEM", "DELETE FROM"];
    if delivery.iter().any(|part| text.contains(part)) {
        Whose::Delivery
    } else if beside.iter().any(|start| text.starts_with(start))
        || text.starts_with("SELECT 1 ")
        || feeds.iter().any(|feed| text.contains(feed))
    {
        Whose::Nobody
    } else {
        Whose::Call
    }
}

/// Commands that came over a connection; those that a script runs are counted under their own names and left out.
fn commands(info: &Value) -> f64 {
    let Value::BulkString(bytes) = info else { return 0.0 };
    let text = String::from_utf8_lossy(bytes);
    let of = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = rest.split(',').next()?.parse::<f64>().ok()?;
        ["eval", "evalsha", "fcall", "ping", "info", "script|load"].contains(&name).then_some(calls)
    };
    text.lines().filter_map(of).sum()
}
