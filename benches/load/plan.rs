//! What is measured, in which order.

use super::calibrate::Signing;
use super::crash::{self, Losses};
use super::limiter::{self, Decisions};
use super::memory::{self, Memory};
use super::options::{Options, Pair, Part};
use super::outbox::{self, Outbox};
use super::report::{self, Findings};
use super::round::{self, Figures};
use super::trips::{self, Trips};
use super::yardsticks::{self, Echo, Yardsticks};

/// A round: the machine, then each pair of stores.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// What the machine could do.
    pub(crate) yardsticks: Yardsticks,
    /// What the pairs gave.
    pub(crate) figures: Vec<Figures>,
}

/// Measures everything that was asked for, and prints it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    if options.wants(Part::Load) || options.wants(Part::Machine) {
        let (signing, echo) = (Signing::new()?, Echo::start(options).await?);
        for number in 1..=options.rounds() {
            say(&format!("round {number} of {}: the machine", options.rounds()));
            let yardsticks = yardsticks::measure(options, &signing, &echo).await?;
            let mut figures = Vec::new();
            for pair in options.pairs().filter(|_| options.wants(Part::Load)) {
                say(&format!("round {number} of {}: {}", options.rounds(), pair.title()));
                let found = round::figures(pair, options, &yardsticks, &echo).await?;
                say(&report::line(&found));
                figures.push(found);
            }
            rounds.push(Round { yardsticks, figures });
        }
    }
    let findings = Findings {
        rounds,
        decisions: decisions(options).await?,
        trips: round_trips(options).await?,
        memory: memory_at_rest(options).await?,
        outbox: messages(options).await?,
        losses: losses(options).await?,
    };
    let text = report::text(&findings, options);
    println!("{text}");
    if options.write {
        report::write(&text)?;
    }
    Ok(())
}

async fn round_trips(options: &Options) -> anyhow::Result<Vec<(&'static str, Trips)>> {
    if !options.wants(Part::Trips) || options.only == Some(Pair::Sqlite) {
        return Ok(Vec::new());
    }
    say("round trips");
    trips::measure(options).await
}

async fn decisions(options: &Options) -> anyhow::Result<Option<Decisions>> {
    if !options.wants(Part::Limiter) {
        return Ok(None);
    }
    say("decisions of the limiter");
    limiter::measure(options).await.map(Some)
}

async fn memory_at_rest(options: &Options) -> anyhow::Result<Option<Memory>> {
    if !options.wants(Part::Memory) {
        return Ok(None);
    }
    say("memory at rest");
    memory::measure(options).await.map(Some)
}

async fn messages(options: &Options) -> anyhow::Result<Vec<(Pair, Outbox)>> {
    let mut found = Vec::new();
    if options.wants(Part::Outbox) {
        for pair in options.pairs() {
            say(&format!("the outbox: {}", pair.title()));
            found.push((pair, outbox::measure(pair, options).await?));
        }
    }
    Ok(found)
}

async fn losses(options: &Options) -> anyhow::Result<Vec<(Pair, Losses)>> {
    let mut losses = Vec::new();
    if options.wants(Part::Crash) {
        for pair in options.pairs() {
            say(&format!("crashes: {}", pair.title()));
            losses.push((pair, crash::measure(pair, options).await?));
        }
    }
    Ok(losses)
}

fn say(what: &str) {
    eprintln!("==> {what}");
}
