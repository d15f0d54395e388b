//! Calls whose message is bytes that the test wrote.

use bytes::{Buf, BufMut};
use prost::encoding::{WireType, encode_key, encode_varint};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::{Field, PATIENCE};
use crate::support::client::{Client, bearer, operator};
use crate::support::world::World;

/// Bytes as they are, in both directions.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = source.remaining();
        Ok(Some(source.copy_to_bytes(length).to_vec()))
    }
}

/// Callers of every kind, each with what it has to show.
#[derive(Clone)]
pub(super) struct Callers {
    people: Client,
    operators: Client,
    access_token: String,
    operators_token: String,
}

impl Callers {
    /// Those of a world, with a person's access token.
    pub(super) async fn of(world: &World, access_token: &str) -> Self {
        Self {
            people: world.server.client().await,
            operators: world.server.admin().await,
            access_token: access_token.to_owned(),
            operators_token: world.server.admin_token(),
        }
    }

    /// Calls a method with a message, and gives the first message of its answer.
    pub(super) async fn call(&self, method: &str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
        let of_operators = method.contains(".AdminService/");
        let client = if of_operators { &self.operators } else { &self.people };
        let request = if of_operators {
            operator(tonic::Request::new(message), &self.operators_token)
        } else if method.contains(".SessionService/") {
            bearer(tonic::Request::new(message), &self.access_token)
        } else {
            tonic::Request::new(message)
        };
        let mut grpc = tonic::client::Grpc::new(client.channel());
        grpc.ready().await.unwrap();
        let path = format!("/{method}").parse().unwrap();
        let answer = async { grpc.server_streaming(request, path, Bytes).await?.into_inner().message().await };
        let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| panic!("{method} takes too long"));
        Ok(answer?.unwrap_or_default())
    }
}

/// A message with one more value at the end, which is the one that counts; within a message it is added to what is there.
pub(super) fn with(message: &[u8], field: &Field, value: &[u8], wire: WireType) -> Vec<u8> {
    let mut inner = Vec::new();
    let (last, outer) = field.numbers.split_last().unwrap();
    encode_key(*last, wire, &mut inner);
    if wire == WireType::LengthDelimited {
        encode_varint(value.len() as u64, &mut inner);
    }
    inner.extend(value);
    for number in outer.iter().rev() {
        let mut wrapped = Vec::new();
        encode_key(*number, WireType::LengthDelimited, &mut wrapped);
        encode_varint(inner.len() as u64, &mut wrapped);
        wrapped.extend(inner);
        inner = wrapped;
    }
    [message, &inner].concat()
}

/// The same with a text.
pub(super) fn with_text(message: &[u8], field: &Field, text: &str) -> Vec<u8> {
    with(message, field, text.as_bytes(), WireType::LengthDelimited)
}

/// The same with a number.
pub(super) fn with_number(message: &[u8], field: &Field, number: i64) -> Vec<u8> {
    let mut value = Vec::new();
    encode_varint(number.cast_unsigned(), &mut value);
    with(message, field, &value, WireType::Varint)
}
