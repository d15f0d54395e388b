//! Compiles the contract without `protoc`, keeps the descriptor whole (reflection, the gateway and the `OpenAPI`
//! document need the `google.api.http` options, which `prost_types` drops), and gives every message a `Debug` that
//! tells its name alone: a message that is added later cannot be forgotten.

use protox::prost_reflect::prost_types::OneofDescriptorProto;
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

const PACKAGE: &str = "identity.v1";

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
        // What the details of errors are made of: whoever shows an error to a person reads them by this.
        "google/rpc/error_details.proto",
    ])?;
    fs::write(out.join("identity_descriptor.bin"), compiler.encode_file_descriptor_set())?;
    let set = compiler.file_descriptor_set();
    let messages = set.file.iter().filter(|file| file.package() == PACKAGE).flat_map(|file| &file.message_type);
    let types: Vec<(&str, Vec<&str>)> = messages
        .map(|message| (message.name(), message.oneof_decl.iter().map(OneofDescriptorProto::name).collect()))
        .collect();
    write_debug(&out, &types)?;
    let mut builder = tonic_prost_build::configure();
    for (message, _) in &types {
        builder = builder.skip_debug([format!(".{PACKAGE}.{message}")]);
    }
    builder.compile_fds(set)?;
    Ok(())
}

/// Writes a redacting `Debug` for each message and each of its oneofs. Where one is left out, its type does not compile.
fn write_debug(out: &Path, types: &[(&str, Vec<&str>)]) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for (message, oneofs) in types {
        one_debug(&mut text, message, message)?;
        for oneof in oneofs {
            let path = format!("{}::{}", snake(message), camel(oneof));
            one_debug(&mut text, &path, &format!("{message}.{oneof}"))?;
        }
    }
    fs::write(out.join("identity_redacted.rs"), text)?;
    Ok(())
}

fn one_debug(text: &mut String, path: &str, name: &str) -> std::fmt::Result {
    writeln!(
        text,
        "impl ::core::fmt::Debug for {path} {{\n    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> \
         ::core::fmt::Result {{\n        f.write_str(\"{name} {{ .. }}\")\n    }}\n}}"
    )
}

/// `SendOtpRequest` as `send_otp_request`.
fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// `public_key` as `PublicKey`.
fn camel(name: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_').filter(|word| !word.is_empty()).map(capital).collect()
}
