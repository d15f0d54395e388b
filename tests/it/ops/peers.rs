//! The peers of the tests are real, and separate.

use sqlx::{Connection, PgConnection};

use crate::support::otlp::Collector;
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

async fn tables(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let cluster = Postgres::shared();
    let first = cluster.database("template1").await;
    let second = cluster.database("template1").await;
    cluster.execute(first.name(), "CREATE TABLE only_here (id INT)".to_owned()).await;
    assert_eq!((tables(first.url()).await, tables(second.url()).await), (1, 0));

    let name = second.name().to_owned();
    drop(second);
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_postgres_that_crashed_keeps_what_it_committed() {
    let mut cluster = Postgres::start(&["fsync=on"]);
    let database = cluster.database("template1").await;
    cluster.execute(database.name(), "CREATE TABLE kept (id INT)".to_owned()).await;
    let (url, port) = (cluster.url(database.name()), cluster.port());
    cluster.stop();
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.start_again();
    assert_eq!((tables(&url).await, cluster.port()), (1, port));
    assert!(cluster.data().join("PG_VERSION").exists());
    assert!(!cluster.log().lines_with("redo").is_empty() || cluster.log().lines_with("PANIC").is_empty());
}

#[test]
fn two_redis_servers_share_nothing_and_a_stopped_one_comes_back_empty() {
    let mut first = Redis::start();
    let second = Redis::start();
    first.command(&["SET", "canary-key", "canary-value"]);
    let found = first.everything();
    assert!(found.iter().any(|bytes| bytes == b"canary-key"));
    assert!(found.iter().any(|bytes| bytes.windows(12).any(|part| part == b"canary-value")));
    assert!(second.everything().is_empty());

    let port = first.port();
    first.pause();
    first.resume();
    first.stop();
    first.start_again();
    assert_eq!((first.everything().len(), first.port()), (0, port));
}

#[tokio::test]
async fn the_collector_receives_spans_over_the_wire() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

    let collector = Collector::start().await;
    let spans = vec![Span { name: "identity.test".to_owned(), ..Span::default() }];
    let resource =
        ResourceSpans { scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }], ..Default::default() };
    let mut client = TraceServiceClient::connect(collector.url()).await.unwrap();
    client.export(ExportTraceServiceRequest { resource_spans: vec![resource] }).await.unwrap();
    collector.wait_for("identity.test").await;
}
