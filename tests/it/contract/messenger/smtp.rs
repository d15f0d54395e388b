//! SMTP: the contract over each way to secure it, against a real server.

use std::fs;
use std::time::Duration;

use identity::adapters::messenger::smtp::{Login, Security, Smtp, SmtpOptions};
use identity::domain::message::Handover;
use identity::ports::messenger::Messenger;

use super::{Subject, accepted, envelope, holds, sender};
use crate::support::certificates;
use crate::support::proxy::{Fault, Proxy};
use crate::support::smtp::{Security as Server, Smtp as Sink};

pub(super) struct Relay {
    pub(super) sink: Sink,
    pub(super) smtp: Smtp,
}

/// Options for the server of the tests at `port`.
pub(super) fn options(server: Server, port: u16) -> SmtpOptions {
    let security = match server {
        Server::Plain => Security::PlainOnLoopback,
        Server::StartTls => Security::StartTls,
        Server::Tls => Security::Tls,
    };
    let mut options = SmtpOptions::new("localhost".to_owned(), sender());
    options.port = port;
    options.security = security;
    if server != Server::Plain {
        options.authorities = Some(fs::read(&certificates::localhost().authority).unwrap());
    }
    options.time_limit = Duration::from_secs(5);
    options
}

impl Relay {
    fn fresh(server: Server) -> Self {
        let sink = Sink::start(server);
        let smtp = Smtp::new(options(server, sink.port())).unwrap();
        Self { sink, smtp }
    }
}

impl Subject for Relay {
    fn messenger(&self) -> &dyn Messenger {
        &self.smtp
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        self.sink.received().into_iter().map(|message| message.text.into_bytes()).collect()
    }
}

#[tokio::test]
async fn plain_smtp_keeps_the_contract() {
    holds(async || Relay::fresh(Server::Plain)).await;
}

#[tokio::test]
async fn starttls_keeps_the_contract() {
    holds(async || Relay::fresh(Server::StartTls)).await;
}

#[tokio::test]
async fn smtp_over_tls_keeps_the_contract() {
    holds(async || Relay::fresh(Server::Tls)).await;
}

#[tokio::test]
async fn a_login_is_used_over_tls() {
    for server in [Server::StartTls, Server::Tls] {
        let sink = Sink::start_with_login(server, "service", "right");
        let with = |login: Option<&str>| {
            let mut options = options(server, sink.port());
            options.login =
                login.map(|password| Login { username: "service".to_owned(), password: password.to_owned().into() });
            Smtp::new(options).unwrap()
        };
        let refused = Handover::Misconfigured { reason: "LOGIN_REFUSED" };
        assert_eq!(with(Some("wrong")).hand_over(&envelope("ada@example.com")).await, refused);
        assert_eq!(with(None).hand_over(&envelope("ada@example.com")).await, refused);
        assert!(accepted(&with(Some("right")).hand_over(&envelope("ada@example.com")).await));
        let received = sink.received();
        assert_eq!(received.len(), 1);
        assert!(received[0].text.contains("X-Envelope-Authenticated: yes"));
    }
}

#[tokio::test]
async fn refusals_for_good_and_for_now_are_told_apart() {
    let relay = Relay::fresh(Server::Plain);
    let hand_over = async |to: &str| relay.smtp.hand_over(&envelope(to)).await;
    for (to, handover) in [
        ("refuse-forever@example.com", Handover::Refused { reason: "RECIPIENT_REFUSED" }),
        ("refuse-data@example.com", Handover::Refused { reason: "MESSAGE_REFUSED" }),
        ("refuse-temporarily@example.com", Handover::Deferred { reason: "PROVIDER_BUSY" }),
        ("refuse-once@example.com", Handover::Deferred { reason: "PROVIDER_BUSY" }),
        ("lost-answer@example.com", Handover::Unanswered { reason: "ANSWER_LOST" }),
    ] {
        assert_eq!(hand_over(to).await, handover, "{to}");
    }
    assert!(accepted(&hand_over("refuse-once@example.com").await));
    assert!(accepted(&hand_over("slow@example.com").await));
    assert!(accepted(&hand_over("ada@example.com").await));
}

#[tokio::test]
async fn connections_are_kept_also_after_a_refusal_and_closed_when_unused() {
    let sink = Sink::start(Server::Plain);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", sink.port())).await;
    let mut options = options(Server::Plain, proxy.address().port());
    options.idle_timeout = Duration::from_millis(300);
    let smtp = Smtp::new(options).unwrap();
    for to in ["ada@example.com", "refuse-forever@example.com", "refuse-data@example.com", "ada@example.com"] {
        smtp.hand_over(&envelope(to)).await;
    }
    assert_eq!((proxy.accepted(), sink.received().len()), (1, 2));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_message() {
    let sink = Sink::start(Server::Plain);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", sink.port())).await;
    let smtp = Smtp::new(options(Server::Plain, proxy.address().port())).unwrap();
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    proxy.set(Fault::Refuse);
    tokio::time::sleep(Duration::from_millis(100)).await;
    proxy.set(Fault::None);
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    assert_eq!((proxy.accepted(), sink.received().len()), (2, 2));
}
