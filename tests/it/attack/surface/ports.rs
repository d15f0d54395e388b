//! A126: each port answers what it is for and nothing else, whatever name is tried on it.

use std::net::SocketAddr;

use identity::grpc::proto::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Code, Status};

use crate::support::client::{Client, operator};
use crate::support::http;
use crate::support::refusal::Refusal;
use crate::support::server::Server;
use crate::support::world::{Store, World};

/// Services that other servers have beside their own, and methods of those that are here which tell more.
const BESIDE: [&str; 12] = [
    "grpc.channelz.v1.Channelz/GetServers",
    "grpc.channelz.v1.Channelz/GetTopChannels",
    "grpc.admin.v1.Admin/GetConfig",
    "grpc.testing.TestService/EmptyCall",
    "grpc.lb.v1.LoadBalancer/BalanceLoad",
    "grpc.health.v1.Health/List",
    "envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
    "opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "google.longrunning.Operations/ListOperations",
    "identity.v1.DebugService/Dump",
    "/",
    "",
];

/// Pages that other programs have.
const PAGES: [&str; 26] = [
    "/metrics",
    "/metrics/",
    "/prometheus",
    "/debug/pprof/",
    "/debug/vars",
    "/debug/requests",
    "/debug",
    "/actuator",
    "/actuator/env",
    "/admin",
    "/admin/",
    "/config",
    "/env",
    "/.env",
    "/status",
    "/server-status",
    "/healthz",
    "/version",
    "/dev/mailbox",
    "/dev",
    "/health",
    "/swagger.json",
    "/openapi.json",
    "/.git/config",
    "/config_dump",
    "/quitquitquit",
];

async fn call(client: &Client, path: &str, token: Option<&str>) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(client.channel());
    grpc.ready().await.unwrap();
    let request = match token {
        Some(token) => operator(tonic::Request::new(()), token),
        None => tonic::Request::new(()),
    };
    grpc.unary(request, path.parse().unwrap(), tonic_prost::ProstCodec::<(), ()>::default()).await.map(drop)
}

/// There is no such method here, and nothing more is told of it.
async fn is_not_here(client: &Client, path: &str, token: Option<&str>) {
    let refusal = Refusal::from(call(client, path, token).await.unwrap_err());
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unimplemented, "METHOD_NOT_FOUND"), "{path}");
    assert!(refusal.metadata.is_empty(), "{path}: {refusal:?}");
}

/// The methods of the contract, of operators or of people.
fn methods(of_operators: bool) -> Vec<String> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let services = set.file.iter().filter(|file| file.package() == "identity.v1").flat_map(|file| &file.service);
    let of = services.filter(|service| (service.name() == "AdminService") == of_operators);
    let names = of.flat_map(|service| {
        service.method.iter().map(|method| format!("/identity.v1.{}/{}", service.name(), method.name()))
    });
    names.collect()
}

/// Other spellings of a path, which a careless router takes for the same.
fn spellings(path: &str) -> Vec<String> {
    let (service, method) = path[1..].split_once('/').unwrap();
    vec![
        format!("{path}/"),
        format!("/{path}"),
        format!("/{service}//{method}"),
        format!("/identity.v1.IdentityService/../{service}/{method}"),
        format!("/./{service}/{method}"),
        format!("/{}/{method}", service.to_lowercase()),
        format!("/{}/{method}", service.to_uppercase()),
        format!("/{}/{method}", service.replace('.', "%2e")),
        format!("/{service}%2f{method}"),
        format!("/{service}/{method}%00"),
        format!("/{service}/{method};a=b"),
    ]
}

#[tokio::test]
async fn a126_each_grpc_port_has_its_own_services_alone() {
    let server = Server::embedded().await;
    let (people, operators, token) = (server.client().await, server.admin().await, server.admin_token());
    let (of_operators, of_people) = (methods(true), methods(false));
    assert!(of_operators.len() >= 16 && of_people.len() >= 17);
    for path in of_operators {
        // With the token as without: nothing can be tried out here.
        is_not_here(&people, &path, Some(&token)).await;
        is_not_here(&people, &path, None).await;
        for spelling in spellings(&path) {
            is_not_here(&people, &spelling, Some(&token)).await;
            is_not_here(&operators, &spelling, Some(&token)).await;
        }
        let refusal = Refusal::from(call(&operators, &path, None).await.unwrap_err());
        assert_eq!(refusal.reason, "SERVICE_CREDENTIAL_REQUIRED", "{path}");
    }
    for path in of_people {
        is_not_here(&operators, &path, Some(&token)).await;
    }
    for client in [&people, &operators] {
        for method in BESIDE {
            is_not_here(client, &format!("/{method}"), Some(&token)).await;
        }
    }
}

/// Whether a port shows a page. One that speaks another protocol closes.
async fn page(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = http::get(address, path).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a126_no_port_has_pages_beside_its_own() {
    let world = World::with(Store::Sqlite, |settings| {
        settings.set("telemetry.metrics_listen", "127.0.0.1:0");
        settings.set("pages.enabled", true);
        settings.set("service.environment", "production");
        settings.set("service.issuer", "https://identity.example.org");
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "localhost");
        settings.set("delivery.smtp.port", 1);
        settings.set("delivery.smtp.tls", "disable-on-loopback");
        settings.set("delivery.smtp.from", "sign-in@example.org");
    })
    .await;
    let addresses = world.server.addresses();
    let metrics = addresses.metrics.unwrap();
    for path in PAGES {
        for address in [addresses.http, metrics] {
            if address == metrics && path == "/metrics" {
                continue;
            }
            let (status, told) = page(address, path).await;
            assert_eq!(status, 404, "{path} on {address}: {told}");
        }
        for address in [addresses.grpc, addresses.admin] {
            let (status, told) = page(address, path).await;
            assert_eq!((status, told.as_str()), (415, "This port speaks gRPC and gRPC-Web.\n"), "{path}");
        }
    }
    // What is public says whether it is well, and nothing of where, with what and how much.
    for path in ["/health/live", "/health/ready"] {
        let (status, told) = page(addresses.http, path).await;
        assert_eq!(status, 200);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        for (name, value) in told.as_object().unwrap() {
            assert!(["status", "store", "clock", "revocations", "limits"].contains(&name.as_str()), "{name}");
            assert!(value.is_boolean() || ["live", "ready", "memory"].contains(&value.as_str().unwrap()), "{value}");
        }
    }
    assert_eq!(page(metrics, "/health/ready").await.0, 404);
}
