//! Codes on their way from the server to whoever waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::sync::oneshot;

/// Who waits for a code, by address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox {
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<String>>>>,
    received: Arc<AtomicU64>,
    closed: Arc<AtomicBool>,
}

/// A code that is on its way.
pub(crate) struct Expected(oneshot::Receiver<String>);

impl Inbox {
    /// From now on the next code to `address` goes to the caller.
    pub(crate) fn expect(&self, address: &str) -> Expected {
        let (send, receive) = oneshot::channel();
        self.waiting.lock().unwrap().insert(address.to_owned(), send);
        Expected(receive)
    }

    /// How many messages have been received.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Waits until nothing arrives any more that was asked for.
    pub(crate) async fn caught_up(&self, patience: Duration) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut before = self.received();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.received();
            if now == before {
                return Ok(());
            }
            ensure!(begin.elapsed() < patience, "messages do not stop arriving");
            before = now;
        }
    }

    /// From now on the mail server takes nothing.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// From now on it takes everything again.
    pub(crate) fn open(&self) {
        self.closed.store(false, Ordering::Relaxed);
    }

    /// Whether the mail server takes nothing.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes a message as it was received. One that nobody waits for is thrown away.
    pub(crate) fn deliver(&self, message: &[u8]) {
        self.received.fetch_add(1, Ordering::Relaxed);
        let Some((address, code)) = read(message) else { return };
        if let Some(waiting) = self.waiting.lock().unwrap().remove(address) {
            let _ = waiting.send(code.to_owned());
        }
    }
}

impl Expected {
    /// The code; an error where it does not come within ten seconds.
    pub(crate) async fn code(self) -> anyhow::Result<String> {
        let code = tokio::time::timeout(Duration::from_secs(10), self.0).await;
        code.context("no code came within ten seconds")?.context("another code to the same address was awaited")
    }
}

/// The recipient, and the code: the line of the text part that begins with six digits.
fn read(message: &[u8]) -> Option<(&str, &str)> {
    let message = std::str::from_utf8(message).ok()?;
    let (head, body) = message.split_once("\r\n\r\n")?;
    let to = head.lines().find_map(|line| line.strip_prefix("To: "))?;
    let address = to.rsplit_once('<').map_or(to, |(_, address)| address.trim_end_matches('>'));
    let code = body.split("\r\n").find_map(|line| {
        let digits = line.find(|character: char| !character.is_ascii_digit()).unwrap_or(line.len());
        (digits == 6 && line[digits..].starts_with(" is your")).then(|| &line[..digits])
    })?;
    Some((address.trim(), code))
}
