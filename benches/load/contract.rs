//! The contract as generated for this program: clients for the load, servers for the echo.
#![expect(
    unreachable_pub,
    clippy::allow_attributes,
    clippy::pedantic,
    reason = "generated code: comments, visibility and names are not ours"
)]

tonic::include_proto!("identity.v1");

/// The messages that carry secrets have no generated `Debug`; prost asks for one.
macro_rules! hidden {
    ($($message:ident)+) => {
        $(impl std::fmt::Debug for $message {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(stringify!($message))
            }
        })+
    };
}

hidden! {
    Challenge TokenSet User Session SendOtpRequest ResendOtpRequest VerifyOtpRequest RefreshTokenRequest SignOutRequest
    ValidateTokenRequest FindUserRequest AccessTokenClaims Device VerifyOtpResponse SendOtpResponse
}
