//! Both versions of reflection: what grpcurl, buf and Postman ask for.

use prost::Message;
use prost_types::FileDescriptorProto;
use tokio_stream::StreamExt;
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::client::Client;
use crate::support::server::Server;

/// Asks one question of v1.
async fn ask(client: &Client, question: v1::server_reflection_request::MessageRequest) -> Answer {
    let request = v1::ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut reflection = v1::server_reflection_client::ServerReflectionClient::new(client.channel());
    let mut answers = reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

/// Asks one question of v1alpha.
async fn ask_as_of_old(
    client: &Client,
    question: v1alpha::server_reflection_request::MessageRequest,
) -> v1alpha::server_reflection_response::MessageResponse {
    let request = v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut reflection = v1alpha::server_reflection_client::ServerReflectionClient::new(client.channel());
    let mut answers = reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

use v1::server_reflection_request::MessageRequest;
use v1::server_reflection_response::MessageResponse as Answer;

async fn services(client: &Client) -> Vec<String> {
    let Answer::ListServicesResponse(list) = ask(client, MessageRequest::ListServices(String::new())).await else {
        panic!("no list");
    };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn lists_the_services_of_each_listener() {
    let server = Server::embedded().await;
    assert_eq!(
        services(&server.client().await).await,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "identity.v1.IdentityService",
            "identity.v1.SessionService",
            "identity.v1.TokenService",
        ]
    );
    let of_operators = services(&server.admin().await).await;
    assert!(of_operators.contains(&"identity.v1.AdminService".to_owned()), "{of_operators:?}");
    assert!(!of_operators.contains(&"identity.v1.IdentityService".to_owned()), "{of_operators:?}");
}

/// Whatever is listed can be described, and so can the details of errors: grpcurl and buf stop at what they cannot.
#[tokio::test]
async fn describes_what_it_lists_and_the_details_of_errors() {
    let server = Server::embedded().await;
    for client in [server.client().await, server.admin().await] {
        let details = ["ErrorInfo", "BadRequest", "RetryInfo", "QuotaFailure", "LocalizedMessage"];
        let listed = services(&client).await;
        for symbol in listed.into_iter().chain(details.map(|name| format!("google.rpc.{name}"))) {
            let question = MessageRequest::FileContainingSymbol(symbol.clone());
            let answer = ask(&client, question).await;
            assert!(matches!(answer, Answer::FileDescriptorResponse(_)), "{symbol}: {answer:?}");
            let question = v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(symbol.clone());
            let answer = ask_as_of_old(&client, question).await;
            assert!(
                matches!(answer, v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(_)),
                "{symbol}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn keeps_the_http_options() {
    let server = Server::embedded().await;
    let client = server.client().await;
    let question = MessageRequest::FileContainingSymbol("identity.v1.IdentityService".to_owned());
    let Answer::FileDescriptorResponse(answer) = ask(&client, question).await else { panic!("no file") };
    let file = answer.file_descriptor_proto.concat();
    assert!(FileDescriptorProto::decode(&file[..]).is_ok());
    // `prost_types` drops custom options when it decodes, so they are looked for in the bytes.
    let path = b"/auth/email/send-otp";
    assert!(file.windows(path.len()).any(|window| window == path), "the option google.api.http is gone");
}

#[tokio::test]
async fn answers_older_clients() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let server = Server::embedded().await;
    let answer = ask_as_of_old(&server.client().await, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("no list") };
    assert!(list.service.iter().any(|service| service.name == "identity.v1.TokenService"));
}
