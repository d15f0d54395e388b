//! Server reflection, versions v1 and v1alpha, from the whole descriptor. Each describes both, and the details of errors too:
//! clients ask for whatever is listed or answered. A question is no longer than any other message: it is kept until it is whole, and
//! given back with its answer.

use super::{listeners::MAX_MESSAGE, proto::FILE_DESCRIPTOR_SET};
use tonic::service::Routes;
use tonic_reflection::{pb, server::Builder};

/// The service names of reflection.
pub(super) const V1: &str = "grpc.reflection.v1.ServerReflection";
/// The same, as older clients call it.
pub(super) const V1_ALPHA: &str = "grpc.reflection.v1alpha.ServerReflection";

/// Reflection that lists `services`, those of a listener, beside health and itself.
pub(super) fn of(services: &[&str]) -> Routes {
    let builder = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(pb::v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(pb::v1alpha::FILE_DESCRIPTOR_SET)
            .include_reflection_service(false)
            .with_service_name("grpc.health.v1.Health")
            .with_service_name(V1)
            .with_service_name(V1_ALPHA);
        services.iter().fold(builder, |builder, service| builder.with_service_name(*service))
    };
    // The descriptors are made by the build; where they were broken there would be no reflection, and a test says so.
    let mut routes = Routes::default();
    if let Ok(v1) = builder().build_v1() {
        routes = routes.add_service(v1.max_decoding_message_size(MAX_MESSAGE));
    }
    if let Ok(v1alpha) = builder().build_v1alpha() {
        routes = routes.add_service(v1alpha.max_decoding_message_size(MAX_MESSAGE));
    }
    routes.prepare()
}
