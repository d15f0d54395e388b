//! Documents for machines and pages for developers over HTTP.
