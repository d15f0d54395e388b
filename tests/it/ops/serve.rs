//! The service as a process: what it prints, how it ends, what it survives.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use identity::grpc::proto::{GetUserRequest, ListSessionsRequest};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::both_stores::on_both_stores;
use crate::support::client::{bearer, operator};
use crate::support::mail::Mail;
use crate::support::postgres::Postgres;
use crate::support::server::{Addresses, Server};
use crate::support::settings::Settings;
use crate::support::smtp::{Security, Smtp};
use crate::support::world::{Store, World, identity, name_database};
use crate::support::{certificates, http, port, run, wait};

#[tokio::test]
async fn standard_output_is_one_line_with_the_three_addresses() {
    let mut server = Server::embedded().await;
    server.sign_in("mira@example.org").await;
    assert_eq!(server.terminate().await.code(), Some(0));
    let output = server.output().text();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 1, "{output}");
    let told: Addresses = serde_json::from_str(lines[0]).unwrap();
    let ports = [told.grpc, told.http, told.admin].map(|address| {
        assert!(address.ip().is_loopback());
        address.port()
    });
    assert!(ports.iter().all(|port| *port != 0), "{ports:?}");
    assert!(ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2]);
    assert!(!server.log().text().is_empty(), "logs go to standard error");
}

#[tokio::test]
async fn a_killed_service_goes_on_with_its_data() {
    let mut server = Server::embedded().await;
    let before = server.sign_in("mira@example.org").await;
    server.restart_after_kill().await;
    let after = server.sign_in("mira@example.org").await;
    assert!(before.new_user && !after.new_user);
    assert_eq!(before.user.unwrap().user_id, after.user.unwrap().user_id);
    let access_token = before.tokens.unwrap().access_token;
    assert!(server.client().await.validate(&access_token).await.unwrap().active);
}

// As it happens while releases are exchanged: a replica of this one starts again when the next has been.
on_both_stores!(a_replica_starts_beside_the_next_release, |world| {
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        SELECT 9999, 'next', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    world.execute(step).await;
    let other = world.another().await;
    assert!(other.sign_in("mira@example.org").await.new_user);
    assert!(other.log().text().contains("newer than this program (it has step 9999)"), "{}", other.log().text());
    let file = world.settings.file();
    let refused = identity(&["migrate", "--config", file.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(69) && told.contains("start the newer release"), "{told}");
});

/// Two connections: the one that changes tables, and the one that looks whether the server is there.
#[tokio::test]
async fn a_command_leaves_connections_to_those_who_serve() {
    let few = ["max_connections=2", "superuser_reserved_connections=0", "max_wal_senders=0"];
    let cluster = Postgres::start(&few);
    cluster.execute("postgres", "CREATE DATABASE identity".to_owned()).await;
    let folder = run::folder("command");
    let mut settings = Settings::new(folder.path());
    settings.section("limiter.memory");
    name_database(&mut settings, &cluster, "identity");
    settings.write_policy();
    let (file, policy) = (settings.file(), settings.policy_file());
    let (file, policy) = (file.to_str().unwrap(), policy.to_str().unwrap());
    for command in [&["migrate", "--config", file][..], &["policy", "simulate", policy, "--config", file]] {
        let ended = wait::until("the last connection is free", Duration::from_secs(5), async || {
            let ended = identity(command);
            (!String::from_utf8_lossy(&ended.stderr).contains("too many")).then_some(ended)
        });
        let ended = ended.await;
        assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[tokio::test]
async fn whoever_reaches_the_mailbox_is_warned_of() {
    let server = Server::embedded_with(&["--http-listen", "0.0.0.0:0"]).await;
    assert!(server.log().text().contains("/dev/mailbox"), "{}", server.log().text());
    let server = Server::embedded().await;
    assert!(!server.log().text().contains("/dev/mailbox"), "{}", server.log().text());
}

#[tokio::test]
async fn what_the_embedded_service_keeps_is_its_owners_alone() {
    let mut server = Server::embedded().await;
    server.sign_in("mira@example.org").await;
    let mut folders = vec![server.folder().join("data")];
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o077, 0, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                assert_eq!(fs::metadata(&entry).unwrap().permissions().mode() & 0o077, 0, "{}", entry.display());
            }
        }
    }
    assert!(server.process().exited().is_none());
}

#[tokio::test]
async fn the_addresses_that_were_asked_for_are_taken() {
    let asked = port::Port::free();
    let listen = format!("127.0.0.1:{}", asked.number());
    let world = World::with(Store::Sqlite, |settings| settings.set("listen.grpc", listen)).await;
    assert_eq!(world.server.addresses().grpc.port(), asked.number());
    assert!(world.settings.folder().join("identity.db").exists());
}

on_both_stores!(the_whole_way, |world| {
    let answer = world.server.sign_in("mira@example.org").await;
    let (tokens, user) = (answer.tokens.unwrap(), answer.user.unwrap());
    assert!(answer.new_user);
    let client = world.server.client().await;
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    let request = bearer(ListSessionsRequest::default(), &tokens.access_token);
    assert_eq!(client.sessions().list_sessions(request).await.unwrap().into_inner().sessions.len(), 1);

    let request = GetUserRequest { user_id: user.user_id.clone() };
    let token = world.server.admin_token();
    let found = world.server.admin().await.admin().get_user(operator(request, &token)).await.unwrap();
    assert_eq!(found.into_inner().user.unwrap().email, "mira@example.org");

    let other = world.another().await;
    assert!(other.client().await.validate(&tokens.access_token).await.unwrap().active);
    assert_eq!(world.redis.is_some(), world.database.is_some());
});

#[tokio::test]
async fn codes_are_sent_by_smtp() {
    let relay = Smtp::start(Security::StartTls);
    let world = World::with(Store::Sqlite, |settings| {
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "localhost");
        settings.set("delivery.smtp.port", i64::from(relay.port()));
        settings.set("delivery.smtp.tls", "starttls");
        settings.set("delivery.smtp.ca_file", certificates::localhost().authority.to_str().unwrap());
        settings.set("delivery.smtp.from", "sign-in@example.org");
    });
    let world = world.await;
    let client = world.server.client().await;
    let challenge = client.send_otp("mira@example.org").await.unwrap();
    let received = relay.wait_for("mira@example.org").await;
    let code = Mail::parse(&received.text).code().unwrap();
    assert!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap().new_user);
    assert!(world.server.mailbox().all().is_empty());
}

#[tokio::test]
async fn health_and_keys_are_served_over_http() {
    let server = Server::embedded().await;
    let address = server.addresses().http;
    let ready = wait::until("readiness", Duration::from_secs(5), async || {
        Some(http::get(address, "/health/ready").await).filter(|answer| answer.status == 200)
    });
    ready.await;
    assert_eq!(http::get(address, "/health/live").await.status, 200);
    let mut health = HealthClient::new(server.client().await.channel());
    let service = HealthCheckRequest { service: "identity.v1.IdentityService".to_owned() };
    let answer = health.check(service).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
    let keys = http::get(address, "/.well-known/jwks.json").await;
    assert_eq!((keys.status, keys.body.contains("\"kid\"")), (200, true), "{}", keys.head);
}

#[tokio::test]
async fn a_refusal_is_decoded_with_its_details() {
    let server = Server::embedded().await;
    let client = server.client().await;
    let refusal = client.send_otp("no address").await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (tonic::Code::InvalidArgument, "INVALID_EMAIL"));
    assert_eq!((refusal.domain.as_str(), refusal.field_names()), ("identity.v1", vec!["email"]));
    assert!(refusal.metadata.values().all(|value| !value.contains("no address")));
    assert!(refusal.status.metadata().get("retry-after").is_none());
    assert!(!refusal.message.is_empty() && refusal.retry_delay.is_none() && refusal.quotas == 0);
}
