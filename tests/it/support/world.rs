//! A service with a store and a limiter of its own.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::clock::Clock;
use super::postgres::{Database, Postgres, USER};
use super::redis::Redis;
use super::run;
use super::server::{Launch, Server};
use super::settings::Settings;
use super::wait;

/// Where the service keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// SQLite, and limits in memory.
    Sqlite,
    /// PostgreSQL, and limits on Redis.
    Postgres,
}

/// A running service and what belongs to it. Parts end in this order.
pub(crate) struct World {
    /// The service.
    pub(crate) server: Server,
    /// What it was started from; `another` starts one more.
    pub(crate) settings: Settings,
    /// Its Redis, with PostgreSQL.
    pub(crate) redis: Option<Redis>,
    /// Its database, with PostgreSQL.
    pub(crate) database: Option<Database>,
    clock: Option<Arc<Clock>>,
    _folder: TempDir,
}

impl World {
    /// A service on `store`.
    pub(crate) async fn on(store: Store) -> Self {
        Self::with(store, |_| {}).await
    }

    /// A service on `store`, with a configuration that `adjust` has changed.
    pub(crate) async fn with(store: Store, adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::build(store, run::folder("world"), None, adjust).await
    }

    /// A service on `store`, with limits in memory, by a clock that `advance` moves.
    pub(crate) async fn with_clock(store: Store) -> Self {
        Self::with_clock_and(store, |_| {}).await
    }

    /// The same, with a configuration that `adjust` has changed.
    pub(crate) async fn with_clock_and(store: Store, adjust: impl FnOnce(&mut Settings)) -> Self {
        let folder = run::folder("world");
        let clock = Arc::new(Clock::new(folder.path()));
        Self::build(store, folder, Some(clock), adjust).await
    }

    /// A service on a PostgreSQL of its own, which the test may stop.
    pub(crate) async fn on_own_postgres(cluster: Postgres) -> (Postgres, Self) {
        Self::on_own_postgres_and(cluster, |_| {}).await
    }

    /// The same, with a configuration that `adjust` has changed.
    pub(crate) async fn on_own_postgres_and(cluster: Postgres, adjust: impl FnOnce(&mut Settings)) -> (Postgres, Self) {
        let folder = run::folder("world");
        let mut settings = Settings::new(folder.path());
        settings.section("limiter.memory");
        cluster.execute("postgres", "CREATE DATABASE identity".to_owned()).await;
        name_database(&mut settings, &cluster, "identity");
        adjust(&mut settings);
        migrate(&settings);
        let server = launch(&settings, None).await;
        (cluster, Self { server, settings, redis: None, database: None, clock: None, _folder: folder })
    }

    async fn build(
        store: Store,
        folder: TempDir,
        clock: Option<Arc<Clock>>,
        adjust: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(folder.path());
        let (mut redis, mut database) = (None, None);
        if store == Store::Postgres {
            if clock.is_none() {
                let server = redis.insert(Redis::start());
                settings.set("limiter.redis.address", format!("127.0.0.1:{}", server.port()));
                settings.set("limiter.redis.tls", "disable-on-loopback");
                // For a busy machine; what happens past the time is for tests of its own.
                settings.set("limiter.redis.timeout", "2s");
            } else {
                // Redis goes by its own clock, and cannot run under another.
                settings.section("limiter.memory");
            }
            let migrated = Postgres::shared().database(migrated_template().await).await;
            name_database(&mut settings, Postgres::shared(), database.insert(migrated).name());
            if let (Some(_), Some(database)) = (&clock, &database) {
                database.set_clock(0);
            }
        } else {
            settings.section("limiter.memory");
            settings.set("store.sqlite.path", folder.path().join("identity.db").to_str().unwrap());
        }
        // The pauses between wrong codes have tests of their own.
        settings.policy("lockout.first_delay", "0s");
        // So have notices of new devices, which would stand among the messages that tests count.
        settings.policy("responses.new_device", toml::Value::Array(Vec::new()));
        adjust(&mut settings);
        if store == Store::Sqlite {
            migrate(&settings);
        }
        let server = launch(&settings, clock.clone()).await;
        Self { server, settings, redis, database, clock, _folder: folder }
    }

    /// Moves the clock of a world that was made `with_clock`: of its processes, and of its database.
    pub(crate) fn advance(&self, span: Duration) {
        let clock = self.clock();
        clock.advance(span);
        if let Some(database) = &self.database {
            database.set_clock(clock.ahead_micros());
            self.wait_until_clocks_agree();
        }
    }

    /// The two clocks are moved one after the other, and whoever looks twice in between sees that they differ.
    fn wait_until_clocks_agree(&self) {
        let address = self.server.addresses().http;
        wait::until_blocking("the clocks agree", Duration::from_secs(10), || {
            let mut stream = TcpStream::connect(address).ok()?;
            stream.write_all(b"GET /health/ready HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            answer.contains("\"clock\":true").then_some(())
        });
    }

    /// The clock of its processes alone.
    pub(crate) fn clock(&self) -> &Clock {
        self.clock.as_ref().expect("a world with a clock")
    }

    /// The file of SQLite.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.settings.folder().join("identity.db")
    }

    /// One more process on the same store, limiter and keys.
    pub(crate) async fn another(&self) -> Server {
        launch(&self.settings, self.clock.clone()).await
    }

    /// The same, with a clock that is ahead of the machine's.
    pub(crate) async fn another_ahead(&self, span: Duration) -> Server {
        let clock = Clock::new(self.settings.folder());
        clock.advance(span);
        launch(&self.settings, Some(Arc::new(clock))).await
    }
}

async fn launch(settings: &Settings, clock: Option<Arc<Clock>>) -> Server {
    let arguments: [OsString; 3] = ["serve".into(), "--config".into(), settings.file().into()];
    let launch = Launch {
        arguments: arguments.into(),
        admin_token: settings.secrets().join("admin-token"),
        mailbox: settings.mailbox(),
        clock,
    };
    Server::start(launch, run::folder("server")).await
}

/// Has the configuration name a database of the cluster.
pub(crate) fn name_database(settings: &mut Settings, cluster: &Postgres, name: &str) {
    settings.set("store.postgres.host", "127.0.0.1");
    settings.set("store.postgres.port", i64::from(cluster.port()));
    settings.set("store.postgres.database", name);
    settings.set("store.postgres.user", USER);
    settings.set("store.postgres.tls", "disable-on-loopback");
}

/// A command of the service that ends by itself.
pub(crate) fn identity(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_identity")).args(arguments).output().unwrap()
}

fn migrate(settings: &Settings) {
    let output = identity(&["migrate", "--config", settings.file().to_str().unwrap()]);
    assert!(output.status.success(), "identity migrate: {}", String::from_utf8_lossy(&output.stderr));
}

/// The database on the shared cluster that each test's is a copy of; migrated once a run.
async fn migrated_template() -> &'static str {
    static TEMPLATE: OnceCell<&str> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(async || {
        let name = "migrated";
        Postgres::shared().execute("postgres", format!("CREATE DATABASE {name}")).await;
        let folder = run::folder("template");
        let mut settings = Settings::new(folder.path());
        settings.section("limiter.memory");
        name_database(&mut settings, Postgres::shared(), name);
        migrate(&settings);
        name
    });
    template.await
}
