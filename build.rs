//! Compiles the contract without `protoc`, and keeps the descriptor whole: reflection, the gateway and the `OpenAPI`
//! document need the `google.api.http` options, which `prost_types` drops.

use std::{env, error::Error, fs, path::PathBuf};

/// Messages that carry a code, a token or an address: they get a redacting `Debug` in `src/grpc/convert/redact.rs`.
const SECRET_MESSAGES: [&str; 15] = [
    "Challenge",
    "TokenSet",
    "User",
    "Session",
    "SendOtpRequest",
    "ResendOtpRequest",
    "VerifyOtpRequest",
    "RefreshTokenRequest",
    "SignOutRequest",
    "ValidateTokenRequest",
    "FindUserRequest",
    "AccessTokenClaims",
    "Device",
    "VerifyOtpResponse",
    "SendOtpResponse",
];

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder in OUT_DIR")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files([
        "identity/v1/identity_service.proto",
        "identity/v1/token_service.proto",
        "identity/v1/session_service.proto",
        "identity/v1/admin_service.proto",
        "identity/v1/error_reason.proto",
    ])?;
    fs::write(out.join("identity_descriptor.bin"), compiler.encode_file_descriptor_set())?;
    let mut builder = tonic_prost_build::configure();
    for message in SECRET_MESSAGES {
        builder = builder.skip_debug([format!(".identity.v1.{message}")]);
    }
    builder.compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
