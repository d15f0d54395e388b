//! `identity policy simulate`: what a policy would have refused.

use super::{source::Source, terminal};
use crate::{
    app::{self, Failure},
    config,
    domain::{policy::show_span, simulation::UNKNOWABLE, time::Timestamp},
};
use clap::Args;
use std::{
    fmt::Write as _,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How many events go by between two lines on how far it is.
const BETWEEN_LINES: u64 = 100_000;

/// The arguments.
#[derive(Args)]
pub(super) struct Simulate {
    /// The policy file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    source: Source,
    /// How far back: from 1s to 30d
    #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = span)]
    since: Duration,
}

fn span(text: &str) -> Result<Duration, &'static str> {
    let permitted = Duration::from_secs(1)..=app::LONGEST_SIMULATION;
    config::parse_span(text).filter(|span| permitted.contains(span)).ok_or("is not a span such as 24h, at most 30d")
}

impl Simulate {
    /// Replays, and tells.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.source.load(false)?;
        let told = AtomicU64::new(0);
        let progress = |events: u64, reached: Timestamp| {
            if events / BETWEEN_LINES > told.swap(events / BETWEEN_LINES, Ordering::Relaxed) {
                terminal::write(&format!("{events} events read, up to {reached}"));
            }
        };
        let replay = app::simulate(&config, &self.file, self.since, &progress)?;
        let report = &replay.report;
        terminal::write(&format!("{} events read, up to {}", replay.events, report.until));
        let mut text = format!(
            "The policy \"{}\" over the last {}: {} requests for codes, {} codes presented.\n\n",
            replay.policy,
            show_span(self.since),
            report.requests,
            report.verifications
        );
        let head =
            ["rule", "would refuse", "would report", "was refused", "newly refused", "no longer", "whom", "most"];
        let _ = writeln!(text, "{}", row(head.map(str::to_owned)));
        for rule in std::iter::once(&report.any).chain(&report.rules) {
            let most: Vec<String> = rule.most_affected.iter().map(u64::to_string).collect();
            let counts = [
                rule.rule.to_owned(),
                rule.would_refuse.to_string(),
                rule.would_report.to_string(),
                rule.was_refused.to_string(),
                rule.newly_refused.to_string(),
                rule.no_longer_refused.to_string(),
                rule.keys_affected.to_string(),
                most.join(" "),
            ];
            let _ = writeln!(text, "{}", row(counts));
        }
        if report.untracked > 0 {
            let _ = writeln!(text, "\n{} requests were not followed: too many keys at once.", report.untracked);
        }
        let _ = writeln!(text, "\nWhat this cannot know:");
        for caveat in UNKNOWABLE {
            let _ = writeln!(text, "- {caveat}");
        }
        terminal::say(&text)?;
        Ok(())
    }
}

/// A line of the table.
fn row([rule, counts @ .., most]: [String; 8]) -> String {
    let line = counts.iter().fold(format!("{rule:<12}"), |line, count| format!("{line}{count:>14}"));
    format!("{line}  {most}").trim_end().to_owned()
}
