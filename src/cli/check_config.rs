//! `identity check-config`: everything that can be told without opening a port or a connection.

use super::{source::Source, terminal};
use crate::app::{self, Failure, embedded};
use clap::Args;

/// The arguments.
#[derive(Args)]
pub(super) struct CheckConfig {
    #[command(flatten)]
    source: Source,
}

impl CheckConfig {
    /// Says that all is well, or everything that is not.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.source.load(false)?;
        if self.source.is_embedded() && embedded::is_new(&config) {
            terminal::say("the configuration is sound; the first start makes the keys")?;
            return Ok(());
        }
        for warning in app::check(&config)? {
            terminal::say(&format!("warning: {warning}"))?;
        }
        terminal::say("the configuration is sound")?;
        Ok(())
    }
}
