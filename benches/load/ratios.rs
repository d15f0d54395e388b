//! The ratios that the service is judged by, and their first bars.

use super::options::Pair;
use super::report::{Findings, mebibytes};
use super::round::{FIRST, Figures, NEW_DEVICE, REFRESH, SEND, SIGN_IN, VALIDATE_HOT, VALIDATE_NEW};
use super::yardsticks::Yardsticks;

/// Which side of the bar is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// The more the better.
    AtLeast,
    /// The less the better.
    AtMost,
}

impl Sense {
    /// As tables show it.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => "≥",
            Self::AtMost => "≤",
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its number among the targets; empty for what stands beside them.
    pub(crate) number: &'static str,
    /// What is measured.
    pub(crate) metric: String,
    /// Which side is good.
    pub(crate) sense: Sense,
    /// The first bar.
    pub(crate) bar: f64,
    unit: &'static str,
    digits: usize,
    values: Vec<(Pair, f64)>,
}

impl Row {
    /// The figure of a pair.
    pub(crate) fn value(&self, pair: Pair) -> Option<f64> {
        self.values.iter().find(|(of, _)| *of == pair).map(|(_, value)| *value).filter(|value| value.is_finite())
    }

    /// Whether a figure clears the bar.
    pub(crate) fn verdict(&self, value: f64) -> &'static str {
        let good = match self.sense {
            Sense::AtLeast => value >= self.bar,
            Sense::AtMost => value <= self.bar,
        };
        if good { "PASS" } else { "**MISS**" }
    }

    /// A figure with its unit.
    pub(crate) fn shown(&self, value: f64) -> String {
        format!("{value:.*}{}", self.digits, self.unit)
    }
}

/// Every row that something was measured for.
pub(crate) fn rows(findings: &Findings) -> Vec<Row> {
    let mut rows = Vec::new();
    if !findings.rounds.is_empty() {
        rates(findings, &mut rows);
    }
    trips(findings, &mut rows);
    if !findings.rounds.is_empty() {
        let value = |figures: &Figures, _: &Yardsticks| Some(mebibytes(figures.resident));
        rows.push(row(findings, "9", "memory at full load", Sense::AtMost, 96.0, (" MiB", 0), value));
    }
    if let Some(memory) = findings.memory {
        let first = findings.pairs().first().copied().unwrap_or(Pair::Postgres);
        let single = |number, metric: &str, bar, unit, values| Row {
            number,
            metric: metric.to_owned(),
            sense: Sense::AtMost,
            bar,
            unit,
            digits: 0,
            values,
        };
        let connection = mebibytes(memory.connection) * 1024.0;
        rows.push(single("9", "memory of an idle connection", 64.0, " KiB", vec![(first, connection)]));
        let idle = vec![(Pair::Sqlite, mebibytes(memory.idle))];
        rows.push(single("", "memory of the idle embedded default", 64.0, " MiB", idle));
    }
    if !findings.losses.is_empty() {
        let kills: usize = findings.losses.iter().map(|(_, losses)| losses.kills).sum();
        let acknowledged: usize = findings.losses.iter().map(|(_, losses)| losses.acknowledged).sum();
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let values = findings.losses.iter().map(|(pair, losses)| (*pair, losses.lost as f64)).collect();
        rows.push(Row {
            number: "13",
            metric: format!("lost of {acknowledged} acknowledged, in {kills} × `kill -9` under load"),
            sense: Sense::AtMost,
            bar: 0.0,
            unit: "",
            digits: 0,
            values,
        });
    }
    rows
}

fn rates(findings: &Findings, rows: &mut Vec<Row>) {
    let rate = |figures: &Figures, method: &str| Some(figures.method(method)?.peak.rate());
    let mut at_least = |number, metric: &str, bar, value: &dyn Fn(&Figures, &Yardsticks) -> Option<f64>| {
        rows.push(row(findings, number, metric, Sense::AtLeast, bar, ("", 2), value));
    };
    for (metric, method) in [
        ("sign-in/s ÷ R, on a known device", SIGN_IN),
        ("sign-in/s ÷ R, the first of a person", FIRST),
        ("sign-in/s ÷ R, on a new device", NEW_DEVICE),
    ] {
        at_least("1", metric, 0.30, &|found, machine| Some(rate(found, method)? / machine.signatures));
    }
    at_least("2", "refresh/s ÷ R", 0.40, &|found, machine| Some(rate(found, REFRESH)? / machine.signatures));
    at_least("3", "validate/s ÷ E, hot tokens", 0.80, &|found, _| {
        Some(rate(found, VALIDATE_HOT)? / found.echo_validate)
    });
    at_least("3", "validate/s ÷ E, every token new", 0.60, &|found, _| {
        Some(rate(found, VALIDATE_NEW)? / found.echo_validate)
    });
    at_least("4", "SendOtp/s ÷ E", 0.15, &|found, _| Some(rate(found, SEND)? / found.echo_send));
    let mut at_most = |metric, bar, value: &dyn Fn(&Figures, &Yardsticks) -> Option<f64>| {
        rows.push(row(findings, "6", metric, Sense::AtMost, bar, ("", 2), value));
    };
    at_most("sign-in p50 at one client ÷ F, on a known device", 2.0, &|found, _| Some(found.alone / found.floor));
    at_most("sign-in p50 at one client ÷ F, on a new device", 2.0, &|found, _| {
        Some(found.new_device.alone / found.floor)
    });
    for (metric, method) in [
        ("sign-in p99 at half load ÷ F, on a known device", SIGN_IN),
        ("sign-in p99 at half load ÷ F, on a new device", NEW_DEVICE),
    ] {
        at_most(metric, 4.0, &|found, _| Some(found.method(method)?.half.as_ref()?.latency.micros(0.99) / found.floor));
    }
}

fn trips(findings: &Findings, rows: &mut Vec<Row>) {
    let bar = |name: &str| match name {
        "SendOtp" | "RefreshToken" => 1.0,
        name if name.starts_with("VerifyOtp") => 2.0,
        _ => 0.0,
    };
    for (name, trips) in &findings.trips {
        rows.push(Row {
            number: "8",
            metric: format!("store round trips, {name}"),
            sense: Sense::AtMost,
            bar: bar(name),
            unit: "",
            digits: 2,
            values: vec![(Pair::Postgres, trips.store)],
        });
    }
}

fn row(
    findings: &Findings,
    number: &'static str,
    metric: &str,
    sense: Sense,
    bar: f64,
    (unit, digits): (&'static str, usize),
    value: impl Fn(&Figures, &Yardsticks) -> Option<f64>,
) -> Row {
    let values = findings.pairs().into_iter().map(|pair| (pair, findings.pair(pair, &value))).collect();
    Row { number, metric: metric.to_owned(), sense, bar, unit, digits, values }
}
