//! The funnel on its way out: a bounded queue, and one writer behind it that appends to a file and tells a collector.

use crate::{
    domain::funnel::{FunnelEvent, Step},
    ports::analytics::Analytics,
    telemetry::{EventLog, metrics::ANALYTICS_EVENTS},
};
use rustix::{
    fs::{OFlags, fcntl_setfl},
    io::Errno,
};
use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

/// Events that may wait for the writer; what is beyond is lost and counted.
const PLACES: usize = 8192;

/// Events that are written at once.
const BATCH: usize = 1024;

/// How long the writer collects before it writes.
const PAUSE: Duration = Duration::from_millis(200);

/// Columns of the metric.
const WRITTEN: usize = 0;
const QUEUE_FULL: usize = 1;
const FILE_FAILED: usize = 2;
const COLLECTOR_FAILED: usize = 3;

/// Takes events for the writer. Clones are the same queue.
#[derive(Clone, Debug)]
pub struct AnalyticsQueue(mpsc::Sender<FunnelEvent>);

impl Analytics for AnalyticsQueue {
    fn note(&self, event: FunnelEvent) {
        if let Err(mpsc::error::TrySendError::Full(event) | mpsc::error::TrySendError::Closed(event)) =
            self.0.try_send(event)
        {
            count(&event, QUEUE_FULL);
        }
    }
}

/// Where events go.
#[derive(Debug, Default)]
pub struct Sinks {
    /// A file that takes one JSON object a line. It is opened anew for each batch, so that it may be moved away at any
    /// time.
    pub file: Option<PathBuf>,
    /// A collector that takes them as logs.
    pub collector: Option<EventLog>,
}

/// Writes what is in the queue.
#[derive(Debug)]
pub struct AnalyticsWriter {
    queue: mpsc::Receiver<FunnelEvent>,
    file: Option<Arc<PathBuf>>,
    collector: Option<Arc<EventLog>>,
    failing: bool,
}

/// A queue, and its writer. The file is opened once, so that one that cannot be written is found out at the start.
///
/// # Errors
/// Where the file cannot be opened or made.
pub fn open(sinks: Sinks) -> io::Result<(AnalyticsQueue, AnalyticsWriter)> {
    if let Some(file) = &sinks.file {
        append(file, b"")?;
    }
    let (sender, queue) = mpsc::channel(PLACES);
    let (file, collector) = (sinks.file.map(Arc::new), sinks.collector.map(Arc::new));
    Ok((AnalyticsQueue(sender), AnalyticsWriter { queue, file, collector, failing: false }))
}

impl AnalyticsWriter {
    /// Writes until it is told to stop, and then what is left.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let stopped = stop.run_until_cancelled(self.queue.recv_many(&mut batch, BATCH)).await.is_none();
            if !stopped {
                stop.run_until_cancelled(sleep(PAUSE)).await;
            }
            while batch.len() < BATCH
                && let Ok(event) = self.queue.try_recv()
            {
                batch.push(event);
            }
            if batch.is_empty() {
                break;
            }
            self.write(Arc::new(std::mem::take(&mut batch))).await;
        }
        if let Some(collector) = self.collector {
            let _ = spawn_blocking(move || collector.shut_down()).await;
        }
    }

    /// Writes to both at once, so that one that is slow does not hold the other up for longer than itself.
    async fn write(&mut self, batch: Arc<Vec<FunnelEvent>>) {
        let (in_file, in_collector) = (Arc::clone(&batch), Arc::clone(&batch));
        let (file, collector) = (self.file.clone(), self.collector.clone());
        let to_file = spawn_blocking(move || file.is_none_or(|file| append_all(&file, &in_file)));
        let to_collector = spawn_blocking(move || collector.is_none_or(|collector| tell(&collector, &in_collector)));
        let (to_file, to_collector) = tokio::join!(to_file, to_collector);
        let (file, collector) = (to_file.unwrap_or(false), to_collector.unwrap_or(false));
        for event in batch.iter() {
            if file && collector {
                count(event, WRITTEN);
            }
            if !file {
                count(event, FILE_FAILED);
            }
            if !collector {
                count(event, COLLECTOR_FAILED);
            }
        }
        let failing = !(file && collector);
        if failing && !self.failing {
            tracing::warn!(
                file,
                collector,
                events = batch.len(),
                "events of the funnel are lost: a sink does not take them"
            );
        } else if self.failing && !failing {
            tracing::info!("events of the funnel are written again");
        }
        self.failing = failing;
    }
}

fn append_all(file: &Path, batch: &[FunnelEvent]) -> bool {
    let mut lines = Vec::with_capacity(batch.len() * 300);
    for event in batch {
        if serde_json::to_writer(&mut lines, event).is_err() {
            return false;
        }
        lines.push(b'\n');
    }
    append(file, &lines).is_ok()
}

/// Appends whole lines by one write, so that several processes may share the file. A pipe that nobody reads is broken, and is not
/// waited for.
fn append(file: &Path, lines: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o640).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut file = options.open(file).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NXIO) => io::ErrorKind::BrokenPipe.into(),
        _ => error,
    })?;
    fcntl_setfl(&file, OFlags::APPEND)?;
    file.write_all(lines)
}

fn tell(collector: &EventLog, batch: &[FunnelEvent]) -> bool {
    for event in batch {
        let FunnelEvent {
            event: name,
            version,
            time,
            challenge,
            channel,
            purpose,
            client_id,
            language,
            outcome,
            provider,
            elapsed,
        } = event;
        collector.emit(
            name,
            time,
            i64::from(*version),
            &[
                ("challenge", challenge),
                ("channel", channel),
                ("purpose", purpose),
                ("client_id", client_id),
                ("language", language),
                ("outcome", outcome),
                ("provider", provider),
                ("elapsed", elapsed),
            ],
        );
    }
    collector.flush()
}

fn count(event: &FunnelEvent, column: usize) {
    let row = Step::ALL.iter().position(|step| step.as_str() == event.event);
    ANALYTICS_EVENTS.add(row.unwrap_or(usize::MAX), column);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::ChallengeId, secret::secret32, time::Timestamp};
    use std::fs;
    use uuid::Uuid;

    fn event(nth: u128) -> FunnelEvent {
        let id = ChallengeId::new(Uuid::from_u128(nth));
        FunnelEvent::new(Step::Requested, id, &secret32([1; 32]), Timestamp::from_seconds(0), "sent")
    }

    /// Whoever writes nothing holds nobody up: what is beyond the queue is lost at once.
    #[tokio::test]
    async fn a_full_queue_loses_events_and_takes_no_time() {
        let (queue, writer) = open(Sinks::default()).unwrap();
        for nth in 0..PLACES as u128 + 100 {
            queue.note(event(nth));
        }
        assert_eq!(writer.queue.len(), PLACES);
        drop(writer);
        queue.note(event(0));
    }

    #[tokio::test]
    async fn a_file_takes_a_line_for_each_and_may_be_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("funnel.jsonl");
        let (queue, mut writer) = open(Sinks { file: Some(file.clone()), collector: None }).unwrap();
        let lines = |path: &Path| fs::read_to_string(path).unwrap_or_default().lines().count();
        writer.write(Arc::new(vec![event(1), event(2)])).await;
        fs::rename(&file, folder.path().join("old")).unwrap();
        writer.write(Arc::new(vec![event(3)])).await;
        assert_eq!((lines(&folder.path().join("old")), lines(&file)), (2, 1));

        // What is left when it is time to stop is written first.
        (0..3000).for_each(|nth| queue.note(event(nth)));
        let stop = CancellationToken::new();
        stop.cancel();
        writer.run(stop).await;
        assert_eq!(lines(&file), 3001);
        let gone = Sinks { file: Some(folder.path().join("none/funnel.jsonl")), collector: None };
        assert!(open(gone).is_err());
    }
}
