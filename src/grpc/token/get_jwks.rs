//! `GetJwks`: the public keys that access tokens are signed with.

use crate::{
    engine::token::TokenIssuer,
    grpc::{convert::answers, proto::GetJwksResponse},
};
use tonic::Response;

pub(super) fn get_jwks(tokens: &TokenIssuer) -> Response<GetJwksResponse> {
    Response::new(answers::key_set(&tokens.public_keys()))
}
