//! `identity templates`: whether templates of messages hold, and what messages look like.

use super::terminal;
use crate::{
    app::{
        Failure,
        templates::{self, Preview, PreviewKind, Templates},
    },
    config::{Config, problem::because},
};
use clap::{Args, Subcommand, ValueEnum};
use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// The arguments.
#[derive(Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct TemplatesCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make every message in every language with a folder's templates, and say what is wrong; an error ends with 64
    #[command(group(clap::ArgGroup::new("templates").required(true)))]
    Check {
        /// A folder of templates
        #[arg(value_name = "DIRECTORY", group = "templates")]
        directory: Option<PathBuf>,
        /// The configuration file, which names the folder
        #[arg(long, value_name = "FILE", group = "templates")]
        config: Option<PathBuf>,
    },
    /// Print a message with sample values, or write all of them into a folder
    Preview(PreviewArguments),
}

#[derive(Args)]
struct PreviewArguments {
    /// A folder of templates; without one the built-in ones alone
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// The configuration file, which names the folder
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    config: Option<PathBuf>,
    /// The language, such as de or de-CH
    #[arg(long, value_name = "TAG", default_value = "en")]
    language: String,
    #[arg(long, value_name = "KIND", default_value = "code", value_parser = kind, help = KINDS)]
    kind: PreviewKind,
    /// Which part of the message
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write every message in every language into this folder instead, with a page that lists them: index.html
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["language", "kind", "format"])]
    output: Option<PathBuf>,
}

const KINDS: &str =
    "code, link, code_link, or a notice: identifier_locked, refresh_token_reused, device_mismatch, new_device";

/// A part of a message.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Subject,
    Text,
    Html,
    Sms,
}

fn kind(name: &str) -> Result<PreviewKind, &'static str> {
    PreviewKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or("is not a kind of message")
}

impl TemplatesCommand {
    /// Runs it.
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Check { directory, config } => {
                let Some(folder) = folder(directory.as_deref(), config.as_deref())? else {
                    terminal::say("the configuration names no folder of templates: the built-in ones serve")?;
                    return Ok(());
                };
                templates::load(Some(&folder))?;
                terminal::say("the templates are sound")?;
            }
            Command::Preview(arguments) => arguments.run()?,
        }
        Ok(())
    }
}

impl PreviewArguments {
    fn run(&self) -> Result<(), Failure> {
        let folder = folder(self.directory.as_deref(), self.config.as_deref())?;
        let templates = templates::load(folder.as_deref())?;
        if let Some(output) = &self.output {
            return write_all(&templates, output);
        }
        let Preview { subject, text, html, sms } = preview(&templates, self.kind, &self.language)?;
        terminal::say(match self.format {
            Format::Subject => &subject,
            Format::Text => &text,
            Format::Html => &html,
            Format::Sms => &sms,
        })?;
        Ok(())
    }
}

fn folder(directory: Option<&Path>, config: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    match config {
        Some(file) => Ok(Config::load(file)?.templates),
        None => Ok(directory.map(Path::to_owned)),
    }
}

fn preview(templates: &Templates, kind: PreviewKind, language: &str) -> Result<Preview, Failure> {
    templates.preview(kind, language).map_err(|fault| Failure::Fault(fault.to_string()))
}

/// Writes every message, and a page that lists them.
fn write_all(templates: &Templates, output: &Path) -> Result<(), Failure> {
    let mut rows = String::new();
    let mut count = 0;
    for language in templates.languages() {
        let place = output.join(&language);
        fs::create_dir_all(&place).map_err(|error| unwritable(&place, &error))?;
        for kind in PreviewKind::ALL {
            let Preview { subject, text, html, sms } = preview(templates, kind, &language)?;
            let name = kind.name();
            let text = format!("{subject}\n\n{text}");
            for (end, part) in [("html", &html), ("txt", &text), ("sms.txt", &sms)] {
                let file = place.join(format!("{name}.{end}"));
                fs::write(&file, part).map_err(|error| unwritable(&file, &error))?;
                count += 1;
            }
            // Tags of languages and names of kinds need no escape.
            let _ = writeln!(
                rows,
                "<tr><th>{language}<td>{name}<td><a href=\"{language}/{name}.html\">HTML</a>\
                 <td><a href=\"{language}/{name}.txt\">text</a><td><a href=\"{language}/{name}.sms.txt\">SMS</a>"
            );
        }
    }
    let index = output.join("index.html");
    fs::write(&index, format!("{INDEX}{rows}</table>\n")).map_err(|error| unwritable(&index, &error))?;
    terminal::say(&format!("{count} previews written; open {}", index.display()))?;
    Ok(())
}

const INDEX: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Messages</title>\n\
    <style>body { font: 16px system-ui; margin: 2em } th, td { padding: .25em 1em; text-align: left }</style>\n\
    <h1>Messages, with sample values</h1>\n<table>\n";

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Unavailable(format!("{}: cannot be written: {}", path.display(), because(error)))
}
