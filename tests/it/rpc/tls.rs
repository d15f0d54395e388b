//! The listeners behind TLS: HTTP/2 and HTTP/1.1 by ALPN, and nothing in clear.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use identity::grpc::proto::GetJwksRequest;
use identity::grpc::proto::token_service_client::TokenServiceClient;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Endpoint, Uri};
use tower::service_fn;

use crate::support::certificates;
use crate::support::settings::write_secret;
use crate::support::world::{Store, World};

/// A service behind TLS.
async fn secured() -> World {
    World::with(Store::Sqlite, |settings| {
        let (certificate, folder) = (certificates::localhost(), settings.folder().join("tls"));
        write_secret(&folder.join("key.pem"), &fs::read_to_string(&certificate.key).unwrap());
        settings.set("listen.tls", "files");
        settings.set("listen.certificate_file", certificate.chain.to_str().unwrap());
        settings.set("listen.key_file", "tls/key.pem");
        settings.set("listen.handshake_timeout", "1s");
    })
    .await
}

/// A connection by TLS that offers these protocols.
async fn connect(address: SocketAddr, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificates::localhost().authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn calls_and_pages_go_through_tls() {
    let world = secured().await;
    let addresses = world.server.addresses();
    let connector = service_fn(move |_: Uri| async move {
        Ok::<_, std::io::Error>(TokioIo::new(connect(addresses.grpc, &["h2"]).await))
    });
    let channel = Endpoint::from_static("http://localhost").connect_with_connector(connector).await.unwrap();
    let keys = TokenServiceClient::new(channel).get_jwks(GetJwksRequest {}).await.unwrap();
    assert_eq!(keys.into_inner().keys.len(), 1);

    for (offered, chosen) in [(&["h2", "http/1.1"][..], &b"h2"[..]), (&["http/1.1"], b"http/1.1")] {
        let stream = connect(addresses.http, offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen));
    }
    for protocols in [&["http/1.1"][..], &[]] {
        let mut stream = connect(addresses.http, protocols).await;
        let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn nothing_is_answered_in_clear() {
    let world = secured().await;
    let addresses = world.server.addresses();
    for address in [addresses.grpc, addresses.http, addresses.admin] {
        for beginning in
            [&b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""]
        {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginning).await.unwrap();
            let mut heard = Vec::new();
            // Closed or reset in time, at most with an alert.
            let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut heard)).await;
            assert!(end.is_ok() && !heard.starts_with(b"HTTP") && heard.len() < 16, "{heard:?}");
        }
    }
}
