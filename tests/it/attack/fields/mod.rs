//! Every text that every method takes. Methods and fields are read from the contract: one that is added and does not stand
//! in these tables fails.

mod hostile;
mod longest;
mod raw;
mod requests;

use std::time::Duration;

use identity::grpc::proto::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::{Label, Type};

use crate::support::world::{Store, World};

/// A field of a method's request, or of a message within it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Such as `identity.v1.IdentityService/SendOtp`.
    method: String,
    /// Its path, such as `device.device_id`.
    path: String,
    /// The numbers along the path.
    numbers: Vec<u32>,
    r#type: Type,
    repeated: bool,
}

fn methods(set: &FileDescriptorSet) -> Vec<(String, String)> {
    let mut methods = Vec::new();
    for file in set.file.iter().filter(|file| file.package() == "identity.v1") {
        for service in &file.service {
            for method in &service.method {
                let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                methods.push((name, method.input_type().to_owned()));
            }
        }
    }
    methods
}

fn gather(set: &FileDescriptorSet, method: &str, message: &str, outer: (&str, &[u32]), found: &mut Vec<Field>) {
    let packages = set.file.iter().flat_map(|file| file.message_type.iter().map(move |message| (file, message)));
    let mut named = packages.filter(|(file, one)| format!(".{}.{}", file.package(), one.name()) == message);
    let (_, message) = named.next().expect("a message of the contract");
    for field in &message.field {
        let path = format!("{}{}", outer.0, field.name());
        let numbers = [outer.1, &[u32::try_from(field.number()).unwrap()]].concat();
        // A duration is a value of its own and has no texts.
        if field.r#type() == Type::Message && !field.type_name().starts_with(".google.") {
            gather(set, method, field.type_name(), (&format!("{path}."), &numbers), found);
        } else {
            let repeated = field.label() == Label::Repeated;
            found.push(Field { method: method.to_owned(), path, numbers, r#type: field.r#type(), repeated });
        }
    }
}

/// Every field of every request of the contract.
fn fields() -> Vec<Field> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut found = Vec::new();
    for (method, input) in methods(&set) {
        gather(&set, &method, &input, ("", &[]), &mut found);
    }
    assert!(found.len() > 70, "{}", found.len());
    found
}

/// A world in which nothing but what a field says is refused.
async fn roomy(store: Store) -> World {
    World::with(store, |settings| {
        for layer in ["identifier", "address", "all"] {
            settings.limit(layer, 100_000, 60);
        }
        settings.guard(100_000, 60);
        settings.offer_sms();
        settings.client(&"c".repeat(64));
        settings.redirects(&[&requests::longest_redirect_uri()]);
        settings.set("sessions.max_feed_age", "60s");
    })
    .await
}

/// No call of these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(5);
