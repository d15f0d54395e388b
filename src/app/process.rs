//! The process itself, before anything else.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Keeps this process's memory out of files and debuggers, lets it open files, and chooses the cryptography of TLS.
///
/// Where the system does not let it, the service is no worse than one that did not try; so a refusal is passed over.
pub fn prepare() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // As many connections as the system lets it have: the soft limit is often 1024, for programs that know no better.
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // It fails only where a provider is installed already, which nothing before this line does.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
