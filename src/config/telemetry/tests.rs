//! Where metrics are served.

use super::super::tests::{SMALLEST, parse, refusal};

#[test]
fn metrics_are_served_like_the_rest() {
    let with = |rest: &str| format!("{SMALLEST}[telemetry]\n{rest}\n");
    let config = parse(&with("metrics_listen = \"127.0.0.1:9464\"")).unwrap();
    assert_eq!(config.telemetry.metrics_listen, Some("127.0.0.1:9464".parse().unwrap()));
    assert!(refusal(&with("metrics_listen = \"0.0.0.0:9464\"")).contains("has metrics in clear for other machines"));
    assert!(refusal(&with("metrics_listen = \"127.0.0.1:8080\"")).contains("on the address of another listener"));
}
