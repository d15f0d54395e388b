//! An error as a caller reads it: code, stable reason and details.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What a refused call says.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The canonical code.
    pub(crate) code: Code,
    /// The text for a person.
    pub(crate) message: String,
    /// `ErrorInfo.reason`, empty without one.
    pub(crate) reason: String,
    /// `ErrorInfo.domain`, empty without one.
    pub(crate) domain: String,
    /// `ErrorInfo.metadata`.
    pub(crate) metadata: HashMap<String, String>,
    /// The field and the description of each violation of `BadRequest`.
    pub(crate) fields: Vec<(String, String)>,
    /// `RetryInfo.retry_delay`.
    pub(crate) retry_delay: Option<Duration>,
    /// How many violations `QuotaFailure` has.
    pub(crate) quotas: usize,
    /// The status, for what is not named here.
    pub(crate) status: Status,
}

impl Refusal {
    /// The names of the fields that were refused.
    pub(crate) fn field_names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let fields = details.bad_request().map(|bad| bad.field_violations.iter());
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            domain: info.map(|info| info.domain.clone()).unwrap_or_default(),
            metadata: info.map(|info| info.metadata.clone()).unwrap_or_default(),
            fields: fields.into_iter().flatten().map(|one| (one.field.clone(), one.description.clone())).collect(),
            retry_delay: details.retry_info().and_then(|info| info.retry_delay),
            quotas: details.quota_failure().map_or(0, |failure| failure.violations.len()),
            status,
        }
    }
}
