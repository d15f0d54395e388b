//! SMTP when the relay, the network or the settings fail.

use std::fs;
use std::time::{Duration, Instant};

use identity::adapters::messenger::smtp::{Login, Smtp, SmtpOptionFault};
use identity::domain::message::Handover;
use identity::ports::messenger::Messenger;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::scripted::Scripted;
use super::smtp::options;
use super::{accepted, envelope};
use crate::support::certificates;
use crate::support::port::Port;
use crate::support::proxy::{Fault, Proxy};
use crate::support::smtp::{Security as Server, Smtp as Sink};

#[tokio::test]
async fn a_relay_that_is_slow_beyond_the_limit_is_left() {
    let sink = Sink::start(Server::Plain);
    let mut options = options(Server::Plain, sink.port());
    options.time_limit = Duration::from_secs(1);
    let smtp = Smtp::new(options).unwrap();
    let late = Handover::Deferred { reason: "PROVIDER_TIMED_OUT" };
    for to in ["hang@example.com", "slow@example.com"] {
        let start = Instant::now();
        assert_eq!(smtp.hand_over(&envelope(to)).await, late);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    // What was cut off leaves nothing behind for the next: no half-sent message, no answer that is not its own.
    let next = [envelope("refuse-forever@example.com"), envelope("ada@example.com")];
    assert_eq!(smtp.hand_over(&next[0]).await, Handover::Refused { reason: "RECIPIENT_REFUSED" });
    assert!(accepted(&smtp.hand_over(&next[1]).await));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let received = sink.received();
    assert_eq!(received.len(), 1);
    assert!(received[0].text.contains(&next[1].message_id.to_string()));
}

#[tokio::test]
async fn a_relay_that_is_not_there_or_says_nothing_puts_off() {
    let port = Port::free();
    let nobody = Smtp::new(options(Server::Plain, port.number())).unwrap();
    let handover = nobody.hand_over(&envelope("ada@example.com")).await;
    assert_eq!(handover, Handover::Deferred { reason: "PROVIDER_UNREACHABLE" });

    let sink = Sink::start(Server::Tls);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", sink.port())).await;
    let mut options = options(Server::Tls, proxy.address().port());
    options.time_limit = Duration::from_secs(1);
    let smtp = Smtp::new(options).unwrap();
    proxy.set(Fault::Swallow);
    let handover = smtp.hand_over(&envelope("ada@example.com")).await;
    assert_eq!(handover, Handover::Deferred { reason: "PROVIDER_TIMED_OUT" });
    proxy.set(Fault::CutAfter(10));
    assert!(matches!(smtp.hand_over(&envelope("ada@example.com")).await, Handover::Deferred { .. }));
    assert!(sink.received().is_empty());
    proxy.set(Fault::None);
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
}

/// Nothing is sent to a relay that is not the one in the settings.
#[tokio::test]
async fn a_certificate_of_another_name_or_authority_is_not_taken() {
    let refused = Handover::Misconfigured { reason: "CERTIFICATE_REFUSED" };
    for server in [Server::StartTls, Server::Tls] {
        let elsewhere = certificates::issue("relay-elsewhere", "DNS:elsewhere.example");
        let other_name = Sink::start_with_certificate(server, &elsewhere);
        let sink = Sink::start(server);
        let mut other_authority = options(server, sink.port());
        other_authority.authorities = Some(fs::read(&elsewhere.chain).unwrap());
        let mut public = options(server, sink.port());
        public.authorities = None;
        for options in [options(server, other_name.port()), other_authority, public] {
            match Smtp::new(options) {
                Ok(smtp) => assert_eq!(smtp.hand_over(&envelope("ada@example.com")).await, refused, "{server:?}"),
                Err(fault) => assert!(matches!(fault, SmtpOptionFault::Tls(_)), "a machine without public authorities"),
            }
        }
        assert!(sink.received().is_empty() && other_name.received().is_empty());
    }
}

/// A relay, or someone between, that offers no STARTTLS gets nothing.
#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let sink = Sink::start(Server::Plain);
    let smtp = Smtp::new(options(Server::StartTls, sink.port())).unwrap();
    let handover = smtp.hand_over(&envelope("ada@example.com")).await;
    assert_eq!(handover, Handover::Misconfigured { reason: "STARTTLS_MISSING" });
    assert!(sink.received().is_empty());
}

/// Whoever sits on the wire slips an answer in clear behind the one to STARTTLS: it does not count as one under TLS.
#[tokio::test]
async fn no_answer_in_clear_is_taken_for_one_under_tls() {
    let sink = Sink::start(Server::StartTls);
    let proxy = slip_in(sink.port(), b"250-relay.test\r\n250 SIZE 1000000\r\n").await;
    let handover = Smtp::new(options(Server::StartTls, proxy)).unwrap().hand_over(&envelope("ada@example.com")).await;
    assert_eq!(handover, Handover::Deferred { reason: "PROVIDER_UNREACHABLE" });
    assert!(sink.received().is_empty());
    let honest = slip_in(sink.port(), b"").await;
    let smtp = Smtp::new(options(Server::StartTls, honest)).unwrap();
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
}

/// A proxy for one connection that adds `more` to the second answer that begins with 220; its port.
async fn slip_in(port: u16, more: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        let mut relay = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (mut said, mut asked, mut ready) = ([0; 4096], [0; 4096], 0);
        loop {
            let (mut bytes, to) = tokio::select! {
                read = relay.read(&mut said) => (said[..read.unwrap()].to_vec(), &mut caller),
                read = caller.read(&mut asked) => (asked[..read.unwrap()].to_vec(), &mut relay),
            };
            if bytes.starts_with(b"220 ") {
                ready += 1;
                if ready == 2 {
                    bytes.extend_from_slice(more);
                }
            }
            if bytes.is_empty() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    own
}

/// Answers that no library's server gives: what each means for the message.
#[tokio::test]
async fn each_answer_has_its_meaning() {
    let misconfigured = |reason| Handover::Misconfigured { reason };
    for (script, handover) in [
        (vec![("", "554 5.3.2 go away")], misconfigured("CONNECTION_REFUSED")),
        (vec![("", "421 4.3.2 too many")], Handover::Deferred { reason: "PROVIDER_BUSY" }),
        (vec![("", "hello?")], Handover::Deferred { reason: "PROVIDER_UNREACHABLE" }),
        (vec![("EHLO", "550 5.7.1 no")], misconfigured("CONNECTION_REFUSED")),
        (vec![("MAIL", "550 5.7.1 not as you")], misconfigured("SENDER_REFUSED")),
        (vec![("MAIL", "530 5.7.0 login first")], misconfigured("LOGIN_REFUSED")),
        (vec![("MAIL", "452 4.3.1 full")], Handover::Deferred { reason: "PROVIDER_BUSY" }),
        (vec![("RCPT", "503 5.5.1 not now")], misconfigured("COMMAND_REFUSED")),
        (vec![("RCPT", "530 5.7.0 login first")], misconfigured("LOGIN_REFUSED")),
        (vec![("RCPT", "552 5.2.2 full")], Handover::Refused { reason: "RECIPIENT_REFUSED" }),
        (vec![("DATA", "554 5.6.0 no")], Handover::Refused { reason: "MESSAGE_REFUSED" }),
        (vec![(".", "451 4.7.1 greylisted")], Handover::Deferred { reason: "PROVIDER_BUSY" }),
    ] {
        let relay = Scripted::start(&script).await;
        let smtp = Smtp::new(options(Server::Plain, relay.port)).unwrap();
        assert_eq!(smtp.hand_over(&envelope("ada@example.com")).await, handover, "{script:?}");
    }
}

/// A login that the relay does not offer is not sent, and no message without it.
#[tokio::test]
async fn a_login_that_is_not_offered_is_told() {
    let relay = Scripted::start(&[]).await;
    let mut options = options(Server::Plain, relay.port);
    options.login = Some(Login { username: "service".to_owned(), password: "secret".into() });
    let handover = Smtp::new(options).unwrap().hand_over(&envelope("ada@example.com")).await;
    assert_eq!(handover, Handover::Misconfigured { reason: "LOGIN_UNSUPPORTED" });
    assert!(!relay.heard().contains("AUTH"));
}

/// An address outside ASCII needs a relay that says it takes such (RFC 6531).
#[tokio::test]
async fn an_address_that_the_relay_cannot_take_is_refused_and_the_next_is_sent() {
    let relay = Scripted::start(&[]).await;
    let smtp = Smtp::new(options(Server::Plain, relay.port)).unwrap();
    let handover = smtp.hand_over(&envelope("åsa@example.com")).await;
    assert_eq!(handover, Handover::Refused { reason: "ADDRESS_NOT_SUPPORTED" });
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    assert!(!relay.heard().contains("SMTPUTF8"));
}

/// After 421 the relay hangs up, so the connection is not kept.
#[tokio::test]
async fn a_connection_that_the_relay_ends_is_not_kept() {
    let relay = Scripted::start(&[("RCPT TO:<busy@", "421 4.3.2 closing")]).await;
    let smtp = Smtp::new(options(Server::Plain, relay.port)).unwrap();
    let handover = smtp.hand_over(&envelope("busy@example.com")).await;
    assert_eq!(handover, Handover::Deferred { reason: "PROVIDER_BUSY" });
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    // Each connection says it twice: as lettre does, and to learn what lettre does not keep.
    assert_eq!(relay.heard().matches("EHLO example.org\r\n").count(), 4);
}

/// Where the relay offers it, everything up to DATA goes at once, and each answer is still taken for its own command.
#[tokio::test]
async fn a_group_of_commands_is_answered_one_by_one() {
    const OFFER: (&str, &str) = ("EHLO", "250-relay.test\r\n250 PIPELINING");
    let group = "MAIL FROM:<no-reply@example.org>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n";
    let relay =
        Scripted::start(&[OFFER, ("RCPT TO:<gone@", "550 5.1.1 unknown"), ("RCPT TO:<busy@", "421 closing")]).await;
    let smtp = Smtp::new(options(Server::Plain, relay.port)).unwrap();
    for _ in 0..2 {
        assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    }
    assert_eq!(relay.heard().matches(group).count(), 2);
    assert_eq!(relay.heard().matches("EHLO").count(), 2, "one connection");
    // This relay asks for the message although nobody is to get it: the connection is given up, and nothing is sent.
    let gone = smtp.hand_over(&envelope("gone@example.com")).await;
    assert_eq!(gone, Handover::Refused { reason: "RECIPIENT_REFUSED" });
    assert!(accepted(&smtp.hand_over(&envelope("ada@example.com")).await));
    assert_eq!(relay.heard().matches("EHLO").count(), 4, "a second connection");
    let busy = smtp.hand_over(&envelope("busy@example.com")).await;
    assert_eq!(busy, Handover::Deferred { reason: "PROVIDER_BUSY" });
    assert_eq!(relay.heard().matches("\r\n.\r\n").count(), 3);

    let relay =
        Scripted::start(&[OFFER, ("MAIL", "550 5.7.1 not from you"), ("RCPT", "503 no"), ("DATA", "503 no")]).await;
    let smtp = Smtp::new(options(Server::Plain, relay.port)).unwrap();
    for _ in 0..2 {
        let refused = smtp.hand_over(&envelope("ada@example.com")).await;
        assert_eq!(refused, Handover::Misconfigured { reason: "SENDER_REFUSED" });
    }
    assert_eq!(relay.heard().matches("EHLO").count(), 2, "it stays in step");
}

/// A line without an end is not kept until memory ends: the connection counts as broken, long before the time is over.
#[tokio::test]
async fn an_answer_without_an_end_is_a_broken_connection() {
    let unreachable = Handover::Deferred { reason: "PROVIDER_UNREACHABLE" };
    for (line, handover) in [
        ("", unreachable.clone()),
        ("EHLO", unreachable),
        ("MAIL", Handover::Deferred { reason: "CONNECTION_LOST" }),
        (".", Handover::Unanswered { reason: "ANSWER_LOST" }),
    ] {
        let script = [(line, "ENDLESS")];
        for server in [Server::Plain, Server::StartTls, Server::Tls] {
            let relay = match server {
                Server::Tls => Scripted::start_with_tls(&script).await,
                Server::StartTls if line == "MAIL" || line == "." => continue,
                Server::Plain | Server::StartTls => Scripted::start(&script).await,
            };
            let mut options = options(server, relay.port);
            options.time_limit = Duration::from_secs(20);
            let start = Instant::now();
            assert_eq!(
                Smtp::new(options).unwrap().hand_over(&envelope("ada@example.com")).await,
                handover,
                "{server:?} {line}"
            );
            assert!(start.elapsed() < Duration::from_secs(5), "{server:?} {line}: {:?}", start.elapsed());
        }
    }
}
