//! What the machine can do: the yardsticks that the service is held against.

use std::fs;
use std::hint::black_box;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use rustix::process::Signal;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection, sqlite};

use super::drive::Work;
use super::procfs::Party;
use super::stats::Latency;
use super::support::redis::Redis;
use super::support::run;
use super::support::service::Service;

/// Signs with RSA-2048 and a kept key.
pub(crate) struct Signing {
    key: KeyPair,
    random: SystemRandom,
}

impl Signing {
    /// With a new key.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let key = KeyPair::generate(KeySize::Rsa2048).ok().context("no RSA key can be made")?;
        Ok(Self { key, random: SystemRandom::new() })
    }

    fn once(&self) {
        // Header and claims of an access token have about this length.
        let message = [b'a'; 600];
        let mut signature = [0; 256];
        self.key.sign(&RSA_PKCS1_SHA256, &self.random, black_box(&message), &mut signature).unwrap();
        black_box(signature);
    }

    /// `R`: signatures a second by two threads.
    pub(crate) fn rate(&self, time: Duration) -> f64 {
        let stop = AtomicBool::new(false);
        let count = || {
            let mut done = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                self.once();
                done += 1;
            }
            done
        };
        let begin = Instant::now();
        let done: u32 = thread::scope(|scope| {
            let threads = [scope.spawn(count), scope.spawn(count)];
            thread::sleep(time);
            stop.store(true, Ordering::Relaxed);
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        f64::from(done) / begin.elapsed().as_secs_f64()
    }

    /// The time of one signature in microseconds, at the median.
    pub(crate) fn floor(&self, times: u32) -> f64 {
        let mut latency = Latency::new();
        for _ in 0..times {
            let begin = Instant::now();
            self.once();
            latency.record(begin.elapsed());
        }
        latency.micros(0.5)
    }
}

/// The echo's process.
pub(crate) struct EchoServer {
    _service: Service,
    id: u32,
    address: SocketAddr,
}

impl EchoServer {
    /// Starts this program once more, as the echo.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = run::folder("echo");
        let told = folder.path().join("address");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--echo").stdin(Stdio::null()).stdout(fs::File::create(&told)?);
        let mut service = Service::spawn("the echo", &mut command, Signal::TERM);
        for _ in 0..500 {
            let line = fs::read_to_string(&told)?;
            if line.ends_with('\n') {
                let id = service.child().id();
                return Ok(Self { _service: service, id, address: line.trim().parse()? });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the echo does not start")
    }

    /// Where it answers.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whose CPU time is counted; the echo stands where the server does.
    pub(crate) fn parties(&self) -> Vec<Party> {
        vec![Party { name: "server", id: self.id }, Party::myself()]
    }
}

/// The median time of `work` in microseconds, one call after the other.
pub(crate) async fn serial<W: Work>(work: &Arc<W>, times: u32) -> anyhow::Result<f64> {
    let mut latency = Latency::new();
    for turn in 0..times + times / 10 {
        let time = work.once(0).await?;
        if turn >= times / 10 {
            latency.record(time);
        }
    }
    Ok(latency.micros(0.5))
}

/// The serial round trip of one script that counts a sliding window in each of three logs, in microseconds.
pub(crate) async fn script_floor(redis: &Redis, times: u32) -> anyhow::Result<f64> {
    use deadpool_redis::redis::{Client, Script};
    let script = Script::new(
        "local now = redis.call('TIME') local time = now[1] * 1000000 + now[2] \
         for _, key in ipairs(KEYS) do redis.call('ZREMRANGEBYSCORE', key, 0, time - 1000000) \
         redis.call('ZADD', key, time, time) redis.call('PEXPIRE', key, 1000) end return time",
    );
    let mut connection = Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    let mut latency = Latency::new();
    for turn in 0..times {
        let mut call = script.key("floor:a");
        call.key("floor:b").key("floor:c");
        let begin = Instant::now();
        let _: i64 = call.invoke_async(&mut connection).await?;
        if turn >= times / 10 {
            latency.record(begin.elapsed());
        }
    }
    Ok(latency.micros(0.5))
}

const CREATE: &str = "CREATE TABLE IF NOT EXISTS load_floor (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
const INSERT: &str = "INSERT INTO load_floor (id, body) VALUES ($1, $2)";

/// The serial time of one durable commit of one small row on PostgreSQL, in microseconds.
pub(crate) async fn postgres_floor(url: &str, times: i32) -> anyhow::Result<f64> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(CREATE).await?;
    let mut latency = Latency::new();
    for turn in 0..times {
        let begin = Instant::now();
        sqlx::query(INSERT).bind(turn).bind("a row of some length").execute(&mut connection).await?;
        latency.record(begin.elapsed());
    }
    connection.execute("DROP TABLE load_floor").await?;
    connection.close().await?;
    Ok(latency.micros(0.5))
}

/// The same on SQLite.
pub(crate) async fn sqlite_floor(times: i32) -> anyhow::Result<f64> {
    let folder = run::folder("floor");
    let options = sqlite::SqliteConnectOptions::new()
        .filename(folder.path().join("floor.db"))
        .create_if_missing(true)
        .journal_mode(sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlite::SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute(CREATE).await?;
    let mut latency = Latency::new();
    for turn in 0..times {
        let begin = Instant::now();
        sqlx::query(INSERT).bind(turn).bind("a row of some length").execute(&mut connection).await?;
        latency.record(begin.elapsed());
    }
    connection.close().await?;
    Ok(latency.micros(0.5))
}
