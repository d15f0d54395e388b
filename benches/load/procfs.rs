//! What the kernel says about running processes.

use std::fs;
use std::time::Duration;

/// A process and its children, under one name.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// As tables show it.
    pub(crate) name: &'static str,
    /// The process id.
    pub(crate) id: u32,
}

impl Party {
    /// This program.
    pub(crate) fn myself() -> Self {
        Self { name: "client", id: std::process::id() }
    }

    /// CPU time used so far by the process and by its children, those that have ended included; by this program alone,
    /// for all the others are its children.
    pub(crate) fn cpu(&self) -> Duration {
        let own = Stat::of(self.id);
        if self.id == std::process::id() {
            return own.map_or(Duration::ZERO, |stat| ticks(stat.own));
        }
        own.into_iter().chain(children(self.id)).map(|stat| ticks(stat.own + stat.waited)).sum()
    }

    /// Resident memory of the process itself in bytes: what it holds now.
    pub(crate) fn resident(&self) -> u64 {
        status(self.id, "VmRSS:")
    }
}

/// CPU time that parties used while something ran.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    parties: Vec<Party>,
    before: Vec<Duration>,
}

impl Meter {
    /// Begins to count.
    pub(crate) fn start(parties: &[Party]) -> Self {
        Self { before: parties.iter().map(Party::cpu).collect(), parties: parties.to_vec() }
    }

    /// CPU time since the start, by party.
    pub(crate) fn stop(&self) -> Vec<(&'static str, Duration)> {
        let spent = |(party, before): (&Party, &Duration)| (party.name, party.cpu().saturating_sub(*before));
        self.parties.iter().zip(&self.before).map(spent).collect()
    }
}

struct Stat {
    parent: u32,
    own: u64,
    waited: u64,
}

impl Stat {
    /// `proc_pid_stat(5)`: the fields after the program's name, which may contain anything but the last parenthesis.
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(4)?).ok()?,
            own: number(14)? + number(15)?,
            waited: number(16)? + number(17)?,
        })
    }
}

/// The kernel counts in hundredths of a second on every Linux of today.
fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 10)
}

fn children(parent: u32) -> impl Iterator<Item = Stat> {
    child_ids(parent).into_iter().filter_map(Stat::of)
}

/// The ids of a process's children.
pub(crate) fn child_ids(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| Stat::of(*id).is_some_and(|stat| stat.parent == parent)).collect()
}

/// This program's own child whose command line has `port`, by itself or, as Redis writes its own, after an address;
/// 0 where there is none.
pub(crate) fn own_child(port: u16) -> u32 {
    let (port, after_address) = (port.to_string(), format!(":{port}"));
    let says = |id: &u32| {
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.any(|word| word == port.as_bytes() || word.ends_with(after_address.as_bytes()))
    };
    child_ids(std::process::id()).into_iter().find(says).unwrap_or(0)
}

fn status(id: u32, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// The processor, the kernel and the memory, in one line.
pub(crate) fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = processors.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let total: u64 = total.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    format!(
        "{cores} cores, {}, {} GiB, Linux {}",
        model.trim_start_matches([' ', '\t', ':']),
        total / 1024 / 1024,
        kernel.trim()
    )
}
