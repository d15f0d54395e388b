//! The process: its signals, what it hides, and what it reads again while it runs.

use std::fs;
use std::io::{PipeWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::grpc::proto::GetUserRequest;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::Signal;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Code;

use crate::support::client::{Client, operator};
use crate::support::logs::Log;
use crate::support::mail::Mailbox;
use crate::support::server::{Addresses, Server};
use crate::support::service::Service;
use crate::support::settings::{Settings, write_secret};
use crate::support::world::{Store, World};
use crate::support::{certificates, http, run, wait};

/// The first line of the log that says so.
async fn logged(server: &Server, words: &str) -> String {
    wait::until(words, Duration::from_secs(8), async || server.log().lines_with(words).into_iter().next()).await
}

/// A100: no core, and no secret in what `/proc` shows of the process.
#[tokio::test]
async fn a100_the_process_leaves_no_core_and_shows_no_secret() {
    let mut server = Server::embedded().await;
    let process = Path::new("/proc").join(server.process().child().id().to_string());
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    let mut secrets = Vec::new();
    for name in ["peppers/1", "sealing/1", "refresh/1", "index-key", "admin-token"] {
        secrets.push(fs::read_to_string(server.folder().join("data/secrets").join(name)).unwrap());
    }
    for shown in ["cmdline", "environ"] {
        let shown = fs::read(process.join(shown)).unwrap();
        let shown = String::from_utf8_lossy(&shown);
        assert!(secrets.iter().all(|secret| !shown.contains(secret.trim())));
    }
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_end() {
    let mut server = Server::embedded().await;
    let idle = server.client().await;
    idle.send_otp("mira@example.org").await.unwrap();
    let mut silent = TcpStream::connect(server.addresses().grpc).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    let start = Instant::now();
    assert_eq!(server.terminate().await.code(), Some(0), "{}", server.log().text());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Writes until whoever writes more has to wait.
fn fill(mut pipe: &PipeWriter) {
    fcntl_setfl(pipe, OFlags::NONBLOCK).unwrap();
    while pipe.write(&[b'.'; 4096]).is_ok() {}
    while pipe.write(b".").is_ok() {}
    fcntl_setfl(pipe, OFlags::empty()).unwrap();
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_nothing() {
    let folder = run::folder("unread");
    let (data, output) = (folder.path().join("data"), Log::at(&folder.path().join("stdout")));
    let (reader, writer) = std::io::pipe().unwrap();
    fill(&writer);
    let mut command = Command::new(env!("CARGO_BIN_EXE_identity"));
    command.args(["serve", "--embedded", "--data-dir"]).arg(&data).stdout(output.writer()).stderr(writer);
    command.args(["--grpc-listen", "--http-listen", "--admin-listen"].map(|one| format!("{one}=127.0.0.1:0")));
    let mut process = Service::spawn("identity", &mut command, Signal::KILL);
    let told = async || serde_json::from_str::<Addresses>(&output.text()).ok();
    let addresses = wait::until("the service says where it listens", Duration::from_secs(20), told).await;

    let client = Client::connect(addresses.grpc).await;
    let challenge = client.send_otp("mira@example.org").await.unwrap();
    let mailbox = Mailbox::at(&data.join("mailbox"));
    let code = async || mailbox.to("mira@example.org").into_iter().find_map(|mail| mail.code());
    let code = wait::until("a code", Duration::from_secs(10), code).await;
    assert!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap().new_user);
    assert_eq!(http::get(addresses.http, "/health/ready").await.status, 200);

    drop(client);
    process.signal(Signal::TERM);
    let ended = wait::until("the end after SIGTERM", Duration::from_secs(5), async || process.exited()).await;
    assert_eq!(ended.code(), Some(0));
    drop(reader);
}

#[tokio::test]
async fn the_second_signal_ends_at_once() {
    let mut server = Server::embedded().await;
    // A half request over HTTP/1.1 is a running call as far as the listener can tell.
    let mut half = TcpStream::connect(server.addresses().http).await.unwrap();
    half.write_all(b"GET /health/live HTTP/1.1\r\n").await.unwrap();
    let start = Instant::now();
    server.process().signal(Signal::INT);
    logged(&server, "stopping").await;
    server.process().signal(Signal::INT);
    assert_eq!(server.process().wait(Duration::from_secs(5)).unwrap().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_new_operators_token_comes_into_force_and_a_bad_one_does_not() {
    let mut server = Server::embedded().await;
    let path = server.folder().join("data/secrets/admin-token");
    let before = server.admin_token();
    let code = async |server: &Server, token: &str| {
        let request = GetUserRequest { user_id: "00000000-0000-7000-8000-000000000000".into() };
        server.admin().await.admin().get_user(operator(request, token)).await.unwrap_err().code()
    };
    assert_eq!(code(&server, &before).await, Code::NotFound);

    // Too open: the earlier one stays.
    let next = "f".repeat(64);
    write_secret(&path, &next);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    server.process().signal(Signal::HUP);
    let told = logged(&server, "what was read earlier stays in force").await;
    assert!(told.contains("admin-token") && told.contains("chmod 600") && !told.contains(&next), "{told}");
    assert_eq!(code(&server, &before).await, Code::NotFound);
    assert_eq!(code(&server, &next).await, Code::Unauthenticated);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    server.process().signal(Signal::HUP);
    logged(&server, "the keys have been read again").await;
    assert_eq!(code(&server, &next).await, Code::NotFound);
    assert_eq!(code(&server, &before).await, Code::Unauthenticated);
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart() {
    let (first, second) = (certificates::localhost(), certificates::issue("second", "DNS:localhost,IP:127.0.0.1"));
    let world = World::with(Store::Sqlite, |settings| {
        let folder = settings.folder().join("tls");
        write_secret(&folder.join("key.pem"), &fs::read_to_string(&first.key).unwrap());
        fs::copy(&first.chain, folder.join("certificate.pem")).unwrap();
        settings.set("listen.tls", "files");
        settings.set("listen.certificate_file", "tls/certificate.pem");
        settings.set("listen.key_file", "tls/key.pem");
    });
    let mut world = world.await;
    let address = world.server.addresses().grpc;
    let served = async || {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&first.authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    assert_eq!(served().await, CertificateDer::from_pem_file(&first.chain).unwrap());

    // A certificate without its key: the earlier pair stays.
    let folder = world.settings.folder().join("tls");
    fs::copy(&second.chain, folder.join("certificate.pem")).unwrap();
    world.server.process().signal(Signal::HUP);
    logged(&world.server, "do not fit together").await;
    assert_eq!(served().await, CertificateDer::from_pem_file(&first.chain).unwrap());

    write_secret(&folder.join("key.pem"), &fs::read_to_string(&second.key).unwrap());
    world.server.process().signal(Signal::HUP);
    logged(&world.server, "the certificate has been read again").await;
    assert_eq!(served().await, CertificateDer::from_pem_file(&second.chain).unwrap());
}

#[tokio::test]
async fn production_takes_one_process_for_limits_in_memory() {
    let relay_is_never_asked = 1;
    let world = World::with(Store::Sqlite, |settings| {
        settings.set("service.environment", "production");
        settings.set("service.issuer", "https://identity.example.org");
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "localhost");
        settings.set("delivery.smtp.port", relay_is_never_asked);
        settings.set("delivery.smtp.tls", "disable-on-loopback");
        settings.set("delivery.smtp.from", "sign-in@example.org");
    });
    let mut world = world.await;
    let file = world.settings.file();
    let second = crate::support::world::identity(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process serves it"));
    // The first is none the worse.
    assert!(world.server.process().exited().is_none());
}

#[tokio::test]
async fn proxies_that_are_everybody_are_told_of_in_the_log() {
    let everybody = |settings: &mut Settings| settings.set("listen.trusted_proxies", vec!["0.0.0.0/0"]);
    let world = World::with(Store::Sqlite, everybody).await;
    assert!(logged(&world.server, "taken as it stands").await.contains("listen.trusted_proxies"));
}
