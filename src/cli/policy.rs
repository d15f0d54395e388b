//! `identity policy`: what a policy says, and whether it holds.

use super::{simulate::Simulate, terminal};
use crate::{
    app::Failure,
    config::{Config, policy::PolicyFile},
    domain::policy,
};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The arguments.
#[derive(Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Explain a policy file in words and say what is contradictory in it; an error ends with 64, a warning does not
    Check {
        /// The policy file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the policy in force, every figure of it, as a policy file
    Show {
        /// The configuration file; without one, what holds without a policy file
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Say what a policy file would have refused of the requests in the audit log
    Simulate(Simulate),
}

impl PolicyCommand {
    /// Runs it.
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Check { file } => {
                let read = PolicyFile::load(file, None)?;
                terminal::say(&policy::explain(&read.policy))?;
                for warning in &read.warnings {
                    terminal::say(&format!("warning: {warning}"))?;
                }
                let verdict = match read.warnings.len() {
                    0 => "the policy is sound".to_owned(),
                    1 => "the policy can be used; look at the warning".to_owned(),
                    count => format!("the policy can be used; look at the {count} warnings"),
                };
                terminal::say(&verdict)?;
            }
            Command::Simulate(simulate) => simulate.run()?,
            Command::Show { config } => {
                let config = config.as_deref().map(Config::load).transpose()?;
                let read = match &config {
                    Some(config) => config.load_policy()?,
                    None => PolicyFile::standard(),
                };
                terminal::say(&policy::text(&read.policy))?;
            }
        }
        Ok(())
    }
}
