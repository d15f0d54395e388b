//! `docs/errors.md` says what `error_reason.proto` says.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use identity::grpc::proto::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::FileDescriptorSet;

const INTRODUCTION: &str = "# Errors

This page is generated from `proto/identity/v1/error_reason.proto`; `UPDATE=1 cargo test --test it errors_document` writes
it anew.

Every refusal has a canonical code, a message fit for a person, and details in `grpc-status-details-bin`:

| detail | where |
|---|---|
| `google.rpc.ErrorInfo` | always: domain `identity.v1`, the reason below, and metadata without secrets |
| `google.rpc.LocalizedMessage` | always: the same message, and the language that it is in |
| `google.rpc.BadRequest` | with `INVALID_ARGUMENT`: every field that is wrong, by its path, each with its own reason; the description is in English, for whoever writes the client |
| `google.rpc.QuotaFailure` | with `RESOURCE_EXHAUSTED`: whose budget was spent |
| `google.rpc.RetryInfo` | where time cures it: after this wait the call is not refused for this reason; also `retry-after` |

`RATE_LIMITED`, `RESEND_TOO_SOON`, and every answer of `SendOtp`, `SendMagicLink` and `ResendOtp` that was counted, carry `x-ratelimit-limit`,
`x-ratelimit-remaining` and `x-ratelimit-reset` of the tightest window, in whole seconds, rounded up. `ErrorInfo` of
`RATE_LIMITED` says in its metadata which limit it was: `layer` is `identifier`, `device`, `address`, `network` or `all`.

No window counts `VerifyOtp`: attempts and locks are told by their reason and `retry-after` alone. So is `RATE_LIMITED` with the
`layer` `failures`: while there are too many wrong codes over all accounts, a code that was sent to an unknown device before is not
evaluated. Do not wait; ask for a new one, which is longer and has one attempt.

The message is in English, German, French, Spanish, Portuguese or Japanese: in the language of the request's `locale` where
it has that field, else in the best of the metadata `accept-language` (RFC 9110 section 12.5.4, looked up by RFC 4647
section 3.4), else in English. With `INVALID_EMAIL`, `INVALID_PHONE_NUMBER` and `INVALID_CODE_FORMAT`, which a person can
cause, the violation has a `localized_message` as well.

[proof-of-work.md](proof-of-work.md) says how a client answers `PROOF_REQUIRED`.

| code | reason | when |
|---|---|---|
";

/// The page, made of the comments of the enumeration.
fn page() -> String {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let file = set.file.iter().find(|file| file.name().ends_with("/error_reason.proto")).unwrap();
    let comments = &file.source_code_info.as_ref().unwrap().location;
    let mut page = INTRODUCTION.to_owned();
    for (at, value) in file.enum_type[0].value.iter().enumerate().skip(1) {
        let path = [5, 0, 2, i32::try_from(at).unwrap()];
        let comment = comments.iter().find(|location| location.path == path).unwrap().leading_comments();
        let (code, when) = comment.trim().split_once(": ").expect("a code, a colon, and when");
        let reason = value.name().strip_prefix("ERROR_REASON_").unwrap();
        let when = when.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(page, "| {code} | `{reason}` | {when} |").unwrap();
    }
    page
}

#[test]
fn it_says_what_the_contract_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, page()).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == page(), "docs/errors.md is out of date: UPDATE=1 cargo test --test it errors_document");
}
