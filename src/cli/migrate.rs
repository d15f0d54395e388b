//! `identity migrate`: the database's form.

use super::{source::Source, terminal};
use crate::app::{self, Failure};
use clap::Args;

/// The arguments.
#[derive(Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    source: Source,
}

impl Migrate {
    /// Applies what is missing.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.source.load(true)?;
        app::migrate(&config, terminal::complain)?;
        terminal::say("the database has the form that this program needs")?;
        Ok(())
    }
}
