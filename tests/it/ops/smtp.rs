//! The SMTP server of the tests takes, secures and refuses as its tests ask.

use std::fs;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::support::certificates;
use crate::support::smtp::{Security, Smtp};

fn relay(server: &Smtp, security: Security) -> AsyncSmtpTransportBuilder {
    let authority = Certificate::from_pem(&fs::read(&certificates::localhost().authority).unwrap()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned()).add_root_certificate(authority).build().unwrap();
    let tls = match security {
        Security::Plain => Tls::None,
        Security::StartTls => Tls::Required(parameters),
        Security::Tls => Tls::Wrapper(parameters),
    };
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost").port(server.port()).tls(tls)
}

async fn send(relay: AsyncSmtpTransportBuilder, recipient: &str) -> Result<(), Error> {
    let message = Message::builder()
        .from("sender@example.org".parse().unwrap())
        .to(recipient.parse().unwrap())
        .subject("Hello")
        .body("the body".to_owned())
        .unwrap();
    relay.build().send(message).await.map(|_| ())
}

#[tokio::test]
async fn messages_arrive_with_and_without_tls() {
    for (security, secured) in [(Security::Plain, "no"), (Security::StartTls, "yes"), (Security::Tls, "yes")] {
        let server = Smtp::start(security);
        send(relay(&server, security), "mira@example.org").await.unwrap();
        let received = server.wait_for("mira@example.org").await;
        assert!(received.text.contains(&format!("X-Envelope-Tls: {secured}\r\n")), "{security:?}");
        assert!(received.text.contains("\r\n\r\nthe body"));
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_taken() {
    let other = certificates::issue("elsewhere", "DNS:elsewhere.example");
    assert!(fs::read_to_string(&other.chain).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(fs::read_to_string(&other.key).unwrap().contains("PRIVATE KEY"));
    let server = Smtp::start(Security::StartTls);
    let parameters = TlsParameters::builder("localhost".to_owned()).build().unwrap();
    let stranger = relay(&server, Security::StartTls).tls(Tls::Required(parameters));
    assert!(send(stranger, "mira@example.org").await.is_err());
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_login_is_required_where_it_is_asked_for() {
    let server = Smtp::start_with_login(Security::Tls, "service", "right");
    let login = |password: &str| Credentials::new("service".to_owned(), password.to_owned());
    assert!(send(relay(&server, Security::Tls), "mira@example.org").await.is_err());
    assert!(send(relay(&server, Security::Tls).credentials(login("wrong")), "mira@example.org").await.is_err());
    send(relay(&server, Security::Tls).credentials(login("right")), "mira@example.org").await.unwrap();
    assert!(server.wait_for("mira@example.org").await.text.contains("X-Envelope-Authenticated: yes"));
}

#[tokio::test]
async fn recipients_are_refused_as_their_names_say() {
    let server = Smtp::start(Security::Plain);
    let relay = || relay(&server, Security::Plain);
    assert!(send(relay(), "refuse-forever@example.org").await.unwrap_err().is_permanent());
    assert!(send(relay(), "refuse-data@example.org").await.unwrap_err().is_permanent());
    assert!(send(relay(), "refuse-temporarily+1@example.org").await.unwrap_err().is_transient());
    assert!(send(relay(), "refuse-once@example.org").await.unwrap_err().is_transient());
    send(relay(), "refuse-once@example.org").await.unwrap();
    assert!(send(relay(), "lost-answer@example.org").await.is_err());
    send(relay(), "lost-answer@example.org").await.unwrap();
    send(relay(), "slow@example.org").await.unwrap();
    // The transport's own timeout ends with the connection: a silent server holds a command for good.
    let silent = tokio::time::timeout(Duration::from_millis(500), send(relay(), "hang@example.org"));
    assert!(silent.await.is_err());
    assert_eq!(server.received().len(), 4);
}
