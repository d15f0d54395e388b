//! The way of a newcomer, with a real client that knows the service by its reflection alone: `buf curl`.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::server::Server;

fn call(address: std::net::SocketAddr, headers: &[&str], method: &str, request: &Value) -> Value {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/bin/buf");
    assert!(std::path::Path::new(program).is_file(), "buf is not installed; `make tools` installs it");
    let mut buf = Command::new(program);
    buf.args(["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect-protocol", "grpc-v1"]);
    for header in headers {
        buf.args(["--header", header]);
    }
    let output = buf.arg("--data").arg(request.to_string()).arg(format!("http://{address}/{method}")).output().unwrap();
    assert!(output.status.success(), "{method}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[tokio::test]
async fn the_readmes_commands_end_in_an_active_token() {
    let server = Server::embedded().await;
    let at = server.addresses();
    let device = json!({"deviceId": "laptop"});
    let ask = json!({"email": "ada@example.com", "device": device});
    let sent = call(at.grpc, &[], "identity.v1.IdentityService/SendOtp", &ask);
    let challenge = &sent["challenge"];
    assert_eq!(challenge["maskedDestination"], "a***@example.com");

    let mail = server.mailbox().wait_for("ada@example.com", 1).await;
    // What the README greps for.
    let is_code = |line: &&str| {
        line.bytes().take(6).all(|c| c.is_ascii_digit())
            && line.get(6..).is_some_and(|rest| rest.starts_with(" is your sign-in code"))
    };
    let line = mail.raw.lines().rfind(is_code).unwrap();
    let verify = json!({"challengeId": challenge["challengeId"], "code": &line[..6], "device": device});
    let signed_in = call(at.grpc, &[], "identity.v1.IdentityService/VerifyOtp", &verify);
    assert_eq!(signed_in["newUser"], true);

    let token = json!({"accessToken": signed_in["tokens"]["accessToken"]});
    let validated = call(at.grpc, &[], "identity.v1.TokenService/ValidateToken", &token);
    assert_eq!(validated["active"], true);
    assert_eq!(validated["claims"]["sub"], signed_in["user"]["userId"]);

    let admin_token = format!("x-service-token: {}", server.admin_token());
    let roles = json!({"userId": signed_in["user"]["userId"], "roles": ["maker"]});
    call(at.admin, &[&admin_token], "identity.v1.AdminService/SetUserRoles", &roles);
    let refresh = json!({"refreshToken": signed_in["tokens"]["refreshToken"], "device": device});
    let refreshed = call(at.grpc, &[], "identity.v1.IdentityService/RefreshToken", &refresh);
    let token = json!({"accessToken": refreshed["tokens"]["accessToken"]});
    let validated = call(at.grpc, &[], "identity.v1.TokenService/ValidateToken", &token);
    assert_eq!(validated["claims"]["roles"], json!(["maker"]));
}
