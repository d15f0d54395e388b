//! A running server with its stores, all private to this run.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::Signal;
use serde::Deserialize;
use tempfile::TempDir;

use super::clients::Clients;
use super::inbox::Inbox;
use super::options::{Delivery, Options, Pair};
use super::procfs::{self, Party};
use super::settings::{self, Settings};
use super::sink;
use super::support::logs::Log;
use super::support::postgres::Postgres;
use super::support::redis::Redis;
use super::support::run;
use super::support::service::Service;

/// A server on a pair of stores.
pub(crate) struct Stack {
    /// PostgreSQL, where it is the store.
    pub(crate) postgres: Option<Postgres>,
    /// Redis, where it is the limiter.
    pub(crate) redis: Option<Redis>,
    /// Where codes arrive.
    pub(crate) inbox: Inbox,
    program: PathBuf,
    config: PathBuf,
    log: Log,
    server: Option<Server>,
    folder: TempDir,
}

struct Server {
    service: Service,
    id: u32,
    addresses: Addresses,
}

/// The line that the server prints when it has opened its ports.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Addresses {
    grpc: SocketAddr,
}

/// Settings of PostgreSQL: durable, as it comes but for memory of a size that any server has.
const DURABLE: [&str; 6] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "max_connections=100",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
];

impl Stack {
    /// Starts the stores, and the server on them.
    pub(crate) async fn start(pair: Pair, options: &Options) -> anyhow::Result<Self> {
        let folder = run::folder("load");
        let inbox = Inbox::default();
        let delivery = match options.delivery {
            Delivery::Smtp => settings::Delivery::Smtp(sink::smtp(inbox.clone()).await?),
            Delivery::Mailbox => {
                let mailbox = folder.path().join("mailbox");
                sink::mailbox(&mailbox, inbox.clone())?;
                settings::Delivery::Mailbox(mailbox)
            }
        };
        let (postgres, redis) = match pair {
            Pair::Postgres => (Some(Postgres::start(&DURABLE)), Some(Redis::start())),
            Pair::Sqlite => (None, None),
        };
        let store = match &postgres {
            Some(postgres) => {
                postgres.execute("postgres", "CREATE DATABASE identity".to_owned()).await;
                let port = postgres.port();
                format!(
                    "[store.postgres]\nhost = \"127.0.0.1\"\nport = {port}\ndatabase = \"identity\"\n\
                     user = \"identity\"\ntls = \"disable-on-loopback\"\npool_size = {}\n",
                    options.pool
                )
            }
            None => "[store.sqlite]\npath = \"identity.db\"\n".to_owned(),
        };
        let limiter = match &redis {
            Some(redis) => {
                format!("[limiter.redis]\naddress = \"127.0.0.1:{}\"\ntls = \"disable-on-loopback\"\n", redis.port())
            }
            None => "[limiter.memory]\n".to_owned(),
        };
        let config = Settings { store, limiter, delivery }.write(folder.path())?;
        let program = options.server.clone();
        let log = Log::at(&options.logs.as_deref().unwrap_or(folder.path()).join(pair.file()));
        let mut stack = Self { postgres, redis, inbox, program, config, log, server: None, folder };
        stack.start_server().await?;
        Ok(stack)
    }

    /// Starts the server, or starts it again.
    pub(crate) async fn start_server(&mut self) -> anyhow::Result<()> {
        let log = &self.log;
        let migrate = Command::new(&self.program).arg("migrate").arg("--config").arg(&self.config).output()?;
        ensure!(migrate.status.success(), "identity migrate: {}", String::from_utf8_lossy(&migrate.stderr));
        let told = self.folder.path().join("addresses");
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("--config").arg(&self.config);
        command.stdin(Stdio::null()).stdout(fs::File::create(&told)?).stderr(log.writer());
        let mut service = Service::spawn("identity", &mut command, Signal::TERM);
        let id = service.child().id();
        for _ in 0..1000 {
            if let Some(ended) = service.exited() {
                bail!("the server ended with {ended}: {}", log.text());
            }
            let line = fs::read_to_string(&told)?;
            if line.ends_with('\n') {
                let addresses = serde_json::from_str(&line).context("the server's line of addresses")?;
                self.server = Some(Server { service, id, addresses });
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the server has not opened its ports within ten seconds: {}", log.text())
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.service.kill();
        }
    }

    /// The server's process id.
    pub(crate) fn server_id(&self) -> u32 {
        self.server.as_ref().map_or(0, |server| server.id)
    }

    /// Where the server answers gRPC.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.server.as_ref().context("the server does not run")?.addresses.grpc)
    }

    /// New connections to the server.
    pub(crate) async fn clients(&self, connections: usize) -> anyhow::Result<Clients> {
        Clients::connect(self.address()?, connections).await
    }

    /// Who uses CPU time: the server, its stores, and this program.
    pub(crate) fn parties(&self) -> Vec<Party> {
        let mut parties = vec![Party { name: "server", id: self.server_id() }];
        parties.extend(self.postgres_id().map(|id| Party { name: "postgres", id }));
        let redis = self.redis.as_ref().map(|redis| procfs::own_child(redis.port()));
        parties.extend(redis.map(|id| Party { name: "redis", id }));
        parties.push(Party::myself());
        parties
    }

    /// The process id of PostgreSQL's first process.
    pub(crate) fn postgres_id(&self) -> Option<u32> {
        self.postgres.as_ref().map(|postgres| procfs::own_child(postgres.port()))
    }

    /// The key that signs the server's tokens, in PEM.
    pub(crate) fn signing_key(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("secrets/signing-keys/1.pem"))?)
    }
}
