//! The command line: one file for each command.

mod check_config;
mod environment;
mod migrate;
mod policy;
mod serve;
mod simulate;
mod source;
mod templates;
mod terminal;

use crate::app::{Failure, process};
use clap::{
    CommandFactory as _, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::process::ExitCode;

/// Passwordless sign-in as one service.
#[derive(Parser)]
#[command(
    name = "identity",
    version,
    about = "Passwordless sign-in as one gRPC service: codes, tokens, sessions.",
    after_help = "A first look, without a file:\n  identity serve --embedded --data-dir .data\n\n\
                  Secrets are read from private files alone, never from arguments or the environment.",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service until SIGTERM or SIGINT
    Serve(serve::Serve),
    /// Bring the database to the form that this program needs
    Migrate(migrate::Migrate),
    /// Check the configuration and every file that it names; open nothing
    CheckConfig(check_config::CheckConfig),
    /// Explain a policy file, or print the policy in force
    Policy(policy::PolicyCommand),
    /// Check templates of messages, or show the messages that they make
    Templates(templates::TemplatesCommand),
}

/// Runs the command that the arguments name; its exit code is that of sysexits(3).
#[must_use]
pub fn run() -> ExitCode {
    process::prepare();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return answer(&error),
    };
    let ended = environment::check().and_then(|()| match arguments.command {
        Command::Serve(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::CheckConfig(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Templates(command) => command.run(),
    });
    code_of(&ended)
}

/// The exit code of a command, which says why where it did not succeed.
fn code_of(ended: &Result<(), Failure>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Help and version are answers; anything else is a fault of the arguments.
fn answer(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return code_of(&terminal::say(&error.to_string()));
    }
    // A stray word may be a secret in the wrong place: clap would repeat it.
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let help = format!("run `{} --help`", command());
    match error.kind() {
        ErrorKind::InvalidSubcommand => terminal::complain(&format!("there is no such command; {help}")),
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            terminal::complain(&format!("an argument that no option takes; {help}"));
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let form = match error.get(ContextKind::ValidValue) {
                Some(values @ ContextValue::Strings(some)) if !some.is_empty() => format!("give one of {values}"),
                _ => help,
            };
            terminal::complain(&format!("the value of {argument} has the wrong form; {form}"));
        }
        _ => terminal::write(&error.to_string()),
    }
    ExitCode::from(Failure::USAGE)
}

/// The command that the arguments name, as far as they name one: its own help lists the options.
fn command() -> String {
    let (mut command, mut words) = (Arguments::command(), vec!["identity".to_owned()]);
    for word in std::env::args_os().skip(1).map_while(|word| word.into_string().ok()) {
        let Some(found) = command.find_subcommand(&word).cloned() else { break };
        words.push(word);
        command = found;
    }
    words.join(" ")
}
