//! The figures as a page: what the machine can do, what the service does, and the ratios with their bars.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::crash::Losses;
use super::limiter::Decisions;
use super::memory::Memory;
use super::options::{Options, Pair};
use super::outbox::Outbox;
use super::plan::Round;
use super::procfs;
use super::ratios::{self, Row};
use super::round::{self, Figures};
use super::stats::median;
use super::trips::Trips;
use super::yardsticks::Yardsticks;

/// Everything that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    /// The rounds.
    pub(crate) rounds: Vec<Round>,
    /// What the limiter's decisions cost.
    pub(crate) decisions: Option<Decisions>,
    /// Round trips by method.
    pub(crate) trips: Vec<(&'static str, Trips)>,
    /// Memory at rest.
    pub(crate) memory: Option<Memory>,
    /// What the outbox does, by pair.
    pub(crate) outbox: Vec<(Pair, Outbox)>,
    /// What crashes lost, by pair.
    pub(crate) losses: Vec<(Pair, Losses)>,
}

impl Findings {
    /// The median over the rounds of something about the machine.
    pub(crate) fn machine(&self, value: impl Fn(&Yardsticks) -> f64) -> f64 {
        median(self.rounds.iter().map(|round| value(&round.yardsticks)))
    }

    /// The median over the rounds of something about a pair, which may look at the machine of the same round.
    pub(crate) fn pair(&self, pair: Pair, value: impl Fn(&Figures, &Yardsticks) -> Option<f64>) -> f64 {
        median(self.rounds.iter().filter_map(|round| {
            let figures = round.figures.iter().find(|figures| figures.pair == pair)?;
            value(figures, &round.yardsticks)
        }))
    }

    /// The pairs that were measured.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let first = self.rounds.first().map(|round| round.figures.iter().map(|figures| figures.pair).collect());
        first.unwrap_or_else(|| self.losses.iter().map(|(pair, _)| *pair).collect())
    }
}

/// One pair of one round in one line, to watch a run by.
pub(crate) fn line(figures: &Figures) -> String {
    let rates = figures.methods.iter().map(|(name, measured)| format!("{name} {:.0}/s", measured.peak.rate()));
    let rates: Vec<String> = rates.collect();
    let half = figures.method(round::SIGN_IN).and_then(|measured| measured.half.as_ref());
    let half = half.map_or_else(String::new, |run| {
        let [server, postgres] = ["server", "postgres"].map(|party| run.cpu_micros(party));
        format!("; a sign-in at half load costs the server {server:.0} and PostgreSQL {postgres:.0} µs of CPU")
    });
    format!("    {}{half}; at most {:.0} MiB", rates.join(", "), mebibytes(figures.resident))
}

/// The whole page.
pub(crate) fn text(findings: &Findings, options: &Options) -> String {
    let mut out = heading(options);
    if !findings.rounds.is_empty() {
        machine(&mut out, findings);
        for pair in findings.pairs() {
            methods(&mut out, findings, pair);
        }
    }
    if let Some(decisions) = &findings.decisions {
        limiter(&mut out, findings, decisions);
    }
    if !findings.trips.is_empty() {
        out.push_str(
            "\n### Round trips of one call\n\n| method | store | limiter | delivery, afterwards |\n|---|--:|--:|--:|\n",
        );
        for (name, trips) in &findings.trips {
            let Trips { store, limiter, delivery } = trips;
            let _ = writeln!(out, "| {name} | {store:.2} | {limiter:.2} | {delivery:.2} |");
        }
    }
    if !findings.outbox.is_empty() {
        outbox(&mut out, findings);
    }
    table(&mut out, &ratios::rows(findings), &findings.pairs());
    out
}

fn heading(options: &Options) -> String {
    let rounds = options.rounds();
    let program = |name: &str, argument: &str| {
        let output = Command::new(name).arg(argument).output().ok();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output().ok();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let redis = program("redis-server", "--version");
    let redis = redis.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("?");
    let build = if cfg!(debug_assertions) { "**not optimized**" } else { "release" };
    format!(
        "Commit {commit}, {build} build, {rounds} round{}, medians. {}. {}, fsync on; Redis {redis}. Client, echo, stores \
         and server share the cores; {} connections, {} calls in flight at saturation, {} people, delivery by {:?}.\n",
        if rounds == 1 { "" } else { "s" },
        procfs::machine(),
        program("postgres", "--version"),
        options.connections,
        options.workers,
        options.people(),
        options.delivery,
    )
}

fn machine(out: &mut String, findings: &Findings) {
    out.push_str("\n### The machine\n\n| yardstick | figure |\n|---|--:|\n");
    let mut row = |name: &str, value: f64, unit: &str| {
        let _ = writeln!(out, "| {name} | {value:.0} {unit} |");
    };
    row("`R`: RSA-2048 signatures, two threads", findings.machine(|machine| machine.signatures), "/s");
    row("`E`: echo of ValidateToken", findings.machine(|machine| machine.echo_validate.rate()), "/s");
    row("`E`: echo of SendOtp", findings.machine(|machine| machine.echo_send.rate()), "/s");
    row("server's CPU of an echo", findings.machine(|machine| machine.echo_validate.cpu_micros("server")), "µs");
    row("client's CPU of an echo", findings.machine(|machine| machine.echo_validate.cpu_micros("client")), "µs");
    row("one signature", findings.machine(|machine| machine.signature), "µs");
    row("one echo call, nothing else running", findings.machine(|machine| machine.echo_call), "µs");
    for pair in findings.pairs() {
        let name = pair.title();
        if pair == Pair::Postgres {
            row("one script on Redis", findings.pair(pair, |figures, _| Some(figures.parts.0)), "µs");
        }
        let beside = |method: &str| format!("`E`: echo of {method}, beside {name}");
        row(&beside("ValidateToken"), findings.pair(pair, |figures, _| Some(figures.echo_validate)), "/s");
        row(&beside("SendOtp"), findings.pair(pair, |figures, _| Some(figures.echo_send)), "/s");
        row(&format!("one durable commit, {name}"), findings.pair(pair, |figures, _| Some(figures.parts.1)), "µs");
        row(&format!("`F` of a sign-in, {name}"), findings.pair(pair, |figures, _| Some(figures.floor)), "µs");
    }
}

fn methods(out: &mut String, findings: &Findings, pair: Pair) {
    let _ = write!(
        out,
        "\n### {}\n\n| method | /s | p50 | p90 | p99 | p99.9 | server | PostgreSQL | Redis | client |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        pair.title()
    );
    let Some(first) = findings.rounds.first().and_then(|round| round.figures.iter().find(|found| found.pair == pair))
    else {
        return;
    };
    for (name, _) in &first.methods {
        let rate = findings.pair(pair, |figures, _| Some(figures.method(name)?.peak.rate()));
        let _ = write!(out, "| {name} | {rate:.0} |");
        for quantile in [0.5, 0.9, 0.99, 0.999] {
            let micros =
                |figures: &Figures, _: &Yardsticks| Some(figures.method(name)?.half.as_ref()?.latency.micros(quantile));
            let _ = write!(out, " {} |", shown(findings.pair(pair, micros)));
        }
        for party in ["server", "postgres", "redis", "client"] {
            let cpu = findings.pair(pair, |figures, _| Some(figures.method(name)?.peak.cpu_micros(party)));
            let _ = write!(out, " {} |", if cpu == 0.0 { "–".to_owned() } else { shown(cpu) });
        }
        out.push('\n');
    }
    let alone = findings.pair(pair, |figures, _| Some(figures.alone));
    let delivery = findings.pair(pair, |figures, _| Some(figures.delivery));
    let messages = findings.pair(pair, |figures, _| Some(figures.new_device.messages));
    let checked: usize = findings
        .rounds
        .iter()
        .flat_map(|round| &round.figures)
        .filter(|figures| figures.pair == pair)
        .map(|figures| figures.checked)
        .sum();
    let _ = writeln!(
        out,
        "\nRates at saturation; latencies in µs from the intended start, at half that rate; CPU in µs for each call at \
         saturation, the sink of messages within the client's. A sign-in is SendOtp and VerifyOtp with the message \
         between them: its latency is that of both calls ({alone:.0} µs at the median with nobody else, on a known \
         device), the message takes another {delivery:.0} µs at half load. For each on a new device {messages:.2} \
         messages left at saturation; 2 are due, the notices among them may be late. {checked} of its tokens were \
         checked by jsonwebtoken with the published keys."
    );
}

fn limiter(out: &mut String, findings: &Findings, decisions: &Decisions) {
    out.push_str(
        "\n### Decisions of the limiter\n\n| counted | /s | p50 | p99 | service | Redis | of SendOtp's CPU |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (pair, run) in [(Pair::Postgres, &decisions.redis), (Pair::Sqlite, &decisions.memory)] {
        let name = if pair == Pair::Postgres { "on Redis" } else { "in memory" };
        let [service, redis] = ["client", "redis"].map(|party| run.cpu_micros(party));
        let sent = findings.pair(pair, |figures, _| {
            let peak = &figures.method(round::SEND)?.peak;
            Some(["server", "postgres", "redis"].into_iter().map(|party| peak.cpu_micros(party)).sum())
        });
        let share =
            if sent.is_finite() { format!("{:.0} %", (service + redis) / sent * 100.0) } else { "–".to_owned() };
        let [p50, p99] = [0.5, 0.99].map(|quantile| run.latency.micros(quantile));
        let _ =
            writeln!(out, "| {name} | {:.0} | {p50:.0} | {p99:.0} | {service:.1} | {redis:.1} | {share} |", run.rate());
    }
    let _ = writeln!(
        out,
        "\nA decision over three layers and six windows, as `SendOtp` asks for, by one thread with as many callers as \
         above; µs, CPU of each side. After a million strangers {} keys are tracked, of {:.0} bytes each.",
        decisions.tracked, decisions.bytes_a_key
    );
}

fn outbox(out: &mut String, findings: &Findings) {
    out.push_str(
        "\n### The outbox\n\n| stores | messages/s | to the relay, p50 | p99 | backlog | drained in, s | SendOtp p50, calm | \
         p50, draining | p99, calm | p99, draining |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (pair, found) in &findings.outbox {
        let Outbox { rate, handover, backlog, drain, calm, draining } = found;
        let (calm, draining) = (&calm.latency, &draining.latency);
        let _ = writeln!(
            out,
            "| {} | {rate:.0} | {:.0} | {:.0} | {backlog} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} |",
            pair.title(),
            handover.micros(0.5),
            handover.micros(0.99),
            drain.as_secs_f64(),
            calm.micros(0.5),
            draining.micros(0.5),
            calm.micros(0.99),
            draining.micros(0.99),
        );
    }
    out.push_str(
        "\nMessages that arrive while 48 callers ask as fast as they are answered; from the call of SendOtp to the relay, one at a \
         time; then the relay is closed, the backlog is asked for, and the relay opens while four callers go on. Times in µs.\n",
    );
}

fn shown(value: f64) -> String {
    if value.is_finite() { format!("{value:.0}") } else { "–".to_owned() }
}

fn table(out: &mut String, rows: &[Row], pairs: &[Pair]) {
    out.push_str("\n### Ratios\n\n| # | metric | first bar |");
    for pair in pairs {
        let _ = write!(out, " {} |", pair.title());
    }
    out.push_str("\n|---|---|---|");
    out.push_str(&"--:|".repeat(pairs.len()));
    out.push('\n');
    for row in rows {
        let _ = write!(out, "| {} | {} | {} {} |", row.number, row.metric, row.sense.sign(), row.shown(row.bar));
        for pair in pairs {
            let value = row.value(*pair);
            let _ = match value {
                Some(value) => write!(out, " {} {} |", row.shown(value), row.verdict(value)),
                None => write!(out, " – |"),
            };
        }
        out.push('\n');
    }
}

/// Bytes as MiB.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let bytes = bytes as f64;
    bytes / 1024.0 / 1024.0
}

const BEGIN: &str = "<!-- figures: begin (written by `make bench WRITE=1`) -->";
const END: &str = "<!-- figures: end -->";

/// Puts the page into `docs/performance.md`, between its markers.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let page = std::fs::read_to_string(&path)?;
    let (before, rest) = page.split_once(BEGIN).context("docs/performance.md has lost its first marker")?;
    let (_, after) = rest.split_once(END).context("docs/performance.md has lost its last marker")?;
    Ok(std::fs::write(&path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?)
}
