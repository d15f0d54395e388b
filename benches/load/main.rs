//! Measures the service, as a table and as ratios to what the machine can do. `docs/performance.md` explains them.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "it measures real time, and serves an echo with statuses of its own")]

mod calibrate;
mod clients;
mod crash;
mod drive;
mod echo;
mod inbox;
mod limiter;
mod memory;
mod mint;
mod options;
mod outbox;
mod outside;
mod plan;
mod procfs;
mod ratios;
mod report;
mod round;
mod settings;
mod sink;
mod stack;
mod stats;
#[path = "../../tests/it/support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;
mod trips;
mod work;
mod yardsticks;

use clap::Parser as _;

use options::Options;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if options.echo {
        return echo::serve();
    }
    // One thread: on two cores the load must cost little, and fewer wake-ups between threads are cheaper.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(plan::run(&options))
}
