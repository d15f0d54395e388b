//! An OpenTelemetry collector in this process: it speaks OTLP over gRPC and keeps spans, metrics and logs.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status};

use super::wait;

/// A running collector; it ends with the value.
pub(crate) struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<Vec<Metric>>>,
    logs: Arc<Mutex<Vec<LogRecord>>>,
    _end: DropGuard,
}

struct Receiver {
    spans: Arc<Mutex<Vec<Span>>>,
}

struct Meters {
    metrics: Arc<Mutex<Vec<Metric>>>,
}

struct Events {
    logs: Arc<Mutex<Vec<LogRecord>>>,
}

#[tonic::async_trait]
impl LogsService for Events {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let resources = request.into_inner().resource_logs.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_logs);
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).extend(scopes.flat_map(|scope| scope.log_records));
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Meters {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let resources = request.into_inner().resource_metrics.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_metrics);
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).extend(scopes.flat_map(|scope| scope.metrics));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Starts a collector on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spans = Arc::new(Mutex::new(Vec::new()));
        let metrics = Arc::new(Mutex::new(Vec::new()));
        let meters = MetricsServiceServer::new(Meters { metrics: Arc::clone(&metrics) });
        let logs = Arc::new(Mutex::new(Vec::new()));
        let events = LogsServiceServer::new(Events { logs: Arc::clone(&logs) });
        let end = CancellationToken::new();
        let service = TraceServiceServer::new(Receiver { spans: Arc::clone(&spans) });
        let ended = end.clone().cancelled_owned();
        tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            let mut server = tonic::transport::Server::builder();
            let server = server.add_service(service).add_service(meters).add_service(events);
            server.serve_with_incoming_shutdown(incoming, ended).await.unwrap();
        });
        Self { address, spans, metrics, logs, _end: end.drop_guard() }
    }

    /// The endpoint that an exporter is given.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span received so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every metric received so far, each as often as it was sent.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every log record received so far.
    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits up to fifteen seconds for a span by this name; exporters send in batches.
    pub(crate) async fn wait_for(&self, name: &str) -> Span {
        let find = async || self.spans().into_iter().find(|span| span.name == name);
        wait::until(&format!("the span {name}"), Duration::from_secs(15), find).await
    }
}
