//! Where and how to listen.

use crate::{
    app::{
        Failure,
        accept::Certificate,
        serve::{ServeLimits, ServeOptions},
    },
    config::{
        Config,
        listen::{ListenLimits, WebOrigins},
        problem::Problem,
    },
    grpc,
};
use http::HeaderValue;

/// The options of the listeners.
///
/// # Errors
/// Where an origin cannot stand in a header.
pub(in crate::app) fn options(
    config: &Config,
    tls: Option<Certificate>,
    operator_token: grpc::OperatorToken,
) -> Result<ServeOptions, Failure> {
    let listen = &config.listen;
    Ok(ServeOptions {
        grpc: listen.grpc,
        http: listen.http,
        admin: listen.admin,
        metrics: config.telemetry.metrics_listen,
        tls,
        limits: limits(&listen.limits),
        trusted_proxies: listen.trusted_proxies.clone(),
        web_origins: web_origins(config)?,
        operator_token,
        issuer: config.service.issuer.clone(),
    })
}

fn limits(limits: &ListenLimits) -> ServeLimits {
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    ServeLimits {
        max_connections: count(limits.max_connections),
        max_concurrent_streams: limits.max_concurrent_streams,
        max_concurrent_calls: count(limits.max_concurrent_calls),
        request_timeout: limits.request_timeout,
        handshake_timeout: limits.handshake_timeout,
        idle_timeout: limits.idle_timeout,
        drain_timeout: limits.drain_timeout,
    }
}

fn web_origins(config: &Config) -> Result<grpc::WebOrigins, Failure> {
    let origins = match &config.listen.web_origins {
        WebOrigins::Any => return Ok(grpc::WebOrigins::Any),
        WebOrigins::These(origins) if origins.is_empty() => return Ok(grpc::WebOrigins::None),
        WebOrigins::These(origins) => origins,
    };
    let headers: Result<Vec<_>, _> = origins.iter().map(|origin| HeaderValue::from_str(origin)).collect();
    let headers = headers.map_err(|_| {
        Problem::of_file(&config.file, "listen.web_origins", "has an entry that is not ASCII", "write hosts in ASCII")
    })?;
    Ok(grpc::WebOrigins::These(headers))
}
