//! A PostgreSQL that is there, and with which no private connection is to be had: that it is away is no help.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::certificates::{self, Certificate};
use crate::support::run;
use crate::support::settings::Settings;

/// Answers the request for TLS as PostgreSQL does: with `S` and a handshake, or with what else it says.
async fn serve(listener: TcpListener, answer: &'static [u8], certificate: Certificate) {
    let chain = CertificateDer::from_pem_file(&certificate.chain).unwrap();
    let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![chain], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        if stream.read_exact(&mut request).await.is_err() || stream.write_all(answer).await.is_err() {
            continue;
        }
        if answer == b"S" {
            // Who does not take the certificate hangs up.
            let _ = acceptor.accept(stream).await;
        }
    }
}

/// What `identity migrate` says of it.
async fn told(answer: &'static [u8], shown: &Certificate, trusted: Option<&Certificate>) -> String {
    let folder = run::folder("handshakes");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = Settings::new(folder.path());
    settings.section("limiter.memory");
    settings.set("store.postgres.host", "localhost");
    settings.set("store.postgres.port", i64::from(listener.local_addr().unwrap().port()));
    settings.set("store.postgres.database", "people");
    settings.set("store.postgres.user", "identity");
    if let Some(trusted) = trusted {
        settings.set("store.postgres.ca_file", trusted.authority.to_str().unwrap());
    }
    let serving = tokio::spawn(serve(listener, answer, shown.clone()));
    let file = settings.file();
    let command = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_identity"));
        command.args(["migrate", "--config"]).arg(file).output().unwrap()
    };
    let ended = tokio::task::spawn_blocking(command).await.unwrap();
    serving.abort();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(69), "{told}");
    told
}

#[tokio::test]
async fn a_certificate_of_postgres_that_does_not_hold_is_told_as_such() {
    let (localhost, elsewhere) = (certificates::localhost(), certificates::issue("elsewhere", "DNS:elsewhere.example"));
    for (shown, trusted) in [(localhost, None), (&elsewhere, Some(localhost))] {
        let told = told(b"S", shown, trusted).await;
        for words in ["PostgreSQL at localhost", "its certificate does not hold", "`store.postgres.ca_file`"] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(!told.contains("is it running"), "{told}");
    }
    let told = told(b"N", localhost, Some(localhost)).await;
    assert!(told.contains("does not support TLS") && told.contains("`store.postgres.tls`"), "{told}");
}

/// A file that only says that it holds certificates is found out before anything is connected to.
#[test]
fn authorities_that_are_none_are_told_by_key() {
    let folder = run::folder("authorities");
    let broken = folder.path().join("ca.pem");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let mut settings = Settings::new(folder.path());
    let named = broken.to_str().unwrap();
    for (key, value) in [("host", "db.internal"), ("database", "people"), ("user", "identity"), ("ca_file", named)] {
        settings.set(&format!("store.postgres.{key}"), value);
    }
    settings.set("limiter.redis.address", "cache.internal:6379");
    settings.set("limiter.redis.ca_file", named);
    settings.set("telemetry.otlp_endpoint", "https://collector.internal:4317");
    settings.set("telemetry.otlp_ca_file", named);
    let file = settings.file();
    for command in ["check-config", "serve"] {
        let output = crate::support::world::identity(&[command, "--config", file.to_str().unwrap()]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{told}");
        for key in ["store.postgres.ca_file", "limiter.redis.ca_file", "telemetry.otlp_ca_file"] {
            assert!(
                told.contains(&format!("{named}: {key}: holds what is no certificate; name a file")),
                "{key}: {told}"
            );
        }
    }
}
