//! Email over SMTP, through a relay (RFC 5321, RFC 6409).

mod connection;
mod encrypted;
mod lockstep;
mod options;
mod pool;
mod reply;

pub use options::{Login, Security, SmtpOptionFault, SmtpOptions};

use super::mime;
use crate::{
    domain::message::{Envelope, Handover},
    ports::messenger::Messenger,
};
use async_trait::async_trait;
use connection::{Connection, Dial};
use lettre::Message;
use pool::Pool;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

/// Hands messages to a relay over connections that are kept for a while.
pub struct Smtp {
    sender: mime::Sender,
    dial: Dial,
    pool: Arc<Pool>,
    time_limit: Duration,
}

impl Smtp {
    /// A messenger for the relay. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the options contradict each other or a certificate cannot be read.
    pub fn new(options: SmtpOptions) -> Result<Self, SmtpOptionFault> {
        let pool = Pool::new(options.idle_timeout, options.max_idle);
        let (sender, time_limit) = (options.sender.clone(), options.time_limit);
        Ok(Self { sender, dial: options.dial()?, pool, time_limit })
    }

    /// A kept connection, or a fresh one; and whether it is taken to answer still without having been asked.
    async fn connection(&self) -> Result<(Connection, bool), Handover> {
        if let Some((mut kept, rested_briefly)) = self.pool.take() {
            let unasked = rested_briefly && kept.is_clean();
            if unasked || kept.answers().await {
                return Ok((kept, unasked));
            }
            // The relay has hung up on it, and so most likely on the others.
            self.pool.clear();
        }
        Ok((Connection::open(&self.dial).await?, false))
    }

    async fn send(&self, message: &Message, under_way: &AtomicBool) -> Handover {
        loop {
            let (mut connection, unasked) = match self.connection().await {
                Ok(found) => found,
                Err(handover) => return handover,
            };
            let handover = connection.send(self.sender.address(), message, under_way).await;
            if unasked && connection.was_gone() {
                self.pool.clear();
                continue;
            }
            if connection.is_in_step() {
                self.pool.put(connection);
            }
            return handover;
        }
    }
}

#[async_trait]
impl Messenger for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    async fn hand_over(&self, envelope: &Envelope) -> Handover {
        let Ok(message) = mime::message(&self.sender, envelope) else {
            return Handover::Refused { reason: "ADDRESS_UNUSABLE" };
        };
        let under_way = AtomicBool::new(false);
        // What is cut off here drops its connection with it, in whatever state that is.
        let handover = timeout(self.time_limit, self.send(&message, &under_way)).await;
        handover.unwrap_or_else(|_| {
            let reason = "PROVIDER_TIMED_OUT";
            if under_way.load(Ordering::Relaxed) {
                Handover::Unanswered { reason }
            } else {
                Handover::Deferred { reason }
            }
        })
    }
}
