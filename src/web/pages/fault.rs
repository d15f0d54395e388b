//! What a client application is told of a request that it got wrong (RFC 6749 sections 4.1.2.1 and 5.2).

/// What is wrong with a request: by its name in the norm, and in words for whoever writes the application. These are ASCII
/// without quotation marks and backslashes, as the norm has them, and hold nothing of the request.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: &'static str,
    pub(super) description: String,
}

impl Fault {
    /// A fault of that name.
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    /// A request that cannot be understood.
    pub(super) fn invalid(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A request without that parameter.
    pub(super) fn missing(name: &str) -> Self {
        Self::invalid(format!("{name} is missing"))
    }

    /// A request with that parameter more than once.
    pub(super) fn repeated(name: &str) -> Self {
        Self::invalid(format!("{name} is there more than once"))
    }

    /// A request with that parameter longer than so many bytes.
    pub(super) fn too_long(name: &str, bytes: usize) -> Self {
        Self::invalid(format!("{name} is longer than {bytes} bytes"))
    }
}
