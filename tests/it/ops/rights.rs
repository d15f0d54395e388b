//! A service whose role may use the tables and not make them, with no more rights than the page on the configuration tells.

use identity::grpc::proto::RefreshTokenRequest;

use crate::support::postgres::Postgres;
use crate::support::server::{Launch, Server};
use crate::support::settings::Settings;
use crate::support::world::{identity, name_database};
use crate::support::{http, run};

#[tokio::test]
async fn the_rights_that_the_page_tells_are_enough_to_serve() {
    let page = include_str!("../../../docs/configuration.md");
    let rights = page.lines().find(|line| line.starts_with("ALTER DEFAULT PRIVILEGES")).expect("the page tells them");
    // Roles are the whole server's.
    let cluster = Postgres::start(&[]);
    cluster.execute("postgres", "CREATE ROLE served LOGIN".to_owned()).await;
    cluster.execute("postgres", "CREATE DATABASE identity".to_owned()).await;
    cluster.execute("identity", rights.replace("TO identity", "TO served")).await;
    let folder = run::folder("rights");
    let mut settings = Settings::new(folder.path());
    settings.section("limiter.memory");
    name_database(&mut settings, &cluster, "identity");
    assert!(identity(&["migrate", "--config", settings.file().to_str().unwrap()]).status.success());

    settings.set("store.migrate", "by-command");
    settings.set("store.postgres.user", "served");
    let launch = Launch {
        arguments: vec!["serve".into(), "--config".into(), settings.file().into()],
        admin_token: settings.secrets().join("admin-token"),
        mailbox: settings.mailbox(),
        clock: None,
    };
    let server = Server::start(launch, run::folder("server")).await;
    let signed_in = server.sign_in("mira@example.org").await;
    let request = RefreshTokenRequest { refresh_token: signed_in.tokens.unwrap().refresh_token, ..Default::default() };
    server.client().await.identity().refresh_token(request).await.unwrap();
    assert_eq!(http::get(server.addresses().http, "/health/ready").await.status, 200);
    assert!(!server.log().text().contains("42501"), "{}", server.log().text());
}
