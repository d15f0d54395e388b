//! Policies that are not in force.

use crate::{
    config::policy::PolicyFile,
    domain::{client::Clients, digest::Digest, policy::Policy},
    ports::policy::PolicyReader,
};
use std::{path::Path, sync::Arc};

/// Reads policies as the service reads its file, for these clients.
pub(in crate::app) struct Policies(pub(in crate::app) Arc<Clients>);

impl PolicyReader for Policies {
    fn read(&self, text: &str) -> Result<(Policy, Digest), Vec<String>> {
        let read = PolicyFile::parse(Path::new("policy"), text.to_owned(), Some(&self.0));
        match read {
            Ok(file) => Ok((file.policy, file.version)),
            Err(problems) => Err(problems.0.iter().map(ToString::to_string).collect()),
        }
    }
}
