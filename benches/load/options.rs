//! What the command line may choose.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures the service: throughput, latency, CPU, memory, and what is lost in a crash.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// How many times both stores are measured in turn; medians are printed.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// One short round, for development; its figures are not for comparison.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Put the table into docs/performance.md.
    #[arg(long)]
    pub(crate) write: bool,
    /// Measure on one pair of stores alone.
    #[arg(long, value_enum)]
    pub(crate) only: Option<Pair>,
    /// Run these parts alone.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) parts: Vec<Part>,
    /// How codes reach the load generator.
    #[arg(long, value_enum, default_value_t = Delivery::Smtp)]
    pub(crate) delivery: Delivery,
    /// The server's program; the one built beside this by default.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_identity"))]
    pub(crate) server: PathBuf,
    /// Calls in flight at saturation: so many that the echo, too, has no time left.
    #[arg(long, default_value_t = 96)]
    pub(crate) workers: usize,
    /// Connections that carry them.
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: usize,
    /// Connections of the server to PostgreSQL.
    #[arg(long, default_value_t = 8)]
    pub(crate) pool: u32,
    /// People who sign in, in turn.
    #[arg(long, default_value_t = 24_000)]
    people: usize,
    /// Keep the servers' logs in this folder.
    #[arg(long)]
    pub(crate) logs: Option<PathBuf>,
    /// Serve the echo instead: the calibrator's server process.
    #[arg(long, hide = true)]
    pub(crate) echo: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A pair of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pair {
    /// PostgreSQL and Redis.
    Postgres,
    /// SQLite and memory.
    Sqlite,
}

impl Pair {
    /// Both, the one that the bars are for first.
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::Sqlite];

    /// The name of its server's log.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Postgres => "postgres.log",
            Self::Sqlite => "sqlite.log",
        }
    }

    /// As tables show it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL + Redis",
            Self::Sqlite => "SQLite + memory",
        }
    }
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// What the machine can do; part of `load`.
    Machine,
    /// Throughput, latency, CPU and memory under load.
    Load,
    /// Store round trips of each method.
    Trips,
    /// Memory at rest and per idle connection.
    Memory,
    /// What a decision of the limiter costs.
    Limiter,
    /// How many messages leave the outbox, how soon, and what a backlog costs.
    Outbox,
    /// What a crash loses.
    Crash,
}

/// How codes travel from the server to the load generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Delivery {
    /// By SMTP to a sink in the generator's process.
    Smtp,
    /// As files of the development mailbox.
    Mailbox,
}

impl Options {
    /// How many rounds.
    pub(crate) const fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds }
    }

    /// How many people sign in, or a fraction of them where the run is quick: each of them once before others are measured.
    pub(crate) const fn people(&self) -> usize {
        if self.quick { self.people / 2 } else { self.people }
    }

    /// Whether a part was asked for.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    /// The pairs to measure.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair> + use<> {
        let only = self.only;
        Pair::ALL.into_iter().filter(move |pair| only.is_none_or(|only| only == *pair))
    }

    /// `full` seconds, or a fraction of them where the run is quick.
    pub(crate) fn seconds(&self, full: f64) -> Duration {
        Duration::from_secs_f64(if self.quick { (full / 3.0).max(0.5) } else { full })
    }
}
